// As storage/in_place, element by element.

@group(0) @binding(1) var<storage, read_write> source: array<atomic<u32>>;

const WRITES = true;
const COPIES = false;

fn load(at: u32) -> Bits {
    count_load();
    return widened(half_of(atomicLoad(&source[at / 2u]), at));
}

fn store(at: u32, bits: Bits) {
    count_change();
    let word = atomicLoad(&source[at / 2u]);
    atomicXor(&source[at / 2u], change(word, at, narrowed(bits)));
}
