//! What a group is multiplied by.

use super::power::Size;
use crate::plan::powers::{exponent, times_power};
use crate::plan::rim::Rim;

/// `value · 2^exponent`, which may lie beyond f64: `[1e200]` scaled to norm 1e-200.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Factor {
    pub value: f64,
    pub exponent: i32,
}

/// Divisors whose quotients keep every bit in f64, whatever f32 could be their target.
const PLAIN: std::ops::RangeInclusive<f64> = 1e-200..=1e200;

impl Factor {
    /// What takes a norm to the target of a rim.
    pub fn of(rim: &Rim, norm: Size) -> Self {
        let divisor = norm.number() + rim.epsilon;
        let plain = rim.target / divisor;
        if PLAIN.contains(&divisor) && (rim.target == 0.0 || PLAIN.contains(&plain)) {
            return Factor { value: plain, exponent: 0 };
        }
        // An ε is nothing beside a norm that is out of range above.
        let own = rim.epsilon == 0.0 || divisor > *PLAIN.end();
        let divisor = if own { norm } else { Size { value: divisor, exponent: 0 } };
        let of_target = if rim.target > 0.0 { exponent(rim.target) } else { 0 };
        let of_divisor = exponent(divisor.value);
        Factor {
            value: times_power(rim.target, -of_target) / times_power(divisor.value, -of_divisor),
            exponent: of_target - of_divisor - divisor.exponent,
        }
    }

    /// The number.
    pub fn number(self) -> f64 {
        times_power(self.value, self.exponent)
    }

    /// Two factors, one after the other, that leave f64 on the way only if the product does in the end.
    pub fn halves(self) -> [f64; 2] {
        let half = self.exponent / 2;
        [times_power(1.0, half), times_power(self.value, self.exponent - half)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::norm::Norm;

    #[test]
    fn quotients_beyond_f64_keep_their_bits() {
        let of = |target, value, exponent| {
            let rim = Rim { target, ..Rim::unbounded(Norm::L1) };
            Factor::of(&rim, Size { value, exponent })
        };
        assert_eq!(of(1.0, 4.0, 0).number(), 0.25);
        assert_eq!(of(0.0, 4.0, 0).number(), 0.0);
        // 1.5 · 2^-1020 of a norm of 2^1026, beyond f64 itself.
        let Factor { value, exponent } = of(1.5 * 2f64.powi(-1020), 8.0, 1023);
        assert_eq!((value, exponent), (1.5, -2046));
        let [first, second] = of(1.5 * 2f64.powi(-1020), 8.0, 1023).halves();
        assert_eq!(2f64.powi(1023) * first * second, 1.5 * 2f64.powi(-1023));
    }
}
