//! The rim of a set that is reached by scaling: what norms are compared with and scaled to.

use crate::dtype::Precision;
use crate::norm::Norm;
use crate::plan::margin::Scaled;
use crate::plan::powers::times_power;
use crate::plan::slack::Slack;
use crate::projection::{Formula, Place, ZeroSlice};

/// What a slice is compared with and scaled to, in f64. `power` is the norm, squared where
/// [`Rim::squared`] says so.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rim {
    /// Which norm is compared.
    pub norm: Norm,
    /// Whether its square is: that of L2 norms, but of f64 elements, where a square leaves the range.
    pub squared: bool,
    /// A slice is too long if its power is over this. Infinite if none is; negative if all are.
    pub threshold: f64,
    /// The norm that a slice aims at that is too long.
    pub target: f64,
    /// A slice is too short if its power is under this; 0 if none is.
    pub low_threshold: f64,
    /// The norm that a slice aims at that is too short.
    pub low_target: f64,
    /// The part of the way to the target that a slice goes.
    pub rate: f64,
    /// What another system's formula adds to the norm that divides; 0 of our own.
    pub epsilon: f64,
    /// The least that the norm is that divides.
    pub floor: f64,
    /// Whether slices that are inside are multiplied too, by `n / (n + ε)`.
    pub always: bool,
    /// What becomes of slices of zeros that are too short.
    pub zero: ZeroSlice,
    /// Whether a slice is turned over: its radius, in memory, is negative.
    pub turned: bool,
}

/// No slice of fewer than 2⁶⁴ finite f32 values has a larger L2 norm than 2¹⁶⁰, and the square of
/// this stays inside f64.
const BEYOND_ALL: f64 = 1.532_495_540_865_889e54; // 2^180

impl Rim {
    /// Everything is inside.
    pub fn unbounded(norm: Norm) -> Self {
        Rim {
            norm,
            squared: norm == Norm::L2,
            threshold: f64::INFINITY,
            target: f64::INFINITY,
            low_threshold: 0.0,
            low_target: 0.0,
            rate: 1.0,
            epsilon: 0.0,
            floor: 0.0,
            always: false,
            zero: ZeroSlice::Keep,
            turned: false,
        }
    }

    /// Whether a slice that is too long goes all of the way to its target, and all others stay.
    pub(crate) fn is_plain(&self) -> bool {
        let divides = self.epsilon == 0.0 && self.floor == 0.0;
        divides && self.low_threshold == 0.0 && self.rate == 1.0 && !self.always
    }

    /// The rim of `{x : ‖x‖ ≤ c}`, c 0 or more and checked before.
    pub(crate) fn ball(norm: Norm, radius: f64, formula: Formula, slack: Slack) -> Self {
        let rim = Rim::unbounded(norm).of_dtype(slack).of_formula(formula);
        let c = slack.radius(radius);
        // Squares of what is beyond every L2 norm would leave f64; an Lp norm with p < 1 has no such
        // bound, and nothing of it is squared.
        if c > if rim.squared { BEYOND_ALL } else { f64::MAX } {
            return rim;
        }
        // n + ε ≤ c. 24 bits squared fit f64's 53: without ε the square is exact.
        let compared = if formula.place == Place::Norm { formula.epsilon } else { 0.0 };
        let reach = slack.above(c) - compared;
        let threshold = reach.signum() * rim.power(reach.abs()) * rim.compared(1.0 - slack.sigma);
        Rim { threshold, target: slack.inside(c), ..rim }
    }

    /// The rim of `{x : ‖x‖ = c}`. What is within κ of c is inside.
    pub(crate) fn sphere(norm: Norm, radius: f64, formula: Formula, slack: Slack) -> Self {
        let rim = Rim::unbounded(norm).of_dtype(slack).of_formula(formula);
        let c = slack.radius(radius);
        let (low, high) = slack.band(c);
        let (threshold, low_threshold) = (rim.power(high), rim.power(low));
        Rim { threshold, target: c, low_threshold, low_target: c, ..rim }
    }

    /// The rim of `{x : lo ≤ ‖x‖ ≤ hi}`; a sphere between the two where they are too near each other
    /// for anything to be surely inside.
    pub(crate) fn interval(
        norm: Norm,
        low: f64,
        high: f64,
        formula: Formula,
        slack: Slack,
    ) -> Self {
        let (c, kappa) = (slack.radius(low), slack.kappa);
        if c * (1.0 + kappa) > slack.radius(high) * (1.0 - kappa) {
            return Rim::sphere(norm, 0.5 * (low + high), formula, slack);
        }
        let rim = Rim::ball(norm, high, formula, slack);
        let low_threshold = rim.power(slack.below(c)) * rim.compared(1.0 + slack.sigma);
        Rim { low_threshold, low_target: slack.outside(c), ..rim }
    }

    fn power(&self, norm: f64) -> f64 {
        if self.squared { norm * norm } else { norm }
    }

    /// A factor of what is accumulated, for what is compared.
    fn compared(&self, factor: f64) -> f64 {
        if self.norm == Norm::L2 && !self.squared { factor.sqrt() } else { factor }
    }

    fn of_dtype(self, slack: Slack) -> Self {
        Rim { squared: self.squared && !slack.double, ..self }
    }

