// The tensor is read, nothing is written.

@group(0) @binding(1) var<storage, read> source: array<Stored>;

const WRITES = false;
const COPIES = false;

fn load(at: u32) -> Bits {
    count_load();
    return unpacked(source[at]);
}

fn store(at: u32, bits: Bits) {}
