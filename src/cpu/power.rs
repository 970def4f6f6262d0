//! Powers in vectors: the library's `powf` takes one element after the other.
//!
//! `x^p = 2^(p·e)·2^(p·log₂ m)` with m in `√½..√2`, by polynomials that interpolate at the nodes of Chebyshev.

use std::f64::consts::LN_2;

use super::near_power::unknown;
use super::number::Real;
use super::simd::Simd;
use super::term::fused;

const ONE: u64 = 1023 << 52;
/// `√½`, where mantissas begin.
const LEAST: u64 = 0x3fe6_a09e_667f_3bcd;
/// The lowest bits of sums with it are an integer.
const TO_INTEGER: f64 = (1u64 << 52) as f64;
/// As [`TO_INTEGER`], of numbers of either sign.
const SHIFT: f64 = 1.5 * TO_INTEGER;
/// What makes the subnormal numbers normal.
const UP: f64 = (1u64 << 54) as f64;

/// Coefficients of `log₂((1 + s) / (1 - s)) / s` in s², the highest first, within 2⁻⁴⁵ and 2⁻⁵⁵ for mantissas.
const LOG2: [f64; 6] = [
    0.28288502340748234,
    0.31990680380701336,
    0.41220922406110433,
    0.5770779426603044,
    0.9617966941122649,
    2.885390081777851,
];
const LOG2_DOUBLE: [f64; 10] = [
    0.0,
    0.19133171202266566,
    0.1911392479842068,
    0.22198980761494067,
    0.26230754806401313,
    0.3205989045353651,
    0.41219858307348606,
    0.5770780163556934,
    0.9617966939259754,
    2.8853900817779268,
];

/// Coefficients of `2^f`, the highest first, within 2⁻³⁹ and 2⁻⁵⁵ for f in `-½..=½`.
const EXP2: [f64; 10] = [
    0.0,
    1.3255224878668817e-6,
    1.5310079402249296e-5,
    0.00015403455852453838,
    0.0013333450568000645,
    0.009618129159402558,
    0.05550410941205933,
    0.2402265069581299,
    0.6931471805459335,
    1.0,
];
const EXP2_DOUBLE: [f64; 14] = [
    0.0,
    2.5733568308756892e-11,
    4.456675341049206e-10,
    7.054894386348348e-9,
    1.0178051192960649e-7,
    1.3215486815999978e-6,
    1.5252733856293466e-5,
    0.00015403530393362755,
    0.0013333558146390353,
    0.009618129107628484,
    0.0555041086648217,
    0.24022650695910072,
    LN_2,
    1.0,
];

/// `x^p` for p in `1/64..=64` and a magnitude of R: within
/// [`RELATIVE_POWER`](crate::plan::margin::RELATIVE_POWER) of exact for f32, within 2⁻⁴⁵ for f64. Beyond f64 it
/// is infinite; of what is not zero it is 2⁻¹⁰²⁰ at least. Infinity and NaN stay. `AMPLE` says that none of these
/// ends is reached but by zero, infinity and NaN.
#[cfg(test)]
pub(super) fn power<S: Simd, R: Real, const AMPLE: bool>(x: f64, p: f64) -> f64 {
    let (e, log) = split::<S, R>(x);
    raised::<S, R, AMPLE>(x, e, log, p)
}

/// Numbers that take each step of a power together: the products of one wait for each other, and of the next ones few are
/// in sight of the processor.
const TOGETHER: usize = 64;

/// As [`power`], of the magnitude of each.
#[inline(always)]
pub(super) fn powers<S: Simd, R: Real, const AMPLE: bool>(reals: &[R], p: f64, terms: &mut [f64]) {
    let (mut room, together) = ([0.0; TOGETHER], unknown(TOGETHER));
    for (terms, reals) in terms.chunks_mut(together).zip(reals.chunks(together)) {
        let exponents = &mut room[..reals.len().min(TOGETHER)];
        for ((e, log), &x) in exponents.iter_mut().zip(terms.iter_mut()).zip(reals) {
            (*e, *log) = split::<S, R>(x.magnitude().into());
        }
        for ((&mut e, y), &x) in exponents.iter_mut().zip(terms).zip(reals) {
            *y = raised::<S, R, AMPLE>(x.magnitude().into(), e, *y, p);
        }
    }
}

/// `x^p` of a number that is split.
#[inline(always)]
fn raised<S: Simd, R: Real, const AMPLE: bool>(x: f64, e: f64, log: f64, p: f64) -> f64 {
    let (whole, part) = (p * e, p * log);
    let y = whole + part;
    let integer = y + SHIFT;
    // What rounding took of the product.
    let lost = if R::DOUBLE { fused::<S>(p, e, -whole) } else { 0.0 };
    let rest = (whole - (integer - SHIFT)) + (part + lost);
    let mantissa = match R::DOUBLE {
        true => polynomial::<S, 14>(EXP2_DOUBLE, rest),
        false => polynomial::<S, 10>(EXP2, rest),
    };
    let z = f64::from_bits(mantissa.to_bits().wrapping_add(integer.to_bits() << 52));
    let z = if AMPLE || y > -1020.0 { z } else { SMALLEST };
    let z = if AMPLE || y < 1024.0 { z } else { f64::INFINITY };
    let z = if x > 0.0 { z } else { x };
    if x < f64::INFINITY { z } else { x }
}

