// Radial scaling onto a ball: what is done to a slice, decided from its norm.

struct Rule {
    // Whether the slice is written: scaled, or replaced.
    violates: Truth,
    // What is scaled is multiplied by scale · 2^exponent, the scale at most 1.
    scale: Sum,
    exponent: Exponent,
    // What holds NaN or infinity is replaced, if the policy says so: infinite elements and NaN by
    // one value, all others by another.
    replaced: Truth,
    infinite_fill: Magnitude,
    finite_fill: Magnitude,
}

// The policies: leave, zero, propagate, poison.
const ZERO = 1u;
const PROPAGATE = 2u;
const POISON = 3u;
const INFINITY = 0x7f800000u;
const NAN = 0x7fc00000u;

fn rule_for(total: Accumulator) -> Rule {
    let power = finish(total);
    let above = Exponent(params.threshold_exponent);
    let over = (power.exponent > above)
        | ((power.exponent == above) & (power.mantissa > Sum(params.threshold)));
    // Where nothing but zeros is inside, so are no subnormal elements, whose powers vanish.
    let nonzero = (power_of(total) > Sum(0.0))
        | ((total.largest > Magnitude(0u)) & Truth(params.threshold == 0.0));
    let finite = total.largest <= Magnitude(LARGEST_FINITE);
    let inverse = inverse_norm(power);
    let scale = Sum(params.radius) * inverse.mantissa;
    let exponent = Exponent(params.radius_exponent) - inverse.exponent;
    let large = scale > Sum(1.0);
    let halved = select(exponent, exponent + 1, large);
    // A factor above 1 is an error of rounding, and would take the largest numbers beyond f32.
    let whole = halved > Exponent(0);
    let none = Truth(params.radius == 0.0) | whole;
    let policy = params.on_non_finite;
    let nan = total.largest > Magnitude(INFINITY);
    let poisoned = Truth(policy == POISON) | (Truth(policy == PROPAGATE) & nan);
    let replaced = Truth(policy >= ZERO) & (total.largest >= Magnitude(INFINITY));
    return Rule(
        (over & nonzero & finite) | replaced,
        select(select(scale, scale * 0.5, large), Sum(1.0), whole & Truth(params.radius != 0.0)),
        select(halved, Exponent(0), none),
        replaced,
        Magnitude(select(0u, NAN, policy >= PROPAGATE)),
        select(Magnitude(0u), Magnitude(NAN), poisoned),
    );
}

// 1 / (n + ε) as mantissa · 2^-exponent, n the root of a power.
fn inverse_norm(power: Power) -> Power {
    if params.epsilon == 0.0 {
        return Power(inverse_root(power.mantissa), power.exponent);
    }
    let apart = Exponent(params.epsilon_exponent) - power.exponent;
    // Beyond 30 binary places the smaller of the two does not count.
    let shift = clamp(apart, Exponent(-30), Exponent(30));
    let moved = bitcast<Sum>(bitcast<Exponent>(Sum(params.epsilon)) + (shift << Magnitude(23u)));
    let beside = select(moved, Sum(0.0), apart < Exponent(-30));
    let most = apart > Exponent(30);
    let sum = select(root(power.mantissa) + beside, Sum(params.epsilon), most);
    let exponent = select(power.exponent, Exponent(params.epsilon_exponent), most);
    // The sum in [1, 2) again: under a norm that was given, elements may be too large for a power
    // of two that a small scale would make up for.
    let whole = (bitcast<Exponent>(sum) >> Magnitude(23u)) - Exponent(127);
    let mantissa = bitcast<Sum>(bitcast<Exponent>(sum) - (whole << Magnitude(23u)));
    return Power(Sum(1.0) / mantissa, exponent + whole);
}

fn project(bits: Bits, rule: Rule) -> Bits {
    let product = scaled(bits, spread_exponent(rule.exponent), spread_sum(rule.scale));
    let infinite = (bits & Bits(MAGNITUDE)) >= Bits(INFINITY);
    let fill = select(
        spread_magnitude(rule.finite_fill), spread_magnitude(rule.infinite_fill), infinite);
    let kept = select(bits, product, spread_truth(rule.violates));
    return select(kept, fill, spread_truth(rule.replaced));
}
