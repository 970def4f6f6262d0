// The largest magnitude: nothing is summed.

const DEGREE = 1;
const LOWEST = 0;
const HIGHEST = FIELDS;

fn term(bits: Bits) -> Real { return Real(0.0); }
// A subnormal magnitude is zero, as in the sums of other norms: it has no exponent of its own.
fn power_of(total: Accumulator) -> Sum {
    let normal = total.largest >= Magnitude(SMALLEST_NORMAL);
    return select(Sum(0.0), bitcast<Sum>(total.largest), normal);
}
fn root(power: Sum) -> Sum { return power; }
fn inverse_root(power: Sum) -> Sum { return Sum(1.0) / power; }
