// A box around zero, as large as the radius says: magnitudes are compared as bits, and bounded exactly.

struct Rule {
    // Whether the slice is written: bounded, or replaced.
    violates: Truth,
    bound: Magnitude,
    fill: Fill,
}

fn rule_for(total: Accumulator, slice: u32) -> Rule {
    let bound = bound_at(slice);
    let valid = is_radius(slice);
    let fill = fill_for(total.largest, valid);
    let outside = (total.largest > bound) & (total.largest <= Magnitude(LARGEST_FINITE)) & valid;
    return Rule(outside | fill.replaced, bound, fill);
}

fn factor_of(rule: Rule) -> Power { return spread_power(1.0, 0); }

fn project(bits: Bits, step: u32, rule: Rule) -> Bits {
    let magnitude = min(bits & Bits(MAGNITUDE), spread_magnitude(rule.bound));
    let bounded = magnitude | (bits & Bits(SIGN));
    return filled(bits, select(bits, bounded, spread_truth(rule.violates)), rule.fill);
}
