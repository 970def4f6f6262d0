// The second moment, with the strides of the weights; a place is that of a weight.

@group(0) @binding(14) var<storage, read_write> second_moment: array<Stored>;

fn load_second(at: u32) -> Bits {
    count_load();
    return unpacked(second_moment[at + params.second_shift]);
}

fn store_second(at: u32, bits: Bits) {
    count_store();
    second_moment[at + params.second_shift] = packed(bits);
}