/// 2⁻¹⁰²⁰.
const SMALLEST: f64 = f64::MIN_POSITIVE * 4.0;

/// `e` and `log₂ m` of a positive number `m · 2^e`.
#[inline(always)]
fn split<S: Simd, R: Real>(x: f64) -> (f64, f64) {
    let small = R::DOUBLE && x < f64::MIN_POSITIVE;
    let bits = if small { x * UP } else { x }.to_bits();
    let biased = bits.wrapping_add(ONE - LEAST) >> 52;
    let m = f64::from_bits(bits.wrapping_sub(biased << 52).wrapping_add(ONE));
    // AVX2 cannot convert integers of 64 bits.
    let e = f64::from_bits(biased | TO_INTEGER.to_bits());
    let e = e - if small { TO_INTEGER + 1077.0 } else { TO_INTEGER + 1023.0 };
    let s = (m - 1.0) / (m + 1.0);
    let log = match R::DOUBLE {
        true => polynomial::<S, 10>(LOG2_DOUBLE, s * s),
        false => polynomial::<S, 6>(LOG2, s * s),
    };
    (e, s * log)
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
    use super::*;
    use crate::cpu::simd::{Baseline, WithSimd, dispatch};
    use crate::plan::margin::RELATIVE_POWER;

    /// One power, by the instructions of the machine.
    struct One<R>(R, f64);

    impl<R: Real> WithSimd for One<R> {
        type Output = f64;
        fn with_simd<S: Simd>(self, _: S) -> f64 {
            power::<S, R, false>(self.0.into(), self.1)
        }
    }

    /// Every exponent, and mantissas on both sides of √2.
    fn numbers(exponents: std::ops::RangeInclusive<i32>) -> impl Iterator<Item = f64> {
        let mantissas = [1.0, 1.000_001, 1.3, 1.414, 1.4143, 1.7, 1.999_999_9];
        exponents.flat_map(move |e| {
            mantissas.map(|m| m * f64::from(e / 2).exp2() * f64::from(e - e / 2).exp2())
        })
    }

    const POWERS: [f64; 8] = [1.0 / 64.0, 0.3, 1.0, 1.7, 2.5, 6.0, 20.0, 64.0];

    /// The largest relative error inside f64; ends are checked.
    fn worst(p: f64, x: f64, found: f64) -> f64 {
        let exact = x.powf(p);
        match exact {
            _ if (1e-300..=1e300).contains(&exact) => (found / exact - 1.0).abs(),
            _ => {
                let near = if exact < 1.0 { found > 0.0 && found < 1e-299 } else { found >= 1e300 };
                assert!(near, "{x:e}^{p}: {found:e}");
                0.0
            }
        }
    }

    #[test]
    fn powers_are_within_their_bounds() {
        let (mut single, mut ample, mut double) = (0.0f64, 0.0f64, 0.0f64);
        for p in POWERS {
            for x in numbers(-149..=127) {
                let x = f64::from(x as f32);
                single = single.max(worst(p, x, dispatch(One(x as f32, p))));
                if p <= 6.0 {
                    ample = ample.max(worst(p, x, power::<Baseline, f32, true>(x, p)));
                }
            }
            for x in numbers(-1074..=1023) {
                double = double.max(worst(p, x, dispatch(One(x, p))));
            }
        }
        for (worst, bound) in
            [(single, RELATIVE_POWER), (ample, RELATIVE_POWER), (double, 2f64.powi(-45))]
        {
            assert!(worst < bound, "{worst:e}");
            // The bound is not idle.
            assert!(worst > bound / 1024.0, "{worst:e}");
        }
    }

    #[test]
    fn zero_infinity_and_nan_stay() {
        assert_eq!(dispatch(One(0.0f32, 0.3)), 0.0);
        assert_eq!(dispatch(One(f32::INFINITY, 1.0 / 64.0)), f64::INFINITY);
        assert_eq!(dispatch(One(3e38f32, 64.0)), f64::INFINITY);
        assert!(dispatch(One(f32::NAN, 3.0)).is_nan() && dispatch(One(f64::NAN, 0.3)).is_nan());
        assert_eq!(dispatch(One(0.0f64, 0.3)), 0.0);
        assert_eq!(dispatch(One(f64::INFINITY, 0.3)), f64::INFINITY);
    }
}
