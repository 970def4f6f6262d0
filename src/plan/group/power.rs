//! What is accumulated over the tensors of a group, in any range.

use crate::norm::Norm;
use crate::plan::powers::{exponent, times_power};

/// A sum of powers of magnitudes, `(sum + rest) · (2^p)^exponent` for the p of the norm, or the largest
/// magnitude. It is infinite or NaN only if an element is.
///
/// Parts are added with what rounding takes of each sum, so that their number, which depends on how
/// tensors lie in memory, does not count in the margin of f64.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Power {
    pub sum: f64,
    rest: f64,
    pub exponent: i32,
}

/// A norm as `value · 2^exponent`: that of f64 elements may lie beyond f64.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Size {
    pub value: f64,
    pub exponent: i32,
}

impl Power {
    /// A sum in units of 1.
    pub fn plain(sum: f64) -> Self {
        Power::scaled(sum, 0)
    }

    /// A sum of powers of elements that were divided by `2^exponent`.
    pub fn scaled(sum: f64, exponent: i32) -> Self {
        Power { sum, rest: 0.0, exponent }
    }

    /// Two parts under one norm.
    pub fn merge(norm: Norm, a: Self, b: Self) -> Self {
        if norm == Norm::Linf {
            // Not `max`, which forgets a NaN.
            return if a.sum.is_nan() || a.sum > b.sum { a } else { b };
        }
        if b.sum == 0.0 {
            return a;
        }
        if a.sum == 0.0 {
            return b;
        }
        if !(a.sum.is_finite() && b.sum.is_finite()) {
            // An infinity must not meet a power of two that is zero.
            return Power::plain(a.sum + b.sum);
        }
        let exponent = a.exponent.max(b.exponent);
        let (a, b) = (a.lowered(norm, exponent), b.lowered(norm, exponent));
        let (sum, lost) = two_sum(a.sum, b.sum);
        Power { sum, rest: lost + (a.rest + b.rest), exponent }
    }

    /// The same in units of a larger power; what becomes subnormal is nothing beside its sum.
    fn lowered(self, norm: Norm, exponent: i32) -> Self {
        if exponent == self.exponent {
            return self;
        }
        let factor = (power_of(norm) * f64::from(self.exponent - exponent)).exp2();
        Power { sum: self.sum * factor, rest: self.rest * factor, exponent }
    }

    /// What is compared where squares are, in units of 1.
    pub fn number(self) -> f64 {
        self.sum + self.rest
    }

    /// The norm. One that is finite is not zero unless all elements are.
    pub fn root(self, norm: Norm) -> Size {
        let value = self.sum + self.rest;
        let size = |value| Size { value, exponent: self.exponent };
        match norm {
            _ if value == 0.0 || !value.is_finite() => Size { value, exponent: 0 },
            Norm::L1 | Norm::Linf => size(value),
            Norm::L2 => size(value.sqrt()),
            Norm::Lp(p) => {
                // (m · 2^k)^(1/p), k / p split into a whole power of two and the rest.
                let p = p.value();
                let whole = exponent(value);
                let mantissa = times_power(value, -whole).powf(p.recip());
                let places = (f64::from(whole) / p).floor();
                let rest = (-places).mul_add(p, whole.into()) / p;
                Size { value: mantissa * rest.exp2(), exponent: self.exponent + places as i32 }
            }
        }
    }
}

impl Size {
    /// The number, infinite beyond f64.
    pub fn unbounded(self) -> f64 {
        times_power(self.value, self.exponent)
    }

    /// The number. A finite norm beyond f64 must not look like that of an infinity.
    pub fn number(self) -> f64 {
        match self.value.is_finite() {
            true => times_power(self.value, self.exponent).min(f64::MAX),
            false => self.value,
        }
    }
}

/// The p of a norm.
fn power_of(norm: Norm) -> f64 {
    match norm {
        Norm::L1 | Norm::Linf => 1.0,
        Norm::L2 => 2.0,
        Norm::Lp(p) => p.value(),
    }
}

/// `a + b` rounded, and what rounding took (Knuth).
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let seen = sum - a;
    (sum, (a - (sum - seen)) + (b - seen))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_any_range_are_put_together() {
        let merge = |norm, a, b| Power::merge(norm, a, b).root(norm).number();
        let far = |norm| merge(norm, Power::scaled(1.0, 600), Power::plain(1e200));
        assert_eq!(far(Norm::L2), 2f64.powi(600));
        assert_eq!(
            merge(Norm::L2, Power::scaled(9.0, -600), Power::scaled(16.0, -600)),
            5.0 * 2f64.powi(-600)
        );
        // A part of zeros has no unit.
        assert_eq!(
            merge(Norm::L1, Power::plain(0.0), Power::scaled(1.5, -900)),
            1.5 * 2f64.powi(-900)
        );
        for norm in Norm::ALL {
            let with = |sum| merge(norm, Power::scaled(1.0, 900), Power::plain(sum));
            assert!(with(f64::NAN).is_nan() && with(f64::INFINITY) == f64::INFINITY);
            let before = |sum| merge(norm, Power::plain(sum), Power::scaled(1.0, 900));
            assert!(before(f64::NAN).is_nan() && before(f64::INFINITY) == f64::INFINITY);
        }
    }

    #[test]
    fn many_parts_lose_nothing() {
        let part = Power::plain(0.1);
        let sum =
            (0..1_000_000).fold(Power::plain(0.0), |sum, _| Power::merge(Norm::L1, sum, part));
        // A million times the number that 0.1 is, rounded once.
        assert_eq!(sum.number(), 100_000.000_000_000_005_551_115_123_125_782);
    }

    #[test]
    fn roots_of_any_power() {
        for p in [0.5, 1.0 / 64.0, 3.0, 7.5, 64.0] {
            let norm = Norm::lp(p).unwrap();
            for sum in [1e-250, 0.7, 3.0, 1e250] {
                let Size { value, exponent } = Power::scaled(sum, 7).root(norm);
                let places = value.log2() + f64::from(exponent);
                let exact = sum.log2() / p + 7.0;
                assert!((places - exact).abs() <= 1e-14 * exact.abs().max(1.0), "{p} {sum}");
                assert!((1.0..=2f64.powi(65)).contains(&value), "{p} {sum} {value}");
            }
        }
    }
}
