// What a slice is reduced to, without overflow or underflow: a sum of powers of its elements,
// sum · (2^p)^exponent for the p of the norm, and its largest magnitude.

struct Accumulator {
    sum: Sum,
    exponent: Exponent,
    // The largest bits of a magnitude: exact, and NaN sorts on top.
    largest: Magnitude,
}

// What a lane remembers of its elements beside their sum.
alias Extremes = Bits;

fn extremes(bits: Bits) -> Extremes { return bits & Bits(MAGNITUDE); }
fn wider(a: Extremes, b: Extremes) -> Extremes { return max(a, b); }
fn no_extremes() -> Extremes { return Bits(0u); }
fn largest_of(seen: Extremes) -> Magnitude { return fold_largest(seen); }
fn magnitude_of(total: Accumulator) -> Magnitude { return total.largest; }

// Whether what defines the set of a slice is none.
fn degenerate(total: Accumulator) -> Truth { return Truth(false); }

fn identity() -> Accumulator {
    return Accumulator(Sum(0.0), Exponent(NO_EXPONENT), Magnitude(0u));
}

fn lift(sum: Sum, exponent: Exponent, seen: Extremes) -> Accumulator {
    let largest = fold_largest(seen);
    let empty = largest == Magnitude(0u);
    return Accumulator(sum, select(exponent, Exponent(NO_EXPONENT), empty), largest);
}

fn combine(a: Accumulator, b: Accumulator) -> Accumulator {
    let exponent = max(a.exponent, b.exponent);
    let sum = scaled_down(a.sum, a.exponent - exponent) + scaled_down(b.sum, b.exponent - exponent);
    return Accumulator(sum, exponent, max(a.largest, b.largest));
}
