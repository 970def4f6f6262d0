// The largest magnitude: nothing is summed.

const DEGREE = 1;
const LOWEST = 0;
const HIGHEST = 255;

fn term(bits: Bits) -> Real { return Real(0.0); }
fn power_of(total: Accumulator) -> Sum { return bitcast<Sum>(total.largest); }
fn root(power: Sum) -> Sum { return power; }
fn inverse_root(power: Sum) -> Sum { return Sum(1.0) / power; }
