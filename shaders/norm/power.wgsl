// Numbers beyond the range of f32, none of them negative: mantissa · 2^exponent. Of the square of a
// norm it is 4^exponent.

struct Power {
    mantissa: Sum,
    exponent: Exponent,
}

// x · 2^shift for x >= 0 and shift <= 0; what would be subnormal is zero.
fn lowered(x: Sum, shift: Exponent) -> Sum {
    let field = Exponent(bitcast<Magnitude>(x) >> SlicePlace(FIELD_PLACE));
    let moved = bitcast<Sum>(bitcast<Exponent>(x) + (shift << SlicePlace(FIELD_PLACE)));
    return select(Sum(0.0), moved, field + shift > Exponent(0));
}

// x · 2^exponent with the mantissa in [1, 2), for normal x.
fn normal(x: Sum, exponent: Exponent) -> Power {
    let whole = (bitcast<Exponent>(x) >> SlicePlace(FIELD_PLACE)) - Exponent(BIAS);
    let mantissa = bitcast<Exponent>(x) - (whole << SlicePlace(FIELD_PLACE));
    return Power(bitcast<Sum>(mantissa), exponent + whole);
}

// The bits of a number that is zero, or whose mantissa is in [1, 2): toward zero where it is subnormal, and
// the largest finite ones of what is beyond.
fn bits_of_power(x: Power) -> Magnitude {
    let field = x.exponent + Exponent(BIAS);
    let below = SlicePlace(max(Exponent(1) - field, Exponent(0)));
    let bits = bitcast<Magnitude>(x.mantissa);
    let low = ((bits & Magnitude(FRACTION)) | Magnitude(SMALLEST_NORMAL)) >> min(below, SlicePlace(FIELD_PLACE + 1u));
    let whole = bitcast<Magnitude>(bitcast<Exponent>(bits) + (x.exponent << SlicePlace(FIELD_PLACE)));
    let finite = select(whole, Magnitude(LARGEST_FINITE), field >= Exponent(FIELDS));
    return select(
        select(finite, low, field <= Exponent(0)), Magnitude(0u), x.mantissa == Sum(0.0));
}

// The sum of a number and another that is not zero.
fn plus(a: Power, b: Power) -> Power {
    let exponent = max(a.exponent, b.exponent);
    return normal(
        lowered(a.mantissa, a.exponent - exponent) + lowered(b.mantissa, b.exponent - exponent),
        exponent,
    );
}

// One number for every slice of a load.
fn spread_power(mantissa: Number, exponent: i32) -> Power {
    return Power(Sum(mantissa), Exponent(exponent));
}

fn exceeds(a: Power, b: Power) -> Truth {
    return (a.exponent > b.exponent) | ((a.exponent == b.exponent) & (a.mantissa > b.mantissa));
}

fn precedes(a: Power, b: Power) -> Truth {
    return (a.exponent < b.exponent) | ((a.exponent == b.exponent) & (a.mantissa < b.mantissa));
}
