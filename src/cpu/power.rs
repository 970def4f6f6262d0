//! Powers of f32 in vectors: the library's `powf` takes one element after the other.

use std::f64::consts::{LN_2, LOG2_E};

use pulp::Simd;

use super::term::fused;

const ONE: u64 = 1023 << 52;
/// `√½`, where mantissas begin.
const LEAST: u64 = 0x3fe6_a09e_667f_3bcd;
/// The lowest bits of sums with it are an integer.
const TO_INTEGER: f64 = (1u64 << 52) as f64;

/// Coefficients of `log₂((1 + s) / (1 - s)) / s` in s², the highest first: what is left out is under 2⁻⁵⁰.
const LOG2: [f64; 10] = {
    let (mut all, mut k) = ([0.0; 10], 0);
    while k < 10 {
        all[9 - k] = 2.0 * LOG2_E / (2 * k + 1) as f64;
        k += 1;
    }
    all
};

/// Coefficients of `2^f`, the highest first: for f in `-½..=½` what is left out is under 2⁻⁴².
const EXP2: [f64; 12] = {
    let (mut all, mut k, mut next) = ([0.0; 12], 0, 1.0);
    while k < 12 {
        all[11 - k] = next;
        k += 1;
        next *= LN_2 / k as f64;
    }
    all
};

/// `x^p` for p in `1/64..=64` and the magnitude of an f32, within [`RELATIVE_POWER`](crate::plan::margin::RELATIVE_POWER) of exact. Beyond f64 it is
/// infinite; of what is not zero it is 2⁻¹⁰²⁰ at least. Infinity and NaN stay.
#[inline(always)]
pub(super) fn power<S: Simd>(x: f64, p: f64) -> f64 {
    let y = exp2::<S>(p * log2::<S>(x));
    let y = if x > 0.0 { y } else { x };
    if x < f64::INFINITY { y } else { x }
}

/// Of a normal number: `e + log₂ m` with m in `√½..√2`.
#[inline(always)]
fn log2<S: Simd>(x: f64) -> f64 {
    let biased = x.to_bits().wrapping_add(ONE - LEAST) >> 52;
    let m = f64::from_bits(x.to_bits().wrapping_sub(biased << 52).wrapping_add(ONE));
    let s = (m - 1.0) / (m + 1.0);
    // AVX2 cannot convert integers of 64 bits.
    let e = f64::from_bits(biased | TO_INTEGER.to_bits()) - (TO_INTEGER + 1023.0);
    fused::<S>(s, polynomial::<S, 10>(LOG2, s * s), e)
}

#[inline(always)]
fn exp2<S: Simd>(y: f64) -> f64 {
    let y = if y > -1020.0 { y } else { -1020.0 };
    let y = if y < 1024.0 { y } else { 1024.0 };
    // Half of the range is negative.
    const SHIFT: f64 = 1.5 * TO_INTEGER;
    let integer = y + SHIFT;
    let mantissa = polynomial::<S, 12>(EXP2, y - (integer - SHIFT));
    f64::from_bits(mantissa.to_bits().wrapping_add(integer.to_bits() << 52))
}

/// Even and odd powers apart, which do not wait for each other. N is even.
#[inline(always)]
fn polynomial<S: Simd, const N: usize>(coefficients: [f64; N], x: f64) -> f64 {
    let (mut odd, mut even) = (coefficients[0], coefficients[1]);
    let square = x * x;
    for pair in coefficients[2..].chunks_exact(2) {
        odd = fused::<S>(odd, square, pair[0]);
        even = fused::<S>(even, square, pair[1]);
    }
    fused::<S>(odd, x, even)
}

#[cfg(test)]
mod tests {
    use pulp::Scalar;

    use super::*;
    use crate::plan::margin::RELATIVE_POWER;

    #[test]
    fn powers_are_within_their_bound() {
        let mut worst = 0.0f64;
        for p in [1.0 / 64.0, 0.3, 1.7, 2.5, 6.0, 20.0, 64.0] {
            // Every exponent, and mantissas on both sides of √2.
            for exponent in -149..=127 {
                for mantissa in [1.0, 1.000_001, 1.3, 1.414, 1.4143, 1.7, 1.999_999_9] {
                    let x = f64::from((mantissa * 2f64.powi(exponent)) as f32);
                    let exact = x.powf(p);
                    let found = power::<Scalar>(x, p);
                    if (1e-300..=1e300).contains(&exact) {
                        worst = worst.max((found / exact - 1.0).abs());
                    } else if exact < 1e-300 {
                        assert!(found > 0.0 && found < 1e-299, "{x:e}^{p}: {found:e}");
                    } else {
                        assert!(found >= 1e300, "{x:e}^{p}: {found:e}");
                    }
                }
            }
        }
        assert!(worst < RELATIVE_POWER, "{worst:e}");
        // The bound is not idle.
        assert!(worst > RELATIVE_POWER / 64.0, "{worst:e}");
    }

    #[test]
    fn zero_infinity_and_nan_stay() {
        assert_eq!(power::<Scalar>(0.0, 0.3), 0.0);
        assert_eq!(power::<Scalar>(f64::INFINITY, 1.0 / 64.0), f64::INFINITY);
        assert_eq!(power::<Scalar>(3e38, 64.0), f64::INFINITY);
        assert!(power::<Scalar>(f64::NAN, 3.0).is_nan());
    }
}
