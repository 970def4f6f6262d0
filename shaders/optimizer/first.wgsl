// The first moment, with the strides of the weights; a place is that of a weight.

@group(0) @binding(13) var<storage, read_write> first_moment: array<Stored>;

fn load_first(at: u32) -> Bits {
    count_load();
    return unpacked(first_moment[at + params.first_shift]);
}

fn store_first(at: u32, bits: Bits) {
    count_store();
    first_moment[at + params.first_shift] = packed(bits);
}
