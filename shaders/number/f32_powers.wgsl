// Powers of f32, as the driver has them.

// x^power for x > 0.
fn raised(x: Real, power: Number) -> Real { return pow(x, Real(power)); }
fn power_of_two(x: Sum) -> Sum { return exp2(x); }
fn logarithm(x: Sum) -> Sum { return log2(x); }
