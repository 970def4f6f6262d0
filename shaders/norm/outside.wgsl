// How many elements are outside a box; the norm is the largest magnitude.

const DEGREE = 1;
// Ones are safe whatever the elements are.
const LOWEST = 0;
const HIGHEST = FIELDS + 1;

fn term(bits: Bits) -> Real { return select(Real(0.0), Real(1.0), bounded(bits) != bits); }
fn power_of(total: Accumulator) -> Sum { return bitcast<Sum>(total.largest); }
fn root(power: Sum) -> Sum { return power; }
