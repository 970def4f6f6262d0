// The radial projection onto a ball: what is done to a slice, decided from its norm.

struct Rule {
    violates: Truth,
    // What violates is multiplied by scale · 2^exponent, the scale in (0.5, 1].
    scale: Sum,
    exponent: Exponent,
}

fn rule_for(total: Accumulator) -> Rule {
    let square = finish(total);
    let above = Exponent(params.threshold_exponent);
    let over = (square.exponent > above)
        | ((square.exponent == above) & (square.mantissa > Sum(params.threshold)));
    // A radius of zero zeroes subnormal elements too, whose squares vanish.
    let nonzero = (total.sum > Sum(0.0)) | ((total.largest > Magnitude(0u)) & Truth(params.radius == 0.0));
    let finite = total.largest <= Magnitude(LARGEST_FINITE);
    let scale = Sum(params.radius) * inverseSqrt(square.mantissa);
    let exponent = Exponent(params.radius_exponent) - square.exponent;
    let large = scale > Sum(1.0);
    return Rule(
        over & nonzero & finite,
        select(scale, scale * 0.5, large),
        select(select(exponent, exponent + 1, large), Exponent(0), Truth(params.radius == 0.0)),
    );
}

fn project(bits: Bits, rule: Rule) -> Bits {
    let x = real(shifted(bits, spread_exponent(rule.exponent)));
    let scaled = bitcast<Bits>(x * spread_sum(rule.scale));
    return select(bits, scaled, spread_truth(rule.violates));
}
