// The Euclidean norm: the root of the sum of squares.

const DEGREE = 2;
const LOWEST = BIAS + LOWEST_SQUARED;
const HIGHEST = BIAS + HIGHEST_SQUARED;

fn term(bits: Bits) -> Real {
    let x = real(bits);
    return x * x;
}

fn power_of(total: Accumulator) -> Sum { return total.sum; }
fn root(power: Sum) -> Sum { return sqrt(power); }
fn inverse_root(power: Sum) -> Sum { return inverseSqrt(power); }
