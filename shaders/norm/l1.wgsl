// The sum of magnitudes.

const DEGREE = 1;
// The largest element is in [2^-80, 2^94): 2^32 of the largest stay in range, and what is flushed
// beside the smallest is under 2^-46 of it.
const LOWEST = 127 - 80;
const HIGHEST = 127 + 94;

fn term(bits: Bits) -> Real { return real(bits & Bits(MAGNITUDE)); }
fn power_of(total: Accumulator) -> Sum { return total.sum; }
fn root(power: Sum) -> Sum { return power; }
fn inverse_root(power: Sum) -> Sum { return Sum(1.0) / power; }
