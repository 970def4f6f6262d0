// As along/same_buffer, element by element. Its first and last words may hold elements that are written.

@group(0) @binding(9) var<storage, read_write> direction: array<atomic<u32>>;

fn load_direction(at: u32) -> Bits {
    count_load();
    return widened(half_of(atomicLoad(&direction[at / 2u]), at));
}
