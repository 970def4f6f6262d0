// What a slice is reduced to where its elements shrink: as norm/sum, with its greatest height, and
// whether an element is negative. A height is what shrinks: an element without the signs that the
// parameters say are taken off.

struct Accumulator {
    sum: Sum,
    exponent: Exponent,
    // The largest bits of a magnitude, and in their sign whether an element is negative.
    largest: Magnitude,
    // The key of the greatest height.
    greatest: Exponent,
}

struct Extremes {
    largest: Bits,
    greatest: Integer,
}

// The key below that of every number but one NaN, which no height is.
const NO_HEIGHT = -LARGEST_WHOLE;

fn height(bits: Bits) -> Bits { return bits & ~Bits(params.signs); }

fn extremes(bits: Bits) -> Extremes {
    let negative = select(Bits(0u), Bits(SIGN), bits > Bits(SIGN));
    return Extremes((bits & Bits(MAGNITUDE)) | negative, key(height(bits)));
}

fn wider(a: Extremes, b: Extremes) -> Extremes {
    let largest = max(a.largest & Bits(MAGNITUDE), b.largest & Bits(MAGNITUDE));
    let negative = (a.largest | b.largest) & Bits(SIGN);
    return Extremes(largest | negative, max(a.greatest, b.greatest));
}

fn no_extremes() -> Extremes { return Extremes(Bits(0u), Integer(NO_HEIGHT)); }
fn largest_of(seen: Extremes) -> Magnitude {
    return fold_largest(seen.largest & Bits(MAGNITUDE));
}
fn magnitude_of(total: Accumulator) -> Magnitude { return total.largest & Magnitude(MAGNITUDE); }

// Whether what defines the set of a slice is none.
fn degenerate(total: Accumulator) -> Truth { return Truth(false); }

fn identity() -> Accumulator {
    return Accumulator(
        Sum(0.0), Exponent(NO_EXPONENT), Magnitude(0u), Exponent(NO_HEIGHT));
}

fn lift(sum: Sum, exponent: Exponent, seen: Extremes) -> Accumulator {
    let largest = largest_of(seen);
    let empty = largest == Magnitude(0u);
    return Accumulator(
        sum,
        select(exponent, Exponent(NO_EXPONENT), empty),
        largest | (fold_bits(seen.largest) & Magnitude(SIGN)),
        fold_greatest(seen.greatest),
    );
}

fn combine(a: Accumulator, b: Accumulator) -> Accumulator {
    let exponent = max(a.exponent, b.exponent);
    let sum = scaled_down(a.sum, a.exponent - exponent) + scaled_down(b.sum, b.exponent - exponent);
    let negative = (a.largest | b.largest) & Magnitude(SIGN);
    return Accumulator(
        sum,
        exponent,
        max(magnitude_of(a), magnitude_of(b)) | negative,
        max(a.greatest, b.greatest),
    );
}
