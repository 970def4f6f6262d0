// Offsets of planes in memory: what the parameters say times r, of either sign.

// The exponent of products that are beyond f64, and as on the host infinite.
const BEYOND = 1024;

fn offset_of(slice: u32) -> Offset {
    let bits = radius_bits(slice);
    let product = times_scale(
        magnitude_of_radius(bits), abs(params.radius), params.radius_exponent);
    let infinite = is_infinite(bits) |
        ((product.exponent >= Exponent(BEYOND)) & (product.mantissa != Sum(0.0)));
    let exponent = select(product.exponent, Exponent(EVERYTHING), infinite);
    let negative = ((bits & Magnitude(SIGN)) != Magnitude(0u)) != Truth(params.radius < 0.0);
    return Offset(Power(product.mantissa, exponent), negative);
}

// Not NaN, which zero times infinity is; and infinite only where everything is below it.
fn is_radius(slice: u32) -> Truth {
    let bits = radius_bits(slice);
    let offset = offset_of(slice);
    let infinite = (offset.power.exponent >= Exponent(EVERYTHING)) |
        Truth(params.radius_exponent >= EVERYTHING);
    let zero = offset.power.mantissa == Sum(0.0);
    let endless = Truth(params.plane == HALF_SPACE) & !offset.negative & !zero;
    return ((bits & Magnitude(MAGNITUDE)) <= Magnitude(INFINITY)) & (!infinite | endless);
}