    fn of_formula(self, formula: Formula) -> Self {
        let (epsilon, floor) = match formula.place {
            Place::Divisor | Place::Norm => (formula.epsilon, 0.0),
            Place::Floor => (0.0, formula.epsilon),
        };
        Rim { epsilon, floor, always: formula.always, ..self }
    }

    /// Whether a finite slice with this power is kept as it is; one of zeros is, whatever this says,
    /// unless [`Rim::zero`] says otherwise.
    #[inline(always)]
    pub fn keeps(&self, power: f64) -> bool {
        !self.always & !self.turned & (power <= self.threshold) & (power >= self.low_threshold)
    }

    /// The factor of a finite slice of this norm, which is not zero.
    #[inline(always)]
    pub fn factor(&self, norm: f64) -> f64 {
        let power = self.power(norm);
        let goal = match () {
            () if power > self.threshold => self.target,
            () if power < self.low_threshold => self.low_target,
            () if self.always => norm,
            () => return 1.0,
        };
        let divisor = (norm + self.epsilon).max(self.floor);
        // One quotient where the whole way is gone, so that a rate of 1 costs no rounding.
        match self.rate {
            1.0 => goal / divisor,
            rate => (rate * goal + (1.0 - rate) * norm) / divisor,
        }
    }

    /// [`Rim::factor`] of a norm of `value · 2^exponent` that lies beyond f64, which none does that is squared.
    pub(crate) fn factor_beyond(&self, value: f64, exponent: i32) -> f64 {
        let unit = |x: f64| times_power(x, -exponent);
        let rim = Rim {
            threshold: unit(self.threshold),
            target: unit(self.target),
            low_threshold: unit(self.low_threshold),
            low_target: unit(self.low_target),
            epsilon: unit(self.epsilon),
            floor: unit(self.floor),
            ..*self
        };
        rim.factor(value)
    }

    /// The upper threshold in powers of two, or of four where squares are summed.
    pub(crate) fn scaled_threshold(&self, precision: Precision) -> Scaled {
        self.scaled_power(self.threshold, precision)
    }

    /// The lower threshold, as [`Rim::scaled_threshold`].
    pub(crate) fn scaled_low_threshold(&self, precision: Precision) -> Scaled {
        self.scaled_power(self.low_threshold, precision)
    }

    fn scaled_power(&self, power: f64, precision: Precision) -> Scaled {
        match (self.norm, self.squared) {
            (Norm::L2, true) => Scaled::quaternary(power, precision),
            (Norm::L2, false) => Scaled::squared(power, precision),
            _ => Scaled::binary(power, precision),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dtype::DType;
    use crate::plan::margin::{Margin, U};
    use crate::projection::Rounding;

    fn slack(norm: Norm, margin: Margin) -> Slack {
        Slack::new(norm, Rounding::Feasible, margin, DType::F32, 1)
    }

    fn ball(norm: Norm, radius: f64, margin: Margin) -> Rim {
        Rim::ball(norm, radius, Formula::OWN, slack(norm, margin))
    }

    #[test]
    fn a_radius_of_minus_zero_is_zero() {
        let rim = ball(Norm::L2, -0.0, Margin::f32(1));
        assert!(rim.target == 0.0 && rim.target.is_sign_positive());
    }

    #[test]
    fn what_is_scaled_is_inside_the_second_time() {
        // Where no root halves the errors.
        for norm in [Norm::L1, Norm::Linf, Norm::lp(3.0).unwrap(), Norm::lp(0.5).unwrap()] {
            for additions in [0, 30, 74] {
                let margin = Margin::f32(additions);
                let (rim, sigma) = (ball(norm, 1.0, margin), margin.of(norm).sigma);
                let worst = rim.target / (1.0 - sigma) * (1.0 + 7.0 * U);
                assert!(worst * (1.0 + sigma) <= rim.threshold, "{norm} {additions}");
                let rim = Rim::sphere(norm, 1.0, Formula::OWN, slack(norm, margin));
                let worst = rim.target / (1.0 - sigma) * (1.0 + 7.0 * U) * (1.0 + sigma);
                assert!(rim.keeps(worst) && rim.keeps(2.0 - worst), "{norm} {additions}");
            }
        }
    }

    #[test]
    fn an_interval_without_room_is_a_sphere() {
        let of = |low, high| {
            Rim::interval(Norm::L2, low, high, Formula::OWN, slack(Norm::L2, Margin::f32(30)))
        };
        assert_eq!((of(2.0, 2.0).target, of(2.0, 2.0).low_target), (2.0, 2.0));
        let wide = of(1.0, 2.0);
        assert!(wide.low_target > 1.0 && wide.target < 2.0 && wide.keeps(2.25));
        assert!(!wide.keeps(0.99) && !wide.keeps(4.01));
        // Without a lower bound nothing is too short.
        assert!(of(0.0, 2.0).keeps(0.0));
    }

    #[test]
    fn a_rate_goes_part_of_the_way() {
        let slack = Slack::new(Norm::L2, Rounding::Nearest, Margin::f32(1), DType::F32, 1);
        let rim = Rim::interval(Norm::L2, 0.0, 1.0, Formula::OWN, slack);
        assert_eq!(Rim { rate: 0.5, ..rim }.factor(3.0), 2.0 / 3.0);
        assert_eq!((rim.factor(4.0), rim.factor(0.5)), (0.25, 1.0));
    }
}
