// What a slice and its direction are reduced to: the sum of the products of their elements, and that of
// the squares of the direction. They are counted in powers of two that follow from the largest magnitudes:
// dot · 2^(that of the slice + that of the direction), squares · 4^(that of the direction).

struct Accumulator {
    dot: Sum,
    squares: Sum,
    // The largest bits of a magnitude in the slice, and in its direction: exact, and NaN sorts on top.
    largest: Magnitude,
    direction: Magnitude,
}

// The norm that reports tell is that of the component along the direction.
const DEGREE = 2;
const LOWEST = BIAS + LOWEST_MULTIPLIED;
const HIGHEST = BIAS + HIGHEST_MULTIPLIED;

fn identity() -> Accumulator {
    return Accumulator(Sum(0.0), Sum(0.0), Magnitude(0u), Magnitude(0u));
}

// The power of two that elements are divided by. It never falls as the largest magnitude grows, so that
// that of two sums together is the larger.
fn unit_of(largest: Magnitude) -> Exponent {
    let field = Exponent(largest >> SlicePlace(FIELD_PLACE));
    let safe = (field >= Exponent(LOWEST)) & (field < Exponent(HIGHEST));
    let exponent = clamp(field - Exponent(BIAS), Exponent(1 - BIAS), Exponent(BIAS));
    let unit = select(exponent, Exponent(0), safe);
    return select(unit, Exponent(NO_EXPONENT), largest == Magnitude(0u));
}

// The same for the elements of a lane: of zeros any would do.
fn lane_unit(largest: Magnitude) -> Exponent {
    return select(unit_of(largest), Exponent(0), largest == Magnitude(0u));
}

// x · 2^shift for shift <= 0; what would be subnormal is zero.
fn moved(x: Sum, shift: Exponent) -> Sum {
    let field = Exponent((bitcast<Magnitude>(x) >> SlicePlace(FIELD_PLACE)) & Magnitude(FIELDS));
    let moved = bitcast<Sum>(bitcast<Exponent>(x) + (shift << SlicePlace(FIELD_PLACE)));
    return select(Sum(0.0), moved, field + shift > Exponent(0));
}

fn combine(a: Accumulator, b: Accumulator) -> Accumulator {
    let largest = max(a.largest, b.largest);
    let direction = max(a.direction, b.direction);
    let unit = unit_of(largest);
    let other = unit_of(direction);
    let of_a = unit_of(a.direction) - other;
    let of_b = unit_of(b.direction) - other;
    return Accumulator(
        moved(a.dot, unit_of(a.largest) - unit + of_a)
            + moved(b.dot, unit_of(b.largest) - unit + of_b),
        moved(a.squares, 2 * of_a) + moved(b.squares, 2 * of_b),
        largest,
        direction,
    );
}

fn magnitude_of(total: Accumulator) -> Magnitude { return total.largest; }

// Whether the direction is none: zeros, or not finite.
fn degenerate(total: Accumulator) -> Truth {
    let finite = total.direction <= Magnitude(LARGEST_FINITE);
    return !((total.squares > Sum(0.0)) & finite);
}

fn power_of(total: Accumulator) -> Sum {
    return select(abs(total.dot), Sum(0.0), degenerate(total));
}

fn root(power: Sum) -> Sum { return sqrt(power); }

// The product of a slice and its direction, without its sign; not of zero.
fn product_of(total: Accumulator) -> Power {
    return normal(abs(total.dot), unit_of(total.largest) + unit_of(total.direction));
}

fn squares_of(total: Accumulator) -> Power {
    return normal(total.squares, 2 * unit_of(total.direction));
}

// The square of the component, mantissa · 4^exponent with the mantissa in [1, 4).
fn finish(total: Accumulator) -> Power {
    let product = product_of(total);
    let squares = squares_of(total);
    let whole = squares.exponent >> SlicePlace(1u);
    let odd = squares.exponent != 2 * whole;
    let divisor = select(squares.mantissa, squares.mantissa * 2.0, odd);
    let square = product.mantissa * product.mantissa / divisor;
    let below = square < Sum(1.0);
    let exponent = product.exponent - whole;
    return Power(select(square, square * 4.0, below), select(exponent, exponent - 1, below));
}
