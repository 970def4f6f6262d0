// Radii in memory as rims. Their numbers are computed from them, each within 12u of the radius beside what it
// is in f64 (plan/margin says what that costs).

// max(|r|, least)
fn least_of(bits: Magnitude) -> Power {
    let own = magnitude_of_radius(bits);
    let least = spread_power(params.least, params.least_exponent);
    let short = precedes(own, least);
    return Power(
        select(own.mantissa, least.mantissa, short), select(own.exponent, least.exponent, short));
}

fn radius_of(bits: Magnitude) -> Power {
    return times_scale(least_of(bits), params.scale, params.scale_exponent);
}

fn low_radius_of(bits: Magnitude) -> Power {
    return times_scale(least_of(bits), params.low_scale, params.low_scale_exponent);
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

// Whether nothing is too long.
fn is_endless(bits: Magnitude) -> Truth {
    return is_infinite(bits)
        | Truth(params.scale_exponent >= EVERYTHING || params.offset_exponent >= EVERYTHING);
}

fn upper_rim(slice: u32) -> Rim {
    let bits = radius_bits(slice);
    let c = radius_of(bits);
    let threshold = power_of_norm(threshold_of(c));
    // Nothing is over a threshold without end; where it is zero, everything is.
    let endless = is_endless(bits);
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
    let beyond = exceeds(low_radius_of(bits), spread_power(params.most, params.most_exponent))
        | (infinite & Truth(params.most_exponent < EVERYTHING));
    // Zero times infinity is no number, whichever of the two is which.
    let zero = (magnitude == Magnitude(0u)) & Truth(params.least == 0.0);
    let none = (infinite & Truth(params.scale == 0.0))
        | (zero & Truth(params.scale_exponent >= EVERYTHING));
    return (magnitude <= Magnitude(INFINITY)) & !(negative | beyond | none);
}
