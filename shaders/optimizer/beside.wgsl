// The gradient is in a buffer that is only read, with the strides of the weights; a place is that of a weight.

@group(0) @binding(12) var<storage, read> gradient: array<Stored>;

fn load_gradient(at: u32) -> Bits {
    count_load();
    return unpacked(gradient[at + params.gradient_shift]);
}

// The bits as they are after they were in memory.
fn settled(bits: Bits) -> Bits { return unpacked(packed(bits)); }
