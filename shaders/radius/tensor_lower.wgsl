// Radii in memory: the rim of slices that are too short, and what else a norm that is reached needs.

fn low_threshold_of(c: Power) -> Power {
    return on_line(c, params.low_slope, params.low_offset, params.low_offset_exponent);
}

fn low_goal_of(c: Power) -> Power {
    return on_line(c, params.low_goal_slope, params.low_goal_offset, params.low_goal_offset_exponent);
}

fn lower_rim(slice: u32) -> Rim {
    let c = low_radius_of(radius_bits(slice));
    return Rim(power_of_norm(low_threshold_of(c)), low_goal_of(c));
}

// A negative radius turns its slice over.
fn is_turned(slice: u32) -> Truth {
    let bits = radius_bits(slice);
    let nothing = radius_of(bits).mantissa == Sum(0.0);
    return (bits > Magnitude(SIGN)) & Truth(params.turns != 0u) & !nothing;
}

// The radius as an element, negative where it turns its slice over; zero if a slice of zeros stays.
fn basis_at(slice: u32) -> Magnitude {
    let c = low_radius_of(radius_bits(slice));
    let low = low_threshold_of(c);
    let asked = Truth(params.basis != Word(0u)) & (low.mantissa > Sum(0.0));
    // Not the sign of the bits: minus zero turns nothing over, and may be lifted to the least radius.
    let sign = select(Magnitude(0u), Magnitude(SIGN), is_turned(slice));
    return select(Magnitude(0u), bits_of_power(c) | sign, asked);
}
