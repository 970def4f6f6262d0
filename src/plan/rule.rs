//! What decides about a slice, and what becomes of it: the numbers that both backends work with.

use half::{bf16, f16};

use crate::dtype::DType;
use crate::norm::Norm;
use crate::plan::margin::{Margin, toward_zero};
use crate::plan::powers::times_power;
use crate::plan::rim::Rim;
use crate::plan::slack::Slack;
use crate::projection::{Formula, Projection, Set, ZeroSlice};

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
    /// The slice moves along a direction, decided from its product with that.
    Along(Plane),
}

/// Where a slice goes along a direction a.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Plane {
    /// To `⟨a, y⟩ = b`.
    Hyperplane {
        /// b.
        offset: f64,
    },
    /// There, if `⟨a, x⟩` is above b.
    HalfSpace {
        /// b; infinite if everything is inside.
        offset: f64,
    },
    /// To the multiple of a that is nearest.
    Line,
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
    /// The lower bound, an element of the dtype.
    pub low: f64,
    /// The upper bound.
    pub high: f64,
    /// Whether each element is by itself: an infinity is clamped then, where a slice that holds one
    /// would follow the policy.
    pub alone: bool,
}

impl Rule {
    /// The rule of a projection (checked before) of slices of `length` elements.
    pub(crate) fn new(
        projection: &Projection,
        length: usize,
        dtype: DType,
        margin: Margin,
    ) -> Self {
        let slack = Slack::new(projection.norm(), projection.rounds(), margin, dtype, length);
        Rule::of_set(projection.set(), projection, length, dtype, slack)
    }

    /// As [`Rule::new`] where the set is another of its kind; the room depends on its norm alone.
    pub(crate) fn of_set(
        set: Set,
        projection: &Projection,
        length: usize,
        dtype: DType,
        slack: Slack,
    ) -> Self {
        let formula = projection.formula().unwrap_or(Formula::OWN);
        let ball = |norm, radius| Rule::Scale(Rim::ball(norm, radius, formula, slack));
        let sphere = |norm, radius| {
            let rim = Rim::sphere(norm, radius, formula, slack);
            Rule::Scale(Rim { zero: projection.zero_policy(), ..rim })
        };
        match set {
            Set::MaxNorm { norm, radius } | Set::ClipNorm { norm, radius } => ball(norm, radius),
            Set::Ball { norm: Norm::Linf, radius } => {
                // Kernels compare magnitudes with it: minus zero would be above all of them.
                let high = bound(radius, dtype).abs();
                Rule::Clamp(Clamp { low: -high, high, alone: false })
            }
            Set::Ball { norm: Norm::L1, radius } => Rule::Shrink(Shrink::ball(radius, slack)),
            Set::Ball { norm, radius } => ball(norm, radius),
            // No element, no product of infinity and zero.
            Set::ClipAverageNorm { radius } => ball(Norm::L2, radius * length.max(1) as f64),
            Set::ClipRms { radius } => ball(Norm::L2, radius * (length.max(1) as f64).sqrt()),
            Set::UnitNorm { norm, radius } => sphere(norm, radius),
            Set::WeightNorm { radius } => sphere(Norm::L2, radius),
            Set::Sphere { norm: Norm::L1, radius } => {
                let sum = Shrink::sum(true, radius, slack);
                Rule::Shrink(Shrink { zero: projection.zero_policy(), ..sum })
            }
            Set::Sphere { norm, radius } => sphere(norm, radius),
            Set::MinMaxNorm { low, high, rate } => {
                let rim = Rim::interval(Norm::L2, low, high, formula, slack);
                Rule::Scale(Rim { rate, ..rim })
            }
            Set::Simplex { radius } => Rule::Shrink(Shrink::sum(false, radius, slack)),
            Set::Bounds { low, high } => {
                Rule::Clamp(Clamp { low: bound(low, dtype), high: bound(high, dtype), alone: true })
            }
            Set::Hyperplane { offset: b } => {
                Rule::Along(Plane::Hyperplane { offset: offset(b, dtype) })
            }
            Set::HalfSpace { offset: b } => {
                Rule::Along(Plane::HalfSpace { offset: offset(b, dtype) })
            }
            Set::Line => Rule::Along(Plane::Line),
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
            Rule::Shrink(_) | Rule::Clamp(_) | Rule::Along(_) => 1.0,
        }
    }

