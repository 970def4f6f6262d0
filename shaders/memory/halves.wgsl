// Elements of 16 bits one by one.

fn load_window0(at: u32) -> Bits {
    count_load();
    return widened(half_of(atomicLoad(&window0[at / 2u]), at));
}

fn store_window0(at: u32, bits: Bits) {
    count_change();
    let word = atomicLoad(&window0[at / 2u]);
    atomicXor(&window0[at / 2u], change(word, at, narrowed(bits)));
}

fn mend_window0(at: u32, bits: Bits, mask: bool) {
    if mask {
        store_window0(at, bits);
    }
}
