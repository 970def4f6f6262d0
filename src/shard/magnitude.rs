//! Numbers of 0 or more whose exponent is apart: sums of powers leave f64 at both ends.

use std::cmp::Ordering;

use crate::plan::powers::{exponent, times_power};

/// `mantissa · 2^exponent`, the mantissa in `[1, 2)`; zero is `0 · 2^0`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Magnitude {
    pub mantissa: f64,
    pub exponent: i32,
}

impl Magnitude {
    pub const ZERO: Magnitude = Magnitude { mantissa: 0.0, exponent: 0 };

    /// A finite number of 0 or more.
    pub fn new(x: f64) -> Self {
        Self::scaled(x, 0)
    }

    /// `x · 2^power`.
    fn scaled(x: f64, power: i32) -> Self {
        if x == 0.0 {
            return Self::ZERO;
        }
        let own = exponent(x);
        Magnitude { mantissa: times_power(x, -own), exponent: own + power }
    }

    /// The number in f64; infinite beyond.
    pub fn number(self) -> f64 {
        times_power(self.mantissa, self.exponent)
    }

    /// The sum, rounded to 53 bits: the same whichever of the two comes first.
    pub fn plus(self, other: Self) -> Self {
        let (large, small) = if self > other { (self, other) } else { (other, self) };
        let aligned = times_power(small.mantissa, small.exponent - large.exponent);
        Self::scaled(large.mantissa + aligned, large.exponent)
    }

    pub fn times(self, other: Self) -> Self {
        Self::scaled(self.mantissa * other.mantissa, self.exponent + other.exponent)
    }

    /// The quotient by a number that is not zero.
    pub fn over(self, other: Self) -> Self {
        Self::scaled(self.mantissa / other.mantissa, self.exponent - other.exponent)
    }

    /// A power q > 0. The product of q and the exponent is rounded, so that the result may be off by
    /// `q · |exponent| · 2⁻⁵³` relatively.
    pub fn power(self, q: f64) -> Self {
        match q {
            _ if self == Self::ZERO => self,
            1.0 => self,
            2.0 => self.times(self),
            0.5 => {
                let odd = self.exponent.rem_euclid(2);
                let root = times_power(self.mantissa, odd).sqrt();
                Self::scaled(root, (self.exponent - odd) / 2)
            }
            q => {
                let bits = f64::from(self.exponent) * q;
                let whole = bits.floor();
                Self::scaled(self.mantissa.powf(q) * (bits - whole).exp2(), whole as i32)
            }
        }
    }
}

impl PartialOrd for Magnitude {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        // Zero is under everything, whatever its exponent says.
        let key = |x: &Self| if x.mantissa == 0.0 { i64::MIN } else { x.exponent.into() };
        match key(self).cmp(&key(other)) {
            Ordering::Equal => self.mantissa.partial_cmp(&other.mantissa),
            order => Some(order),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: f64, b: f64) {
        assert!((a - b).abs() <= 4e-13 * b.abs(), "{a:e} is not {b:e}");
    }

    #[test]
    fn arithmetic_is_that_of_f64_where_f64_has_room() {
        let numbers = [0.0, 1.0, 3.0, 0.7, 1e-30, 2.5e30, 5e-324, f64::MAX];
        for x in numbers {
            assert_eq!(Magnitude::new(x).number(), x);
            for y in numbers {
                let (a, b) = (Magnitude::new(x), Magnitude::new(y));
                assert_eq!(a.plus(b), b.plus(a));
                assert_eq!(a.partial_cmp(&b), x.partial_cmp(&y));
                if (x + y).is_finite() {
                    assert_eq!(a.plus(b).number(), x + y);
                }
            }
        }
        near(Magnitude::new(3.0).over(Magnitude::new(7.0)).number(), 3.0 / 7.0);
    }

    #[test]
    fn powers_and_roots_leave_f64_and_come_back() {
        for x in [1e-300, 3.0, 0.3, 1.7e308] {
            for q in [1.0, 2.0, 3.0, 0.5, 64.0, 1.0 / 64.0, 3.3] {
                near(Magnitude::new(x).power(q).power(1.0 / q).number(), x);
            }
        }
        let square = Magnitude::new(3e300).power(2.0);
        assert_eq!(square.number(), f64::INFINITY);
        near(square.plus(square).power(0.5).number(), 3e300 * 2f64.sqrt());
    }
}
