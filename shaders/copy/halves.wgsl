// As copy/words, element by element: a neighbour may share the word.

@group(0) @binding(16) var<storage, read_write> duplicate: array<atomic<u32>>;

fn store_copy(at: u32, bits: Bits) {
    count_change();
    let place = at + params.copy_shift;
    let word = atomicLoad(&duplicate[place / 2u]);
    atomicXor(&duplicate[place / 2u], change(word, place, narrowed(bits)));
}
