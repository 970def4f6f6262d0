// Limits that no binding writes.

@group(0) @binding(8) var<storage, read> lower_limits: array<Word>;
@group(0) @binding(7) var<storage, read> upper_limits: array<Word>;

fn lower_word(at: u32) -> Word { return lower_limits[at]; }
fn upper_word(at: u32) -> Word { return upper_limits[at]; }
