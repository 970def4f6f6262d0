// The norm (Σ |x|^p)^(1/p): sums of powers beside the largest magnitude's.

const DEGREE = 1;
// Plain powers are safe while that of the largest element is within 2^±60: sums of 2^32 terms stay
// in range, and what is flushed beside the largest is under 2^-66 of it.
const SAFE = 60.0;

fn term(bits: Bits) -> Real {
    let magnitude = bits & Bits(MAGNITUDE);
    let x = real(magnitude);
    if params.power == 3.0 {
        return x * x * x;
    }
    if params.power == 4.0 {
        return (x * x) * (x * x);
    }
    // No power of zero: some devices take its logarithm.
    let zero = magnitude < Bits(SMALLEST_NORMAL);
    return select(raised(select(x, Real(1.0), zero), params.power), Real(0.0), zero);
}

fn power_of(total: Accumulator) -> Sum { return total.sum; }
fn root(power: Sum) -> Sum { return power; }
fn inverse_root(power: Sum) -> Sum { return Sum(1.0) / power; }

// 0 where plain terms are safe; elsewhere, the exponent of the largest element.
fn safe_exponent(largest: Magnitude) -> Exponent {
    let field = Exponent(largest >> SlicePlace(FIELD_PLACE));
    let exponent = clamp(field - Exponent(BIAS), Exponent(1 - BIAS), Exponent(BIAS));
    let safe = abs(Sum(exponent)) * params.power <= Sum(SAFE);
    return select(exponent, Exponent(0), safe | (largest == Magnitude(0u)));
}

// x · (2^p)^power for x >= 0 and power <= 0; what would be too small to count is zero.
fn scaled_down(x: Sum, power: Exponent) -> Sum {
    let shift = Sum(power) * params.power;
    return select(x * power_of_two(max(shift, Sum(-100.0))), Sum(0.0), shift < Sum(-100.0));
}

// The norm itself, as the power of its logarithm: the sum may be out of range after a small root.
fn finish(total: Accumulator) -> Power {
    let sum = normal(total.sum, Exponent(0));
    let places = (logarithm(sum.mantissa) + Sum(sum.exponent)) * params.inverse_power;
    let whole = floor(places);
    return normal(power_of_two(places - whole), Exponent(whole) + total.exponent);
}
