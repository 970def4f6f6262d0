// Arithmetic on the bits of numbers.

fn real(bits: Bits) -> Real { return bitcast<Real>(bits); }

// The bits of x · 2^shift for shift <= 0 or no overflow; what would be subnormal is a zero with
// the sign of x. The later factor is at most 1, so that the error is under the least normal number.
// NaN and infinity stay: under a norm that was given they meet a factor.
fn shifted(bits: Bits, shift: Integer) -> Bits {
    let field = Integer((bits >> LoadPlace(FIELD_PLACE)) & Bits(FIELDS));
    let moved = bitcast<Bits>(bitcast<Integer>(bits) + (shift << LoadPlace(FIELD_PLACE)));
    let normal = (field > Integer(0)) & (field + shift > Integer(0));
    let finite = select(bits & Bits(SIGN), moved, normal);
    return select(finite, bits, field == Integer(FIELDS));
}

// x · 2^exponent · scale. What would be subnormal after the power goes there by a product, whose
// place in the order of products does not matter, so that devices that keep subnormals do.
fn scaled(bits: Bits, exponent: Integer, scale: Real) -> Bits {
    let field = Integer((bits >> LoadPlace(FIELD_PLACE)) & Bits(FIELDS));
    let low = field + exponent <= Integer(0);
    let x = real(shifted(bits, select(exponent, exponent + Integer(64), low)));
    return bitcast<Bits>(x * select(scale, scale * TWO_TO_MINUS_64, low));
}

const TWO_TO_MINUS_64 = 5.421010862427522e-20;

// What slices are multiplied by as one number each, scale · 2^exponent for scale >= 0, where that is a normal
// number: products by it are those of `scaled`, in fewer instructions.
fn whole_factor(scale: Sum, exponent: Exponent) -> Sum {
    return bitcast<Sum>(bitcast<Exponent>(scale) + (exponent << SlicePlace(FIELD_PLACE)));
}

fn is_whole(scale: Sum, exponent: Exponent) -> Truth {
    let field = bitcast<Exponent>(scale) >> SlicePlace(FIELD_PLACE);
    return (field > Exponent(0)) & (field + exponent > Exponent(0)) & (field + exponent < Exponent(FIELDS));
}
