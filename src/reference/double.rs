//! Numbers of twice the precision of f64, for tensors of f64.

use std::cmp::Ordering;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// A number as the unevaluated sum of two f64: about 106 bits (Dekker 1971).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Double {
    /// The number rounded to f64.
    pub high: f64,
    /// The rest, rounded to f64; 0 of what is not finite.
    pub low: f64,
}

impl Double {
    /// `high + low`, where `low` is anything.
    pub(super) fn new(high: f64, low: f64) -> Self {
        if low == 0.0 {
            // A sum would take the sign of minus zero.
            return Self::from(high);
        }
        let (high, low) = two_sum(high, low);
        Double { high, low: if high.is_finite() { low } else { 0.0 } }
    }

    /// `a · b` exactly, unless its last bits lie under f64.
    pub(super) fn product(a: f64, b: f64) -> Self {
        let high = a * b;
        Self::new(high, a.mul_add(b, -high))
    }

    /// `a − b` exactly.
    pub(super) fn difference(a: f64, b: f64) -> Self {
        Self::new(a, -b)
    }

    /// The root of a number that is not negative.
    pub(super) fn root(self) -> Self {
        let root = self.high.sqrt();
        if root == 0.0 || !root.is_finite() {
            return Self::from(root);
        }
        Self::new(root, (self - Self::product(root, root)).high / (2.0 * root))
    }

    /// `self · 2^power`, rounded where it lies under f64 and infinite beyond.
    pub(super) fn times_power(self, power: i32) -> Self {
        let high = times_power(self.high, power);
        // Infinity less an infinite rest would be NaN.
        let low = if high.is_finite() { times_power(self.low, power) } else { 0.0 };
        Self::new(high, low)
    }

    /// The larger of two numbers, neither of them NaN.
    pub(super) fn max(self, other: Self) -> Self {
        if self < other { other } else { self }
    }

    /// This magnitude with the sign of a number.
    pub(super) fn copysign(self, sign: f64) -> Self {
        match self.high.is_sign_negative() == sign.is_sign_negative() {
            true => self,
            false => Double { high: -self.high, low: -self.low },
        }
    }
}

impl From<f64> for Double {
    fn from(high: f64) -> Self {
        Double { high, low: 0.0 }
    }
}

impl PartialOrd for Double {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        (self.high, self.low).partial_cmp(&(other.high, other.low))
    }
}

impl Add for Double {
    type Output = Double;
    fn add(self, other: Double) -> Double {
        let (high, lost) = two_sum(self.high, other.high);
        let (low, lost_low) = two_sum(self.low, other.low);
        if !high.is_finite() {
            return Self::from(high);
        }
        let sum = Self::new(high, lost + low);
        Self::new(sum.high, sum.low + lost_low)
    }
}

impl Neg for Double {
    type Output = Double;
    fn neg(self) -> Double {
        Double { high: -self.high, low: -self.low }
    }
}

impl Sub for Double {
    type Output = Double;
    fn sub(self, other: Double) -> Double {
        self + -other
    }
}

impl Mul for Double {
    type Output = Double;
    fn mul(self, other: Double) -> Double {
        let product = Self::product(self.high, other.high);
        if !product.high.is_finite() {
            return product;
        }
        Self::new(product.high, product.low + (self.high * other.low + self.low * other.high))
    }
}

impl Div for Double {
    type Output = Double;
    fn div(self, other: Double) -> Double {
        let first = self.high / other.high;
        if first == 0.0 || !first.is_finite() {
            return Self::from(first);
        }
        let rest = self - other * Self::from(first);
        let second = rest.high / other.high;
        let third = (rest - other * Self::from(second)).high / other.high;
        Self::new(first, second) + Self::from(third)
    }
}

/// `a + b` rounded, and the error of that rounding (Knuth).
pub(super) fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let b_seen = sum - a;
    (sum, (a - (sum - b_seen)) + (b - b_seen))
}

/// The power of two of a positive number: what is left is in `[1, 2)`.
pub(super) fn exponent(x: f64) -> i32 {
    let (mut x, mut power) = (x, 0);
    while x < f64::MIN_POSITIVE {
        (x, power) = (x * 2.0, power - 1);
    }
    power + (x.to_bits() >> 52) as i32 - 1023
}

/// `x · 2^power`, rounded where it lies under f64 and infinite beyond.
pub(super) fn times_power(x: f64, power: i32) -> f64 {
    let (mut x, mut left) = (x, power);
    while left != 0 && x != 0.0 && x.is_finite() {
        let step = left.clamp(-512, 512);
        (x, left) = (x * 2f64.powi(step), left - step);
    }
    x
}
