// Radii in a buffer that another binding writes: all of it must then be bound in one way.

@group(0) @binding(8) var<storage, read_write> radii: array<Word>;

fn radius_word(at: u32) -> Word { return radii[at]; }
