// What is reduced and written is g + rate · w, the gradient of a weight that decays.

const DECAYS = true;

fn candidate(chunk: Chunk, step: u32, g: Bits) -> Bits {
    // Without a rate not even a product with zero: it would make a NaN of an infinity.
    if chunk.rate == 0.0 {
        return g;
    }
    let w = load(chunk.other_slot, other_at(chunk, step));
    return bitcast<Bits>(real(g) + chunk.rate * real(w));
}
