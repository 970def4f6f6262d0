// Radii that no binding writes.

@group(0) @binding(8) var<storage, read> radii: array<u32>;

fn radius_word(at: u32) -> u32 { return radii[at]; }
