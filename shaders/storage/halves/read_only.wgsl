// As storage/read_only, element by element.

@group(0) @binding(1) var<storage, read> source: array<u32>;

const WRITES = false;
const COPIES = false;

fn load(at: u32) -> Bits {
    count_load();
    return widened(half_of(source[at / 2u], at));
}

fn store(at: u32, bits: Bits) {}
