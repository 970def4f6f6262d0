//! Powers of two, beyond f64 too.

/// `x · 2^power`, where neither the power nor what is on the way has to fit f64.
pub(crate) fn times_power(x: f64, power: i32) -> f64 {
    let step = power.clamp(-1000, 1000);
    let scaled = x * f64::from(step).exp2();
    match power - step {
        0 => scaled,
        _ if scaled == 0.0 || !scaled.is_finite() => scaled,
        rest => times_power(scaled, rest),
    }
}

/// The exponent of a positive number: the mantissa is in `[1, 2)`.
pub(crate) fn exponent(x: f64) -> i32 {
    if x < f64::MIN_POSITIVE {
        return exponent(times_power(x, 64)) - 64;
    }
    (x.to_bits() >> 52) as i32 - 1023
}
