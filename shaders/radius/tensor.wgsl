// Radii in memory, one for each slice or one for all. The numbers of a rim are computed from them, each
// within 12u of the radius beside what it is in f64 (plan/margin says what that costs).

const RADII = true;

// Exponents that no norm has.
const NOTHING = -1048576;
const EVERYTHING = 1048576;

// The bits of the radii of the slices of a load.
fn radius_bits(slice: u32) -> Magnitude {
    var bits = Magnitude(0u);
    for (var s = 0u; s < SLICES; s++) {
        var at = params.radii_offset;
        // Whatever the index, it stays within the radii.
        var rest = params.first_radius + slice + s;
        for (var d = params.radii_rank; d > 0u; d--) {
            let axis = params.radii[d - 1u];
            at += rest % axis.size * axis.source_stride;
            rest /= axis.size;
        }
        bits = with_slice(bits, s, radius_word(at));
    }
    return bits;
}

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

// scale · max(|r|, least); what no element could be is zero.
fn radius_of(bits: Magnitude) -> Power {
    let own = magnitude_of_radius(bits);
    let least = spread_power(params.least, params.least_exponent);
    let short = precedes(own, least);
    let mantissa = select(own.mantissa, least.mantissa, short);
    let exponent = select(own.exponent, least.exponent, short);
    let product = normal(
        max(mantissa, Sum(1.0)) * params.scale, exponent + Exponent(params.scale_exponent));
    let zero = (mantissa == Sum(0.0)) | (product.exponent < Exponent(LEAST_EXPONENT))
        | Truth(params.scale == 0.0);
    return Power(
        select(product.mantissa, Sum(0.0), zero), select(product.exponent, Exponent(NOTHING), zero));
}

// slope · c + offset · 2^offset_exponent, zero if that is negative: the numbers of a rim as functions of
// the radius.
fn on_line(c: Power, slope: Number, offset: Number, offset_exponent: i32) -> Power {
    let own = Exponent(offset_exponent);
    let exponent = max(c.exponent, own);
    let part = lowered(c.mantissa * slope, c.exponent - exponent);
    let rest = lowered(Sum(abs(offset)), own - exponent);
    let sum = select(part - rest, part + rest, Truth(offset >= 0.0));
    let none = (sum <= Sum(0.0)) | (c.mantissa == Sum(0.0));
    let number = normal(select(sum, Sum(1.0), none), exponent);
    return Power(
        select(number.mantissa, Sum(0.0), none), select(number.exponent, Exponent(NOTHING), none));
}

fn threshold_of(c: Power) -> Power {
    return on_line(c, params.slope, params.offset, params.offset_exponent);
}

fn goal_of(c: Power) -> Power {
    return on_line(c, params.goal_slope, params.goal_offset, params.goal_offset_exponent);
}

// The power of a norm: a square is mantissa · 4^exponent.
fn power_of_norm(norm: Power) -> Power {
    if DEGREE == 2 {
        return Power(norm.mantissa * norm.mantissa, norm.exponent);
    }
    return norm;
}

fn is_infinite(bits: Magnitude) -> Truth {
    return (bits & Magnitude(MAGNITUDE)) == Magnitude(INFINITY);
}

fn upper_rim(slice: u32) -> Rim {
    let bits = radius_bits(slice);
    let c = radius_of(bits);
    let threshold = power_of_norm(threshold_of(c));
    // Nothing is over a threshold without end; where it is zero, everything is.
    let endless = is_infinite(bits) | Truth(params.scale_exponent >= EVERYTHING);
    return Rim(
        Power(
            select(threshold.mantissa, Sum(1.0), endless),
            select(threshold.exponent, Exponent(EVERYTHING), endless),
        ),
        goal_of(c),
    );
}

// Not NaN, not negative unless it may turn a slice over, and where elements must reach it they can.
fn is_radius(slice: u32) -> Truth {
    let bits = radius_bits(slice);
    let magnitude = bits & Magnitude(MAGNITUDE);
    let negative = (bits > Magnitude(SIGN)) & Truth(params.turns == 0u);
    let infinite = is_infinite(bits);
    let beyond = exceeds(radius_of(bits), spread_power(params.most, params.most_exponent))
        | (infinite & Truth(params.most_exponent < EVERYTHING));
    // Zero times infinity is no number, whichever of the two is which.
    let zero = (magnitude == Magnitude(0u)) & Truth(params.least == 0.0);
    let none = (infinite & Truth(params.scale == 0.0))
        | (zero & Truth(params.scale_exponent >= EVERYTHING));
    return (magnitude <= Magnitude(INFINITY)) & !(negative | beyond | none);
}
