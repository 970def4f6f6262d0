// The Euclidean norm: the root of the sum of squares.

const DEGREE = 2;
// The largest element is in [2^-40, 2^47), so that a lane's sum of squares keeps 2^-35 of itself in
// range at either end.
const LOWEST = 127 - 40;
const HIGHEST = 127 + 47;

fn term(bits: Bits) -> Real {
    let x = real(bits);
    return x * x;
}

fn power_of(total: Accumulator) -> Sum { return total.sum; }
fn root(power: Sum) -> Sum { return sqrt(power); }
fn inverse_root(power: Sum) -> Sum { return inverseSqrt(power); }
