// What is reduced and written is the element itself.

const DECAYS = false;

fn candidate(chunk: Chunk, step: u32, g: Bits) -> Bits { return g; }
