// Upper limits where one of the two is in a buffer that another binding writes: all of it must then be bound in one
// way.

@group(0) @binding(7) var<storage, read_write> upper_limits: array<Word>;

fn upper_word(at: u32) -> Word { return upper_limits[at]; }
