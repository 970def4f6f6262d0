//! Norms of the elements of one slice, in f64.

use crate::norm::Norm;
pub(in crate::cpu) use crate::plan::powers::{exponent, times_power};

/// Terms that are added up one after the other. Twice as many cost one addition more, so that no
/// slice has a chain of more than 71.
const BLOCK: usize = 16;

/// The sum of a term of each element, halves first.
pub(in crate::cpu) fn sum(elements: &[f64], term: &impl Fn(f64) -> f64) -> f64 {
    if elements.len() <= BLOCK {
        return elements.iter().map(|&x| term(x)).sum();
    }
    let (left, right) = elements.split_at(elements.len() / 2);
    sum(left, term) + sum(right, term)
}

/// A norm as `value · 2^exponent`: that of f64 elements may lie beyond f64, and their squares do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Size {
    /// NaN with any NaN, else infinite with any infinity.
    pub value: f64,
    pub exponent: i32,
}

/// Magnitudes whose squares leave room in f64 for any number of terms: all of f32 is among them.
const PLAIN: std::ops::RangeInclusive<f64> = 1e-60..=1e60;

impl Size {
    pub fn new(norm: Norm, elements: &[f64]) -> Self {
        let most = largest(elements);
        if !most.is_finite() || most == 0.0 {
            return Size { value: most, exponent: 0 };
        }
        let exponent = if PLAIN.contains(&most) { 0 } else { exponent(most) };
        let scaled = |x: f64| if exponent == 0 { x } else { times_power(x, -exponent) };
        let value = match norm {
            Norm::L1 => sum(elements, &|x| scaled(x).abs()),
            Norm::L2 => sum(elements, &|x| scaled(x) * scaled(x)).sqrt(),
            Norm::Linf => scaled(most),
            Norm::Lp(p) => {
                let (root, more) = power_mean(p.value(), elements, most);
                return Size { value: scaled(most) * root, exponent: exponent + more };
            }
        };
        Size { value, exponent }
    }

    /// The number; infinite beyond f64.
    pub fn number(self) -> f64 {
        times_power(self.value, self.exponent)
    }
}

/// The largest magnitude, NaN with any NaN.
pub(in crate::cpu) fn largest(elements: &[f64]) -> f64 {
    match elements.iter().any(|x| x.is_nan()) {
        true => f64::NAN,
        false => elements.iter().fold(0.0, |most, x| most.max(x.abs())),
    }
}

/// `(Σ (|x| / most)^p)^(1/p)` as a number and a power of two: of a small p and a long slice it is
/// beyond f64.
fn power_mean(p: f64, elements: &[f64], most: f64) -> (f64, i32) {
    let sum = match p {
        3.0 => sum(elements, &|x| (x / most).abs().powi(3)),
        4.0 => sum(elements, &|x| (x / most).powi(4)),
        // A quotient may be under f64 and its power, if p is small, not.
        p if f64::from(exponent(most)).abs() * p < 500.0 => {
            sum(elements, &|x| x.abs().powf(p)) / most.powf(p)
        }
        p => sum(elements, &|x| (x / most).abs().powf(p)),
    };
    let power = sum.log2() / p;
    match power < 500.0 {
        true => (sum.powf(p.recip()), 0),
        false => ((power - power.floor()).exp2(), power as i32),
    }
}
