//! Powers and roots in f32, where the norm of them is as exact as its slice: twice as many fit a register as
//! of f64, and shorter polynomials are enough.

use std::f32::consts::LN_2;
use std::ops::RangeInclusive;

use super::number::Real;
use super::simd::Simd;

/// The powers that are near enough: of smaller ones the norm multiplies the error, and of larger ones few
/// elements are in range.
const NEAR: RangeInclusive<f64> = 1.0..=6.0;

/// `√½`, where mantissas begin.
const LEAST: u32 = 0x3f35_04f3;
const MANTISSA: u32 = 0x007f_ffff;
/// The lowest bits of sums with it are an integer.
const SHIFT: f32 = 1.5 * (1 << 23) as f32;

/// Numbers that take each step of a power together: the products of one wait for each other, and of the next ones few are
/// in sight of the processor.
const TOGETHER: usize = 128;

/// Coefficients of `log₂((1 + s) / (1 - s)) / s` in s², the highest first, within 2⁻²⁷ for mantissas.
const LOG2: [f32; 4] = [0.431_717_7, 0.576_715_2, 0.961_798_85, 2.885_39];
/// Coefficients of `2^f`, the highest first, within 2⁻²⁸ for f in `-½..=½`.
const EXP2: [f32; 7] =
    [0.000_154_614_45, 0.001_340_042_8, 0.009_618_057, 0.055_503_27, 0.240_226_5, LN_2, 1.0];

/// `√|x|` of each, rounded; false of f64.
#[inline(always)]
pub(super) fn near_roots<R: Real>(reals: &[R], terms: &mut [f32]) -> bool {
    if !R::DOUBLE {
        terms.iter_mut().zip(reals).for_each(|(term, &x)| *term = magnitude(x).sqrt());
    }
    !R::DOUBLE
}

/// Itself, where it is f32.
#[inline(always)]
fn magnitude<R: Real>(x: R) -> f32 {
    let x: f64 = x.magnitude().into();
    x as f32
}

/// A power in f32.
#[derive(Debug, Clone, Copy)]
pub(super) struct NearPower {
    /// p, and its parts: products of exponents with the upper one, of 12 bits, are exact.
    whole: f32,
    upper: f32,
    lower: f32,
    /// The bits of the least and the largest number whose powers are normal.
    least: u32,
    most: u32,
}

impl NearPower {
    /// That of p, if it is near enough.
    pub fn new(p: f64) -> Option<Self> {
        let whole = p as f32;
        let upper = f32::from_bits(whole.to_bits() & !0xfff);
        let bits = |exponent: f32, room: f32| (room * (exponent / whole).exp2()).to_bits();
        let (least, most) = (bits(-126.0, 1.01), bits(127.0, 0.99));
        let power = NearPower { whole, upper, lower: (p - f64::from(upper)) as f32, least, most };
        NEAR.contains(&p).then_some(power)
    }

    /// Whether the power of a number is to be had.
    #[inline(always)]
    pub fn holds<R: Real>(self, x: R) -> bool {
        let bits = magnitude(x).to_bits();
        bits == 0 || bits.wrapping_sub(self.least) <= self.most - self.least
    }

    /// `|x|^p` of each, within [`near_power`](crate::plan::margin::near_power) of exact; false if that is not to
    /// be had of one: it is no number, or its power no normal number of f32, and it is not zero.
    #[inline(always)]
    pub fn terms<S: Simd, R: Real>(self, reals: &[R], terms: &mut [f32]) -> bool {
        // Without the instruction a fused product would call a library function for each element.
        if R::DOUBLE || !S::FUSES {
            return false;
        }
        // Few slices hold zeros, of which every element would have to be asked.
        self.nonzero_terms::<R, false>(reals, terms) || self.nonzero_terms::<R, true>(reals, terms)
    }

