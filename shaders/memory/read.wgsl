// Whole loads are read.

fn load_window0(at: u32) -> Bits {
    count_load();
    return unpacked(window0[at]);
}
