// The Euclidean norm of any finite slice, without overflow or underflow. A sum of squares is
// sum · 4^exponent. Powers of two are applied to the exponent bits, never multiplied: a compiler
// may reassociate products, and 2^-126 · 2^-126 is zero.

struct Accumulator {
    sum: Sum,
    exponent: Exponent,
    // The largest bits of a magnitude: exact, and NaN sorts on top.
    largest: Magnitude,
}

// Below that of every square, so that an empty sum never sets the common exponent.
const NO_EXPONENT = -1000;

fn identity() -> Accumulator {
    return Accumulator(Sum(0.0), Exponent(NO_EXPONENT), Magnitude(0u));
}

// 0 where plain squares are safe: the largest element is in [2^-40, 2^47), so that a lane's sum
// keeps 2^-35 of itself in range at either end. Elsewhere, the exponent of the largest element.
fn safe_exponent(largest: Magnitude) -> Exponent {
    let field = Exponent(largest >> Magnitude(23u));
    let safe = (field >= Exponent(127 - 40)) & (field < Exponent(127 + 47));
    let exponent = clamp(field - Exponent(127), Exponent(-126), Exponent(127));
    return select(exponent, Exponent(0), safe | (largest == Magnitude(0u)));
}

fn square(bits: Bits) -> Real {
    let x = real(bits);
    return x * x;
}

fn lift(sum: Sum, exponent: Exponent, largest: Magnitude) -> Accumulator {
    let empty = largest == Magnitude(0u);
    return Accumulator(sum, select(exponent, Exponent(NO_EXPONENT), empty), largest);
}

fn combine(a: Accumulator, b: Accumulator) -> Accumulator {
    let exponent = max(a.exponent, b.exponent);
    let sum = times_four_to(a.sum, a.exponent - exponent)
        + times_four_to(b.sum, b.exponent - exponent);
    return Accumulator(sum, exponent, max(a.largest, b.largest));
}

// x · 4^power for x >= 0 and power <= 0; what would be subnormal is zero.
fn times_four_to(x: Sum, power: Exponent) -> Sum {
    let shift = power * 2;
    let field = Exponent(bitcast<Magnitude>(x) >> Magnitude(23u));
    let moved = bitcast<Sum>(bitcast<Exponent>(x) + (shift << Magnitude(23u)));
    return select(Sum(0.0), moved, field + shift > Exponent(0));
}

// The sum of squares as mantissa · 4^exponent with the mantissa in [1, 4).
struct Square {
    mantissa: Sum,
    exponent: Exponent,
}

fn finish(total: Accumulator) -> Square {
    let bits = bitcast<Exponent>(total.sum);
    let half = ((bits >> Magnitude(23u)) - Exponent(127)) >> Magnitude(1u);
    let mantissa = bitcast<Sum>(bits - (half << Magnitude(24u)));
    return Square(mantissa, half + total.exponent);
}
