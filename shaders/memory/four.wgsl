// Loads of four f32.

fn load_window0(at: u32) -> Bits {
    count_load();
    return unpacked(window0[at]);
}

fn store_window0(at: u32, bits: Bits) {
    count_store();
    window0[at] = packed(bits);
}

// One word at a time: the others are a neighbour's.
fn mend_window0(at: u32, bits: Bits, mask: vec4<bool>) {
    count_store();
    let words = packed(bits);
    if mask.x { window0[at].x = words.x; }
    if mask.y { window0[at].y = words.y; }
    if mask.z { window0[at].z = words.z; }
    if mask.w { window0[at].w = words.w; }
}
