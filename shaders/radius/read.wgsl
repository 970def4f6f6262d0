// Radii that no binding writes.

@group(0) @binding(8) var<storage, read> radii: array<Word>;

fn radius_word(at: u32) -> Word { return radii[at]; }
