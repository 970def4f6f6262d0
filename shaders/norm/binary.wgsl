// Sums of whole powers (DEGREE) of elements. Powers of two are applied to the exponent bits, never
// multiplied: a compiler may reassociate products, and 2^-126 · 2^-126 is zero.

// 0 where plain terms are safe: the exponent field of the largest element is in [LOWEST, HIGHEST).
// Elsewhere, the exponent of the largest element.
fn safe_exponent(largest: Magnitude) -> Exponent {
    let field = Exponent(largest >> SlicePlace(FIELD_PLACE));
    let safe = (field >= Exponent(LOWEST)) & (field < Exponent(HIGHEST));
    let exponent = clamp(field - Exponent(BIAS), Exponent(1 - BIAS), Exponent(BIAS));
    return select(exponent, Exponent(0), safe | (largest == Magnitude(0u)));
}

// x · (2^DEGREE)^power for x >= 0 and power <= 0; what would be subnormal is zero.
fn scaled_down(x: Sum, power: Exponent) -> Sum { return lowered(x, power * DEGREE); }

// The power of the norm as mantissa · (2^DEGREE)^exponent, the mantissa in [1, 2^DEGREE).
fn finish(total: Accumulator) -> Power {
    let bits = bitcast<Exponent>(power_of(total));
    let whole = ((bits >> SlicePlace(FIELD_PLACE)) - Exponent(BIAS)) >> SlicePlace(u32(DEGREE - 1));
    let mantissa = bitcast<Sum>(bits - (whole << SlicePlace(FIELD_PLACE + u32(DEGREE - 1))));
    return Power(mantissa, whole + total.exponent);
}
