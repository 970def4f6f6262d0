//! What decides about a slice, and what becomes of it: the numbers that both backends work with.

use crate::norm::Norm;
use crate::plan::margin::{Bounds, Margin, toward_zero};
use crate::plan::rim::Rim;
use crate::projection::{Formula, Projection, Rounding, Set, ZeroSlice};

/// What decides about a slice, and what becomes of it.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Rule {
    /// It is multiplied by one factor, decided from its norm.
    Scale(Rim),
    /// Its elements move toward zero by one distance, decided from their sum.
    Shrink(Shrink),
    /// Each element moves to the nearer bound.
    Clamp(Clamp),
}

/// The numbers of a set in which a sum of elements is bounded or fixed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shrink {
    /// Whether magnitudes shrink and signs stay (L1); else elements do, down to zero (simplex).
    pub magnitudes: bool,
    /// A slice is inside if its sum is in `low..=high`, and of a simplex no element is negative.
    pub low: f64,
    /// See `low`; infinite if everything is inside.
    pub high: f64,
    /// The sum that a slice aims at.
    pub target: f64,
    /// What becomes of slices of zeros that are too short, of which magnitudes shrink.
    pub zero: ZeroSlice,
}

/// The bounds of elements.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Clamp {
    /// The lower bound.
    pub low: f32,
    /// The upper bound.
    pub high: f32,
    /// Whether each element is by itself: an infinity is clamped then, where a slice that holds one
    /// would follow the policy.
    pub alone: bool,
}

impl Rule {
    /// The rule of a projection (checked before) of slices of `length` elements.
    pub(crate) fn new(projection: &Projection, length: usize, margin: Margin) -> Self {
        let (rounding, length) = (projection.rounds(), length as f64);
        let formula = projection.formula().unwrap_or(Formula::OWN);
        let ball = |norm, radius| Rule::Scale(Rim::ball(norm, radius, rounding, formula, margin));
        let sphere = |norm, radius| {
            let rim = Rim::sphere(norm, radius, rounding, formula, margin);
            Rule::Scale(Rim { zero: projection.zero_policy(), ..rim })
        };
        match projection.set() {
            Set::MaxNorm { norm, radius } | Set::ClipNorm { norm, radius } => ball(norm, radius),
            Set::Ball { norm: Norm::Linf, radius } => {
                let high = bound(radius);
                Rule::Clamp(Clamp { low: -high, high, alone: false })
            }
            Set::Ball { norm: Norm::L1, radius } => {
                Rule::Shrink(Shrink::ball(radius, rounding, margin))
            }
            Set::Ball { norm, radius } => ball(norm, radius),
            Set::ClipAverageNorm { radius } => ball(Norm::L2, radius * length),
            Set::ClipRms { radius } => ball(Norm::L2, radius * length.sqrt()),
            Set::UnitNorm { norm, radius } => sphere(norm, radius),
            Set::Sphere { norm: Norm::L1, radius } => {
                let sum = Shrink::sum(true, radius, rounding, margin);
                Rule::Shrink(Shrink { zero: projection.zero_policy(), ..sum })
            }
            Set::Sphere { norm, radius } => sphere(norm, radius),
            Set::MinMaxNorm { low, high, rate } => {
                let rim = Rim::interval(Norm::L2, low, high, rounding, formula, margin);
                Rule::Scale(Rim { rate, ..rim })
            }
            Set::Simplex { radius } => Rule::Shrink(Shrink::sum(false, radius, rounding, margin)),
            Set::Bounds { low, high } => {
                Rule::Clamp(Clamp { low: bound(low), high: bound(high), alone: true })
            }
        }
    }

    /// The smallest factor that a slice was scaled by if the largest norm of those that were is this;
    /// 1 of what is not scaled.
    pub(crate) fn smallest_factor(&self, largest_norm: f64) -> f64 {
        match self {
            // Not 0/0 where subnormal elements have a norm of zero.
            Rule::Scale(rim) if rim.target == 0.0 && rim.rate == 1.0 => 0.0,
            // The factor falls as the norm grows.
            Rule::Scale(rim) => rim.factor(largest_norm).min(1.0),
            Rule::Shrink(_) | Rule::Clamp(_) => 1.0,
        }
    }
}

impl Shrink {
    /// `{x : Σ |x| ≤ c}`.
    fn ball(radius: f64, rounding: Rounding, margin: Margin) -> Self {
        let (c, Bounds { sigma, kappa }) = (toward_zero(radius.abs()), bounds(rounding, margin));
        Shrink {
            magnitudes: true,
            low: 0.0,
            high: c * (1.0 - sigma),
            target: c * (1.0 - kappa),
            zero: ZeroSlice::Keep,
        }
    }

    /// `{x : Σ |x| = c}`, or Σ x where no element is negative.
    fn sum(magnitudes: bool, radius: f64, rounding: Rounding, margin: Margin) -> Self {
        let (c, Bounds { kappa, .. }) = (toward_zero(radius.abs()), bounds(rounding, margin));
        let (low, high) = (c * (1.0 - kappa), c * (1.0 + kappa));
        Shrink { magnitudes, low, high, target: c, zero: ZeroSlice::Keep }
    }
}

/// The error bounds of a sum.
fn bounds(rounding: Rounding, margin: Margin) -> Bounds {
    match rounding {
        Rounding::Nearest => Bounds { sigma: 0.0, kappa: 0.0 },
        _ => margin.of(Norm::L1),
    }
}

/// A bound as f32, rounded toward zero: to the largest f32 at most, but infinity bounds nothing.
pub(crate) fn bound(value: f64) -> f32 {
    if value.is_infinite() {
        return value as f32;
    }
    (toward_zero(value.abs()).min(f32::MAX.into()) as f32).copysign(value as f32)
}
