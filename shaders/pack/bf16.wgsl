// bf16 in memory: the upper half of an f32.

const BYTES = 2u;
// The largest element, as the bits of f32.
const LARGEST = 0x7f7f0000u;

fn widened(half: Bits) -> Bits { return half << Bits(16u); }
