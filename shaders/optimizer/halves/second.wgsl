// As optimizer/second, element by element.

@group(0) @binding(14) var<storage, read_write> second_moment: array<atomic<u32>>;

fn load_second(at: u32) -> Bits {
    count_load();
    let place = at + params.second_shift;
    return widened(half_of(atomicLoad(&second_moment[place / 2u]), place));
}

fn store_second(at: u32, bits: Bits) {
    count_change();
    let place = at + params.second_shift;
    let word = atomicLoad(&second_moment[place / 2u]);
    atomicXor(&second_moment[place / 2u], change(word, place, narrowed(bits)));
}