    /// [`Rule::smallest_factor`] where the largest norm, `value · 2^exponent`, lies beyond f64; none where
    /// it does not, or nothing is scaled.
    pub(crate) fn smallest_factor_beyond(&self, value: f64, exponent: i32) -> Option<f64> {
        match self {
            Rule::Scale(rim) if times_power(value, exponent) > f64::MAX => {
                Some(rim.factor_beyond(value, exponent).min(1.0))
            }
            _ => None,
        }
    }
}

impl Shrink {
    /// `{x : Σ |x| ≤ c}`.
    fn ball(radius: f64, slack: Slack) -> Self {
        let c = slack.radius(radius);
        let (high, target) = (slack.above(c) * (1.0 - slack.sigma), slack.inside(c));
        Shrink { magnitudes: true, low: 0.0, high, target, zero: ZeroSlice::Keep }
    }

    /// `{x : Σ |x| = c}`, or Σ x where no element is negative.
    fn sum(magnitudes: bool, radius: f64, slack: Slack) -> Self {
        let c = slack.radius(radius);
        let (low, high) = slack.band(c);
        Shrink { magnitudes, low, high, target: c, zero: ZeroSlice::Keep }
    }
}

/// The offset of a plane: as a radius, of either sign.
fn offset(b: f64, dtype: DType) -> f64 {
    if dtype == DType::F64 { b } else { toward_zero(b.abs()).copysign(b) }
}

/// A bound as an element, rounded toward zero: the largest one at most, but infinity bounds nothing.
pub(crate) fn bound(value: f64, dtype: DType) -> f64 {
    let magnitude = value.abs();
    let (nearest, below) = match dtype {
        _ if value.is_infinite() => return value,
        DType::F64 => return value,
        DType::F32 => return toward_zero(magnitude.min(dtype.largest())).copysign(value),
        DType::F16 => {
            let nearest = f16::from_f64(magnitude.min(dtype.largest()));
            (nearest.to_f64(), f16::from_bits(nearest.to_bits().saturating_sub(1)).to_f64())
        }
        DType::BF16 => {
            let nearest = bf16::from_f64(magnitude.min(dtype.largest()));
            (nearest.to_f64(), bf16::from_bits(nearest.to_bits().saturating_sub(1)).to_f64())
        }
    };
    (if nearest > magnitude { below } else { nearest }).copysign(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_beyond_infinity_also_of_no_elements() {
        let all = f64::INFINITY;
        for projection in [Projection::clip_average_norm(all, 0), Projection::clip_rms(all, 0)] {
            let rule = Rule::new(&projection, 0, DType::F32, Margin::f32(1));
            assert_eq!(rule, Rule::Scale(Rim::unbounded(Norm::L2)));
        }
    }

    #[test]
    fn bounds_round_toward_zero_to_an_element() {
        assert_eq!(bound(0.1, DType::F32), f64::from(0.1f32.next_down()));
        assert_eq!(bound(-0.1, DType::F32), -f64::from(0.1f32.next_down()));
        assert_eq!(bound(1e39, DType::F32), f64::from(f32::MAX));
        assert_eq!(bound(f64::NEG_INFINITY, DType::F16), f64::NEG_INFINITY);
        assert_eq!(bound(1.0 + 2f64.powi(-8), DType::BF16), 1.0);
        assert_eq!(bound(-1.0 - 1.9 * 2f64.powi(-10), DType::F16), -1.0 - 2f64.powi(-10));
        assert_eq!(bound(1e6, DType::F16), 65504.0);
        assert_eq!(bound(2f64.powi(-26), DType::F16), 0.0);
        assert_eq!(bound(0.1, DType::F64), 0.1);
    }
}
