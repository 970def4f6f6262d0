// Limits of which one is in a buffer that another binding writes: all of it must then be bound in one way.

@group(0) @binding(8) var<storage, read_write> lower_limits: array<Word>;
@group(0) @binding(7) var<storage, read_write> upper_limits: array<Word>;

fn lower_word(at: u32) -> Word { return lower_limits[at]; }
fn upper_word(at: u32) -> Word { return upper_limits[at]; }
