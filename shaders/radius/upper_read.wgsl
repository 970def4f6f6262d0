// Upper limits that no binding writes.

@group(0) @binding(7) var<storage, read> upper_limits: array<Word>;

fn upper_word(at: u32) -> Word { return upper_limits[at]; }
