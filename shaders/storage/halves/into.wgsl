// As storage/into, element by element.

@group(0) @binding(1) var<storage, read> source: array<u32>;
@group(0) @binding(2) var<storage, read_write> result: array<atomic<u32>>;

const WRITES = true;
const COPIES = true;

fn load(at: u32) -> Bits {
    count_load();
    return widened(half_of(source[at / 2u], at));
}

fn store(at: u32, bits: Bits) {
    count_change();
    let word = atomicLoad(&result[at / 2u]);
    atomicXor(&result[at / 2u], change(word, at, narrowed(bits)));
}
