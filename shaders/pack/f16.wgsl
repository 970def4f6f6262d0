// f16 in memory, by integer arithmetic: WGSL leaves open how its own conversions round, and whether
// they keep subnormal numbers. Widening loses nothing, and narrowing what was widened gives its bits
// back, so that what is kept may travel as f32.

const BYTES = 2u;
// The largest element, as the bits of f32.
const LARGEST = 0x477fe000u;

fn widened(half: Bits) -> Bits {
    let magnitude = (half & Bits(0x7fffu)) << Bits(13u);
    let field = half & Bits(0x7c00u);
    // A subnormal as the fraction of 2^-14 plus itself, from which 2^-14 is taken again: exact.
    let low = bitcast<Real>(magnitude + Bits(113u << 23u)) - Real(6.103515625e-5);
    let high = magnitude + select(Bits(112u << 23u), Bits(224u << 23u), field == Bits(0x7c00u));
    let sign = (half & Bits(0x8000u)) << Bits(16u);
    return sign | select(high, bitcast<Bits>(low), field == Bits(0u));
}
