// Elements of 16 bits are read one by one.

fn load_window0(at: u32) -> Bits {
    count_load();
    return widened(half_of(window0[at / 2u], at));
}
