// f32 in memory, in kernels of f64.

const BYTES = 4u;

alias Stored = u32;

// To nearest whatever the parameters say, which is of 16 bits.
fn unpacked(stored: Stored) -> Bits { return widened_from(stored, 23u, 255u); }
fn packed(bits: Bits) -> Stored { return narrowed_to(bits, 23u, 255u, 0xffffffffu); }
