// Radial scaling onto a ball: what is done to a slice, decided from its norm.

struct Rule {
    // Whether the slice is written: scaled, or replaced.
    violates: Truth,
    // What is scaled is multiplied by scale · 2^exponent, the scale at most 1.
    scale: Sum,
    exponent: Exponent,
    fill: Fill,
    // Whether all that violates is multiplied by one normal number for each slice.
    plain: bool,
    factor: Sum,
}

fn rule_for(total: Accumulator, slice: u32) -> Rule {
    let power = finish(total);
    let rim = upper_rim(slice);
    let over = exceeds(power, rim.threshold);
    // Where nothing but zeros is inside, so are no subnormal elements, whose powers vanish.
    let nonzero = (power_of(total) > Sum(0.0))
        | ((total.largest > Magnitude(0u)) & (rim.threshold.mantissa == Sum(0.0)));
    let finite = total.largest <= Magnitude(LARGEST_FINITE);
    let inverse = inverse_norm(power);
    let scale = rim.goal.mantissa * inverse.mantissa;
    let exponent = rim.goal.exponent - inverse.exponent;
    let large = scale > Sum(1.0);
    let halved = select(exponent, exponent + 1, large);
    // A factor above 1 is an error of rounding, and would take the largest numbers beyond f32.
    let whole = halved > Exponent(0);
    let zero = rim.goal.mantissa == Sum(0.0);
    let valid = is_radius(slice);
    let fill = fill_for(total.largest, valid);
    let violates = (over & nonzero & finite & valid) | fill.replaced;
    let mantissa = select(select(scale, scale * 0.5, large), Sum(1.0), whole & !zero);
    let places = select(halved, Exponent(0), zero | whole);
    let odd = violates & (fill.replaced | !is_whole(mantissa, places));
    let factor = whole_factor(mantissa, places);
    return Rule(violates, mantissa, places, fill, !any_slice(odd), factor);
}

// What a slice is multiplied by.
fn factor_of(rule: Rule) -> Power { return Power(rule.scale, rule.exponent); }

// 1 / (n + ε) as mantissa · 2^-exponent, n the root of a power.
fn inverse_norm(power: Power) -> Power {
    if params.epsilon == 0.0 {
        return Power(inverse_root(power.mantissa), power.exponent);
    }
    let epsilon = Power(Sum(params.epsilon), Exponent(params.epsilon_exponent));
    let divisor = plus(epsilon, Power(root(power.mantissa), power.exponent));
    return Power(Sum(1.0) / divisor.mantissa, divisor.exponent);
}

fn is_plain(rule: Rule) -> bool { return rule.plain; }

fn plainly(bits: Bits, step: u32, rule: Rule) -> Bits {
    let product = bitcast<Bits>(real(bits) * spread_sum(rule.factor));
    return select(bits, product, spread_truth(rule.violates));
}

fn project(bits: Bits, step: u32, rule: Rule) -> Bits {
    let product = scaled(bits, spread_exponent(rule.exponent), spread_sum(rule.scale));
    return filled(bits, select(bits, product, spread_truth(rule.violates)), rule.fill);
}