    /// As [`NearPower::terms`], `x^p = 2^(p·e + p·log₂ m)`.
    #[inline(always)]
    fn nonzero_terms<R: Real, const ZEROS: bool>(self, reals: &[R], terms: &mut [f32]) -> bool {
        let (mut room, together) = ([0.0; TOGETHER], unknown(TOGETHER));
        for (terms, reals) in terms.chunks_mut(together).zip(reals.chunks(together)) {
            let (exponents, mut farthest) = (&mut room[..terms.len().min(TOGETHER)], 0);
            for ((e, s), &x) in exponents.iter_mut().zip(terms.iter_mut()).zip(reals) {
                let bits = magnitude(x).to_bits();
                let far = bits.wrapping_sub(self.least);
                farthest = farthest.max(if ZEROS && bits == 0 { 0 } else { far });
                let offset = bits.wrapping_sub(LEAST);
                let m = f32::from_bits((offset & MANTISSA) + LEAST);
                *e = (offset.cast_signed() >> 23) as f32;
                *s = (m - 1.0) / (m + 1.0);
            }
            if farthest > self.most - self.least {
                return false;
            }
            for (e, s) in exponents.iter_mut().zip(terms.iter_mut()) {
                let log = *s * cubic(LOG2, *s * *s);
                let exact = self.upper * *e;
                let integer = self.whole.mul_add(log, exact) + SHIFT;
                let rest = self.lower.mul_add(*e, exact - (integer - SHIFT));
                *s = self.whole.mul_add(log, rest);
                *e = integer;
            }
            for ((integer, y), &x) in exponents.iter().zip(terms).zip(reals) {
                let mantissa = sextic(EXP2, *y).to_bits();
                let power = f32::from_bits(mantissa.wrapping_add(integer.to_bits() << 23));
                *y = if ZEROS && magnitude(x) == 0.0 { 0.0 } else { power };
            }
        }
        true
    }
}

/// A number that the compiler does not know: of loops whose length it knows it may make one, and take each number through
/// all steps at once again, which takes half as long again (Zen 4).
#[inline(always)]
pub(super) fn unknown(count: usize) -> usize {
    std::hint::black_box(count)
}

/// Parts that do not wait for each other.
#[inline(always)]
fn cubic([d, c, b, a]: [f32; 4], x: f32) -> f32 {
    d.mul_add(x, c).mul_add(x * x, b.mul_add(x, a))
}

/// As [`cubic`].
#[inline(always)]
fn sextic([g, f, e, low @ ..]: [f32; 7], x: f32) -> f32 {
    let square = x * x;
    let high = g.mul_add(square, f.mul_add(x, e));
    high.mul_add(square * square, cubic(low, x))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::simd::{WithSimd, dispatch};
    use crate::plan::margin::{U, near_power};

    /// The terms of a power, if they are near.
    fn near(p: f64, reals: &[f32]) -> Option<Vec<f32>> {
        struct Op<'a>(f64, &'a [f32]);
        impl WithSimd for Op<'_> {
            type Output = Option<Vec<f32>>;
            fn with_simd<S: Simd>(self, _: S) -> Option<Vec<f32>> {
                let Op(p, reals) = self;
                let mut terms = vec![0.0; reals.len()];
                let are_near = match p {
                    0.5 => near_roots(reals, &mut terms),
                    p => NearPower::new(p).is_some_and(|p| p.terms::<S, f32>(reals, &mut terms)),
                };
                are_near.then_some(terms)
            }
        }
        dispatch(Op(p, reals))
    }

    #[test]
    fn near_powers_are_within_their_bounds() {
        for p in [0.5, 1.0, 1.3, 1.5, 1.7, 2.0, 2.5, 3.3, 5.0, 6.0] {
            let mut worst = 0.0f64;
            for e in [-20i32, -3, -2, -1, 0, 1, 2, 7, 18] {
                let step = |m: u32| f32::from_bits((e + 127).cast_unsigned() << 23 | m);
                let reals: Vec<f32> = (0..1u32 << 23).step_by(1021).map(step).collect();
                // Without the instructions there is nothing to bound.
                let Some(terms) = near(p, &reals) else { continue };
                for (&x, &term) in reals.iter().zip(&terms) {
                    worst = worst.max((f64::from(term) / f64::from(x).powf(p) - 1.0).abs());
                }
            }
            // The sum of two is rounded, too.
            let bound = near_power(p).expect("it is near") - U;
            assert!(worst <= bound, "{p}: {} u", worst / U);
            let idle = worst < bound / 4.0 && dispatch(Fuses);
            assert!(!idle, "{p}: {} u", worst / U);
        }
    }

    /// Whether this machine has the instructions.
    struct Fuses;
    impl WithSimd for Fuses {
        type Output = bool;
        fn with_simd<S: Simd>(self, _: S) -> bool {
            S::FUSES
        }
    }

    #[test]
    fn what_has_no_near_power_is_told() {
        let ends = [f32::NAN, f32::INFINITY, f32::from_bits(1), 1e-30, 1e30, f32::MAX];
        for end in ends {
            assert_eq!(near(2.5, &[1.0, end]), None, "{end}");
        }
        for p in [0.3, 0.99, 6.01, 64.0] {
            assert_eq!(near(p, &[1.0]), None, "{p}");
        }
        assert_eq!(near(2.5, &[0.0, -0.0, -1.0]).is_some(), dispatch(Fuses));
        assert!(near(2.5, &[0.0, -0.0, -1.0]).is_none_or(|terms| terms == [0.0, 0.0, 1.0]));
    }
}
