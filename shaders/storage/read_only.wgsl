// The tensor is read, nothing is written.

@group(0) @binding(1) var<storage, read> source: array<Bits>;

const WRITES = false;
const COPIES = false;

fn load(at: u32) -> Bits {
    count_load();
    return source[at];
}

fn store(at: u32, bits: Bits) {}
