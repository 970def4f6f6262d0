// bf16 in memory, in kernels of f64.

const BYTES = 2u;

fn widened(half: u32) -> Bits { return widened_from(half, 7u, 255u); }
fn narrowed(bits: Bits) -> u32 { return narrowed_to(bits, 7u, 255u, params.nearest); }
