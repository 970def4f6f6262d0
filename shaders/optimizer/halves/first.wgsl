// As optimizer/first, element by element.

@group(0) @binding(13) var<storage, read_write> first_moment: array<atomic<u32>>;

fn load_first(at: u32) -> Bits {
    count_load();
    let place = at + params.first_shift;
    return widened(half_of(atomicLoad(&first_moment[place / 2u]), place));
}

fn store_first(at: u32, bits: Bits) {
    count_change();
    let place = at + params.first_shift;
    let word = atomicLoad(&first_moment[place / 2u]);
    atomicXor(&first_moment[place / 2u], change(word, place, narrowed(bits)));
}
