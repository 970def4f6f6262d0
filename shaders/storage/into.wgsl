// Results go to another buffer; what is kept is copied.

@group(0) @binding(1) var<storage, read> source: array<Stored>;
@group(0) @binding(2) var<storage, read_write> result: array<Stored>;

const WRITES = true;
const COPIES = true;

fn load(at: u32) -> Bits {
    count_load();
    return unpacked(source[at]);
}

fn store(at: u32, bits: Bits) {
    count_store();
    result[at] = packed(bits);
}
