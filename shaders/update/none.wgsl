// What is reduced and written is the element itself.

const DECAYS = false;

fn candidate(chunk: Chunk, step: u32) -> Bits {
    return load(chunk.slot, source_at(chunk, step));
}

fn candidates(chunk: Chunk, step: u32) -> Four {
    return load_four(
        chunk.slot,
        source_at(chunk, step),
        source_at(chunk, step + LANES),
        source_at(chunk, step + 2u * LANES),
        source_at(chunk, step + 3u * LANES),
    );
}
