// Radial scaling between two norms, or onto one: what is done to a slice, decided from its norm.

struct Rule {
    // Whether the slice is written: scaled, replaced, or made a basis vector.
    violates: Truth,
    // What is scaled is multiplied by scale · 2^exponent, the scale above 1: powers of two alone
    // never take an element beyond its result.
    scaled: Truth,
    scale: Sum,
    exponent: Exponent,
    based: Truth,
    basis: Magnitude,
    fill: Fill,
    // Whether all that violates is multiplied by one normal number for each slice.
    plain: bool,
    factor: Sum,
}

fn rule_for(total: Accumulator, slice: u32) -> Rule {
    let power = finish(total);
    let upper = upper_rim(slice);
    let lower = lower_rim(slice);
    let over = exceeds(power, upper.threshold);
    let under = precedes(power, lower.threshold);
    // Subnormal elements, whose powers vanish, are zeros where all is multiplied, and outside where
    // nothing but zeros is inside.
    let vanishes = (upper.threshold.mantissa == Sum(0.0)) | Truth(params.always != 0u);
    let nonzero =
        (power_of(total) > Sum(0.0)) | ((total.largest > Magnitude(0u)) & vanishes);
    let finite = total.largest <= Magnitude(LARGEST_FINITE);
    let own = Power(root(power.mantissa), power.exponent);
    let turned = is_turned(slice);
    let outside = over | under | turned;
    let goal = numerator(own, upper.goal, lower.goal, over, outside);
    let inverse = inverse_divisor(power, own);
    let scale = goal.mantissa * inverse.mantissa;
    let none = scale == Sum(0.0);
    let valid = is_radius(slice);
    let fill = fill_for(total.largest, valid);
    let moved = (outside | Truth(params.always != 0u)) & nonzero & finite & valid;
    let basis = basis_at(slice);
    let based = (total.largest == Magnitude(0u)) & (basis != Magnitude(0u)) & valid;
    let mantissa = scale * 4.0;
    let places = select(goal.exponent - inverse.exponent - Exponent(2), Exponent(0), none);
    let odd = based | fill.replaced | (moved & !is_whole(mantissa, places));
    let factor = whole_factor(mantissa, places);
    return Rule(
        moved | based | fill.replaced,
        moved,
        select(mantissa, -mantissa, turned),
        places,
        based,
        basis,
        fill,
        !any_slice(odd),
        select(factor, -factor, turned),
    );
}

// What a slice is multiplied by, without a sign.
fn factor_of(rule: Rule) -> Power { return Power(abs(rule.scale), rule.exponent); }

// The norm that a slice goes to; its own if it is inside.
fn numerator(own: Power, upper: Power, lower: Power, over: Truth, outside: Truth) -> Power {
    let mantissa = select(lower.mantissa, upper.mantissa, over);
    let exponent = select(lower.exponent, upper.exponent, over);
    var goal = Power(mantissa, exponent);
    if params.rest != 0.0 {
        let kept = Power(own.mantissa * params.rest, own.exponent + Exponent(params.rest_exponent));
        goal = plus(kept, goal);
    }
    return Power(
        select(own.mantissa, goal.mantissa, outside), select(own.exponent, goal.exponent, outside));
}

// 1 / max(n + ε, floor) as mantissa · 2^-exponent.
fn inverse_divisor(power: Power, own: Power) -> Power {
    if params.epsilon == 0.0 && params.floor == 0.0 {
        return Power(inverse_root(power.mantissa), power.exponent);
    }
    let divisor = plus(own, Power(Sum(params.epsilon), Exponent(params.epsilon_exponent)));
    let more = exceeds(divisor, spread_power(params.floor, params.floor_exponent));
    return Power(
        Sum(1.0) / select(Sum(params.floor), divisor.mantissa, more),
        select(Exponent(params.floor_exponent), divisor.exponent, more),
    );
}

fn is_plain(rule: Rule) -> bool { return rule.plain; }

fn plainly(bits: Bits, step: u32, rule: Rule) -> Bits {
    let product = bitcast<Bits>(real(bits) * spread_sum(rule.factor));
    return select(bits, at_most_finite(product), spread_truth(rule.scaled));
}

fn project(bits: Bits, step: u32, rule: Rule) -> Bits {
    let product = scaled(bits, spread_exponent(rule.exponent), spread_sum(rule.scale));
    let kept = select(bits, at_most_finite(product), spread_truth(rule.scaled));
    return filled(bits, with_basis(kept, step, rule.based, rule.basis), rule.fill);
}

// A norm of the largest number may be rounded beyond it.
fn at_most_finite(bits: Bits) -> Bits {
    return (bits & ~Bits(MAGNITUDE)) | min(bits & Bits(MAGNITUDE), Bits(LARGEST_FINITE));
}
