// The sum of magnitudes.

const DEGREE = 1;
const LOWEST = BIAS + LOWEST_SUMMED;
const HIGHEST = BIAS + HIGHEST_SUMMED;

fn term(bits: Bits) -> Real { return real(bits & Bits(MAGNITUDE)); }
fn power_of(total: Accumulator) -> Sum { return total.sum; }
fn root(power: Sum) -> Sum { return power; }
fn inverse_root(power: Sum) -> Sum { return Sum(1.0) / power; }
