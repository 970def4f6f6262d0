// A box whose bounds are in memory. Every slice is one element, whose bits its accumulator has (but for
// the sign of zero), so that the rule says what it becomes.

struct Rule {
    // Whether the element is written: moved to a bound, or replaced.
    violates: Truth,
    moved: Truth,
    bound: Magnitude,
    fill: Fill,
}

fn rule_for(total: Accumulator, slice: u32) -> Rule {
    let magnitude = magnitude_of(total);
    let valid = is_radius(slice);
    // An infinity is clamped as any number.
    let fill = fill_for(select(magnitude, Magnitude(0u), magnitude == Magnitude(INFINITY)), valid);
    let low = lower_limit(slice);
    let high = upper_limit(slice);
    // Not its greatest height: loads past the end of a slice are zeros, above what is negative.
    let at = key_of(total.largest);
    let below = at < low.at;
    let moved = (below | (at > high.at)) & (magnitude <= Magnitude(INFINITY)) & valid;
    return Rule(moved | fill.replaced, moved, select(high.bits, low.bits, below), fill);
}

fn factor_of(rule: Rule) -> Power { return spread_power(1.0, 0); }

fn project(bits: Bits, step: u32, rule: Rule) -> Bits {
    let kept = select(bits, spread_magnitude(rule.bound), spread_truth(rule.moved));
    return filled(bits, kept, rule.fill);
}
