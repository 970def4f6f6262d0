// Loads of four elements of 16 bits, where runs may begin or end amid a word.

fn load_window0(at: u32) -> Bits {
    count_load();
    let words = Stored(atomicLoad(&window0[2u * at]), atomicLoad(&window0[2u * at + 1u]));
    return unpacked(words);
}

fn store_window0(at: u32, bits: Bits) {
    count_store();
    let words = packed(bits);
    atomicStore(&window0[2u * at], words.x);
    atomicStore(&window0[2u * at + 1u], words.y);
}

// One element at a time: the others are a neighbour's.
fn mend_window0(at: u32, bits: Bits, mask: vec4<bool>) {
    let halves = narrowed(bits);
    for (var i = 0u; i < 4u; i++) {
        if mask[i] {
            count_change();
            let word = 2u * at + i / 2u;
            atomicXor(&window0[word], change(atomicLoad(&window0[word]), i, halves[i]));
        }
    }
}
