// A sum of elements that is bounded or fixed: all shrink by one distance, down to zero. The distance
// is kept as what remains of the greatest height: reach + rest, the second small beside the first.
// Of a height that is less by d there remains max(reach - d + rest, 0). What is summed is what is
// stored, so that a sum that is near enough is that of the result.

struct Rule {
    // Whether the slice is written: shrunk, replaced, or made a basis vector.
    violates: Truth,
    shrinks: Truth,
    // The greatest height, and what remains of it.
    top: Sum,
    reach: Sum,
    rest: Sum,
    // The sum that is to remain is aim · 2^unit.
    aim: Sum,
    unit: Exponent,
    // Whether what remains is still sought.
    seeking: Truth,
    based: Truth,
    basis: Magnitude,
    fill: Fill,
}

fn rule_for(total: Accumulator, slice: u32) -> Rule {
    let power = finish(total);
    let largest = magnitude_of(total);
    let upper = upper_rim(slice);
    let over = exceeds(power, upper.threshold);
    let under = precedes(power, lower_rim(slice).threshold);
    let takes_signs = params.signs != Word(0u);
    let negative = (total.largest >= Magnitude(SIGN)) & Truth(!takes_signs);
    let zero = largest == Magnitude(0u);
    // Zeros have no direction in which they could grow, unless signs do not count. Where nothing but
    // zeros is inside, so are no subnormal elements, which a sum may lack.
    let everything = upper.threshold.mantissa == Sum(0.0);
    let movable = select(
        (total.sum > Sum(0.0)) | (everything & !zero), !zero | !everything, Truth(!takes_signs));
    let finite = largest <= Magnitude(LARGEST_FINITE);
    let valid = is_radius(slice);
    let shrinks = (over | under | negative) & movable & finite & valid;
    let basis = basis_at(slice);
    let based = zero & (basis != Magnitude(0u)) & valid;
    let fill = fill_for(largest, valid);
    let top = bitcast<Sum>(bits_of(total.greatest));
    let c = bitcast<Sum>(bits_of_power(upper.goal));
    // If every element remains, each gets its part of what is to be added or taken away.
    let share = normal(power.mantissa / params.length, power.exponent);
    let mean = lowered(share.mantissa, share.exponent);
    let even = max(top + (c / params.length - mean), c * LEAST);
    let own = select(min(even, min(top, c)), even, under);
    let nothing = upper.goal.mantissa == Sum(0.0);
    return Rule(
        shrinks | based | fill.replaced,
        shrinks,
        top,
        select(c, own, Truth(takes_signs)),
        Sum(0.0),
        upper.goal.mantissa,
        select(upper.goal.exponent, Exponent(0), nothing),
        shrinks,
        based,
        basis,
        fill,
    );
}

fn factor_of(rule: Rule) -> Power { return spread_power(1.0, 0); }

// What remains of the heights of elements.
fn remaining(bits: Bits, rule: Rule) -> Real {
    let below = spread_sum(rule.top) - real(height(bits));
    return max((spread_sum(rule.reach) - below) + spread_sum(rule.rest), Real(0.0));
}

fn project(bits: Bits, step: u32, rule: Rule) -> Bits {
    let rest = bitcast<Bits>(remaining(bits, rule)) & Bits(MAGNITUDE);
    // A zero that grows is positive.
    let grown = (bits == Bits(SIGN)) & (rest != Bits(0u));
    let sign = select(bits & Bits(params.signs), Bits(0u), grown);
    let kept = select(bits, rest | sign, spread_truth(rule.shrinks));
    return filled(bits, with_basis(kept, step, rule.based, rule.basis), rule.fill);
}
