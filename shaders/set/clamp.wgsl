// A box: elements move to the nearer bound.

struct Rule {
    // Whether the slice is written: clamped, or replaced.
    violates: Truth,
    fill: Fill,
}

fn rule_for(total: Accumulator, slice: u32) -> Rule {
    // An infinity is a number here, above every finite bound.
    let number = total.largest == Magnitude(INFINITY);
    let largest = select(total.largest, Magnitude(0u), number);
    let fill = fill_for(largest, Truth(true));
    let outside = (total.sum > Sum(0.0)) & (largest <= Magnitude(LARGEST_FINITE));
    return Rule(outside | fill.replaced, fill);
}

fn factor_of(rule: Rule) -> Power { return spread_power(1.0, 0); }

fn project(bits: Bits, step: u32, rule: Rule) -> Bits {
    return filled(bits, select(bits, bounded(bits), spread_truth(rule.violates)), rule.fill);
}
