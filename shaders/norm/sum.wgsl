// What a slice is reduced to, without overflow or underflow: a sum of powers of its elements,
// sum · (2^DEGREE)^exponent, and its largest magnitude. Powers of two are applied to the exponent
// bits, never multiplied: a compiler may reassociate products, and 2^-126 · 2^-126 is zero.

struct Accumulator {
    sum: Sum,
    exponent: Exponent,
    // The largest bits of a magnitude: exact, and NaN sorts on top.
    largest: Magnitude,
}

// Below that of every term, so that an empty sum never sets the common exponent.
const NO_EXPONENT = -1000;

fn identity() -> Accumulator {
    return Accumulator(Sum(0.0), Exponent(NO_EXPONENT), Magnitude(0u));
}

// 0 where plain terms are safe: the exponent field of the largest element is in [LOWEST, HIGHEST).
// Elsewhere, the exponent of the largest element.
fn safe_exponent(largest: Magnitude) -> Exponent {
    let field = Exponent(largest >> Magnitude(23u));
    let safe = (field >= Exponent(LOWEST)) & (field < Exponent(HIGHEST));
    let exponent = clamp(field - Exponent(127), Exponent(-126), Exponent(127));
    return select(exponent, Exponent(0), safe | (largest == Magnitude(0u)));
}

fn lift(sum: Sum, exponent: Exponent, largest: Magnitude) -> Accumulator {
    let empty = largest == Magnitude(0u);
    return Accumulator(sum, select(exponent, Exponent(NO_EXPONENT), empty), largest);
}

fn combine(a: Accumulator, b: Accumulator) -> Accumulator {
    let exponent = max(a.exponent, b.exponent);
    let sum = scaled_down(a.sum, a.exponent - exponent) + scaled_down(b.sum, b.exponent - exponent);
    return Accumulator(sum, exponent, max(a.largest, b.largest));
}

// x · (2^DEGREE)^power for x >= 0 and power <= 0; what would be subnormal is zero.
fn scaled_down(x: Sum, power: Exponent) -> Sum {
    let shift = power * DEGREE;
    let field = Exponent(bitcast<Magnitude>(x) >> Magnitude(23u));
    let moved = bitcast<Sum>(bitcast<Exponent>(x) + (shift << Magnitude(23u)));
    return select(Sum(0.0), moved, field + shift > Exponent(0));
}

// The power of the norm as mantissa · (2^DEGREE)^exponent, the mantissa in [1, 2^DEGREE).
struct Power {
    mantissa: Sum,
    exponent: Exponent,
}

fn finish(total: Accumulator) -> Power {
    let bits = bitcast<Exponent>(power_of(total));
    let whole = ((bits >> Magnitude(23u)) - Exponent(127)) >> Magnitude(u32(DEGREE - 1));
    let mantissa = bitcast<Sum>(bits - (whole << Magnitude(u32(22 + DEGREE))));
    return Power(mantissa, whole + total.exponent);
}
