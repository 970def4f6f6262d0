// Radii in memory, one for each slice or one for all.

const RADII = true;

// Exponents that no norm has.
const NOTHING = -1048576;
const EVERYTHING = 1048576;

// |r| as a number; of NaN and infinity it means nothing.
fn magnitude_of_radius(bits: Magnitude) -> Power {
    let magnitude = bits & Magnitude(MAGNITUDE);
    let field = Exponent(magnitude >> SlicePlace(FIELD_PLACE));
    let fraction = bitcast<Sum>((magnitude & Magnitude(FRACTION)) | Magnitude(ONE));
    // An integer is exact where a device takes subnormal numbers for zero.
    let whole = Sum(max(magnitude & Magnitude(FRACTION), Magnitude(1u)));
    let low = normal(whole, Exponent(LEAST_EXPONENT));
    let subnormal = field == Exponent(0);
    let zero = magnitude == Magnitude(0u);
    return Power(
        select(select(fraction, low.mantissa, subnormal), Sum(0.0), zero),
        select(select(field - Exponent(BIAS), low.exponent, subnormal), Exponent(NOTHING), zero),
    );
}

fn is_infinite(bits: Magnitude) -> Truth {
    return (bits & Magnitude(MAGNITUDE)) == Magnitude(INFINITY);
}

// scale · x, the scale in [1, 2) or zero; what no element could be is zero.
fn times_scale(x: Power, scale: Number, exponent: i32) -> Power {
    let product = normal(max(x.mantissa, Sum(1.0)) * scale, x.exponent + Exponent(exponent));
    let zero = (x.mantissa == Sum(0.0)) | (product.exponent < Exponent(LEAST_EXPONENT))
        | Truth(scale == 0.0);
    return Power(
        select(product.mantissa, Sum(0.0), zero), select(product.exponent, Exponent(NOTHING), zero));
}
