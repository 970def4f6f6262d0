// Arithmetic in f32 on the bits of numbers.

const MAGNITUDE = 0x7fffffffu;
const LARGEST_FINITE = 0x7f7fffffu;

fn real(bits: Bits) -> Real { return bitcast<Real>(bits); }

// The bits of x · 2^shift for shift <= 0 or no overflow; what would be subnormal is a zero with
// the sign of x. The later factor is at most 1, so that the error is under 2^-126. NaN and infinity
// stay: under a norm that was given they meet a factor.
fn shifted(bits: Bits, shift: Integer) -> Bits {
    let field = Integer((bits >> Bits(23u)) & Bits(255u));
    let moved = bitcast<Bits>(bitcast<Integer>(bits) + (shift << Bits(23u)));
    let normal = (field > Integer(0)) & (field + shift > Integer(0));
    let finite = select(bits & Bits(0x80000000u), moved, normal);
    return select(finite, bits, field == Integer(255));
}

// x · 2^exponent · scale. What would be subnormal after the power goes there by a product, whose
// place in the order of products does not matter, so that devices that keep subnormals do.
fn scaled(bits: Bits, exponent: Integer, scale: Real) -> Bits {
    let field = Integer((bits >> Bits(23u)) & Bits(255u));
    let low = field + exponent <= Integer(0);
    let x = real(shifted(bits, select(exponent, exponent + Integer(64), low)));
    return bitcast<Bits>(x * select(scale, scale * TWO_TO_MINUS_64, low));
}

const TWO_TO_MINUS_64 = 5.421010862427522e-20;
