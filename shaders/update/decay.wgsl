// What is reduced and written is g + rate · w, the gradient of a weight that decays.

const DECAYS = true;

fn decayed(g: Bits, w: Bits, rate: f32) -> Bits {
    return bitcast<Bits>(real(g) + rate * real(w));
}

fn candidate(chunk: Chunk, step: u32) -> Bits {
    let g = load(chunk.slot, source_at(chunk, step));
    // Without a rate not even a product with zero: it would make a NaN of an infinity.
    if chunk.rate == 0.0 {
        return g;
    }
    return decayed(g, load(chunk.other_slot, other_at(chunk, step)), chunk.rate);
}

fn candidates(chunk: Chunk, step: u32) -> Four {
    return Four(
        candidate(chunk, step),
        candidate(chunk, step + LANES),
        candidate(chunk, step + 2u * LANES),
        candidate(chunk, step + 3u * LANES),
    );
}
