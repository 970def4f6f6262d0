// Loads of one f32.

fn load_window0(at: u32) -> Bits {
    count_load();
    return unpacked(window0[at]);
}

fn store_window0(at: u32, bits: Bits) {
    count_store();
    window0[at] = packed(bits);
}

fn mend_window0(at: u32, bits: Bits, mask: bool) {
    if mask {
        store_window0(at, bits);
    }
}
