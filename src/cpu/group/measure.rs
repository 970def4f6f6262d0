//! What is accumulated over a run.

use crate::cpu::general::elements::exponent;
use crate::cpu::kernel;
use crate::cpu::number::{Number, Real};
use crate::cpu::term::Term;
use crate::norm::Norm;
use crate::plan::group::Power;

/// Which powers are summed, of elements divided by which power of two.
#[derive(Debug, Clone, Copy)]
pub(super) struct Measure {
    norm: Norm,
    term: Term,
    exponent: i32,
}

/// Elements that are divided before they are summed: they stay in the first cache.
const SCALED: usize = 1024;

/// Sums that are far enough from the ends of f64 that no term beside them was lost.
const PLAIN: std::ops::RangeInclusive<f64> = 1e-250..=1e250;

impl Measure {
    /// Plain powers.
    pub fn new(norm: Norm) -> Self {
        Measure { norm, term: Term::of(norm), exponent: 0 }
    }

    /// Whether a plain sum may have left the range of f64.
    pub fn leaves<T: Number>(norm: Norm, sum: f64) -> bool {
        let ample = match norm {
            Norm::L1 | Norm::L2 => !T::Real::DOUBLE,
            Norm::Linf => true,
            Norm::Lp(p) => !T::Real::DOUBLE && p.value() <= Term::AMPLE,
        };
        !ample && !PLAIN.contains(&sum)
    }

    /// The largest magnitude.
    pub fn largest() -> Self {
        Self::new(Norm::Linf)
    }

    /// Powers of elements in units of the largest, which is positive and finite.
    pub fn near(norm: Norm, largest: f64) -> Self {
        Measure { exponent: exponent(largest), ..Self::new(norm) }
    }

    /// What a run adds up to.
    pub fn of<T: Number>(self, run: &[T]) -> Power {
        if self.exponent == 0 {
            return Power::plain(kernel::sum(self.term, run));
        }
        // Two factors: 2^1074 is beyond f64. What becomes subnormal is nothing beside the largest.
        let half = -self.exponent / 2;
        let [first, second] = [half, -self.exponent - half].map(|power| f64::from(power).exp2());
        let mut scaled = [0.0; SCALED];
        let mut power = Power::plain(0.0);
        for piece in run.chunks(SCALED) {
            let scaled = &mut scaled[..piece.len()];
            let elements = scaled.iter_mut().zip(piece);
            elements.for_each(|(y, x)| *y = x.wide() * first * second);
            let part = Power::scaled(kernel::sum(self.term, scaled), self.exponent);
            power = self.merge(power, part);
        }
        power
    }

    pub fn merge(self, a: Power, b: Power) -> Power {
        Power::merge(self.norm, a, b)
    }
}
