// As update/decay, in kernels of f64 of elements that are less: the sum is an f32, as in kernels of f32.

const DECAYS = true;

fn candidate(chunk: Chunk, step: u32, g: Bits) -> Bits {
    if chunk.rate == 0.0 {
        return g;
    }
    let w = load(chunk.other_slot, other_at(chunk, step));
    let sum = bitcast<Bits>(real(g) + chunk.rate * real(w));
    return widened_from(narrowed_to(sum, 23u, 255u, 0xffffffffu), 23u, 255u);
}
