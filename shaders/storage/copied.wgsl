// As storage/in_place, of weights whose copy is written along.

@group(0) @binding(1) var<storage, read_write> source: array<Stored>;

const WRITES = true;
const COPIES = false;

fn load(at: u32) -> Bits {
    count_load();
    return unpacked(source[at]);
}

fn store(at: u32, bits: Bits) {
    count_store();
    source[at] = packed(bits);
    store_copy(at, bits);
}
