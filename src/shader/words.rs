//! A rule as the kernels read it.

use crate::norm::Norm;
use crate::plan::margin::{Margin, Scaled, U, toward_zero};
use crate::plan::rim::Rim;
use crate::plan::rims::Lines;
use crate::plan::rule::{Clamp, Plane, Rule, Shrink};
use crate::projection::{OnNonFinite, Rounding, ZeroSlice};
use crate::shader::params::Params;

/// An exponent that no power of a norm has: everything is inside, or outside.
const BEYOND: i32 = 1 << 20;

/// A rim as the kernels read it.
pub(crate) struct RimWords {
    pub threshold: Scaled,
    pub radius: Scaled,
    pub epsilon: Scaled,
}

impl RimWords {
    pub fn new(rim: &Rim) -> Self {
        let epsilon = scaled(rim.epsilon);
        let (threshold, radius) = if rim.threshold.is_infinite() {
            (INSIDE, Scaled { mantissa: 1.0, exponent: 0 })
        } else if rim.target == 0.0 || rim.threshold <= 0.0 {
            // Every power is above the threshold; a zero radius zeroes.
            (OUTSIDE, Scaled::binary(rim.target))
        } else {
            (rim.scaled_threshold(), Scaled::binary(rim.target))
        };
        RimWords { threshold, radius, epsilon }
    }
}

const INSIDE: Scaled = Scaled { mantissa: 1.0, exponent: BEYOND };
const OUTSIDE: Scaled = Scaled { mantissa: 0.0, exponent: -BEYOND };

/// In powers of two; zero is under all others, so that it is never the larger of two.
fn scaled(value: f64) -> Scaled {
    if value == 0.0 { OUTSIDE } else { Scaled::binary(value) }
}

/// The bounds of elements as the kernels read them.
pub(crate) struct BoundWords {
    pub low: u32,
    pub high: u32,
    pub low_key: i32,
    pub high_key: i32,
}

impl BoundWords {
    pub fn new(low: f32, high: f32) -> Self {
        // A bound of zero, whatever its sign, has both zeros inside.
        let low_key = if low == 0.0 { key(-0.0) } else { key(low) };
        let high_key = if high == 0.0 { key(0.0) } else { key(high) };
        BoundWords { low: low.to_bits(), high: high.to_bits(), low_key, high_key }
    }
}

/// The order of keys is that of numbers; minus zero is just below zero.
fn key(value: f32) -> i32 {
    let bits = value.to_bits() as i32;
    bits ^ ((bits >> 31) & i32::MAX)
}

/// The number that the kernels know a policy by.
pub(crate) fn policy(policy: OnNonFinite) -> u32 {
    match policy {
        OnNonFinite::Leave => 0,
        OnNonFinite::Zero => 1,
        OnNonFinite::Propagate => 2,
        OnNonFinite::Poison => 3,
    }
}

/// How elements of 16 bits are rounded, as the kernels know it.
pub(crate) fn nearest(rounding: Rounding) -> u32 {
    match rounding {
        Rounding::Feasible | Rounding::Nearest => u32::MAX,
        Rounding::TowardZero => 0,
    }
}

/// The most rounds of a search among so many elements: each divides the product of the excess and
/// the number of elements that remain by four.
pub(crate) fn rounds(length: usize) -> u32 {
    usize::BITS - length.leading_zeros() + 16
}

impl Params {
    /// The same dispatch for a rule of slices of `length` elements.
    #[must_use]
    pub(crate) fn with_rule(
        self,
        rule: &Rule,
        norm: Norm,
        on_non_finite: OnNonFinite,
        rounding: Rounding,
        length: usize,
        margin: Margin,
    ) -> Self {
        let power = if let Norm::Lp(p) = norm { p.value() } else { 1.0 };
        let params = Params {
            on_non_finite: policy(on_non_finite),
            nearest: nearest(rounding),
            power: power as f32,
            inverse_power: power.recip() as f32,
            length: length as f32,
            rounds: rounds(length),
            ..self
        };
        match rule {
            Rule::Scale(rim) => params.with_rim(rim),
            Rule::Clamp(clamp) => params.with_clamp(clamp),
            Rule::Shrink(shrink) => params.with_shrink(shrink, margin.of(Norm::L1).sigma),
            Rule::Along(plane) => params.with_plane(plane),
        }
    }

    /// The same dispatch, with what makes a rim of each radius in memory.
    #[must_use]
    pub(crate) fn with_lines(self, lines: &Lines) -> Self {
        let endless = |value: f64| if value.is_infinite() { INSIDE } else { scaled(value) };
        let (scale, least, most) = (endless(lines.scale), scaled(lines.least), endless(lines.most));
        // Away from zero where it is subtracted: a lower threshold must not be rounded upward.
        let offset =
            |value: f64| scaled(value.abs() * if value < 0.0 { 1.0 + 4.0 * U } else { 1.0 });
        let offsets = lines.lines.map(|line| offset(line.offset));
        let sign = |of: usize| if lines.lines[of].offset < 0.0 { -1.0 } else { 1.0 };
        Params {
            scale: scale.mantissa,
            scale_exponent: scale.exponent,
            least: least.mantissa,
            least_exponent: least.exponent,
            most: most.mantissa,
            most_exponent: most.exponent,
            turns: lines.turns.into(),
            basis: u32::from(lines.zero == ZeroSlice::BasisVector),
            slopes: lines.lines.map(|line| toward_zero(line.slope) as f32),
            offsets: [0, 1, 2, 3].map(|of| sign(of) * offsets[of].mantissa),
            offset_exponents: offsets.map(|offset| offset.exponent),
            ..self
        }
    }

    fn with_rim(self, rim: &Rim) -> Self {
        let RimWords { threshold, radius, .. } = RimWords::new(rim);
        // A radius without end is never aimed at.
        let part = |of: f64| scaled(if of.is_infinite() { 1.0 } else { rim.rate * of });
        let radius = if rim.rate == 1.0 { radius } else { part(rim.target) };
        let least = match rim.low_threshold {
            0.0 => OUTSIDE,
            _ => rim.scaled_low_threshold(),
        };
        let (low, floor) = (part(rim.low_target), scaled(rim.floor));
        let epsilon = scaled(rim.epsilon);
        let rest = scaled(1.0 - rim.rate);
        Params {
            epsilon: epsilon.mantissa,
            epsilon_exponent: epsilon.exponent,
            low_radius: low.mantissa,
            low_radius_exponent: low.exponent,
            rest: rest.mantissa,
            rest_exponent: rest.exponent,
            floor: floor.mantissa,
            floor_exponent: floor.exponent,
            always: rim.always.into(),
            basis: basis(rim.zero, rim.low_threshold, rim.low_target),
            radius: radius.mantissa,
            radius_exponent: radius.exponent,
            ..self.with_thresholds(threshold, least)
        }
    }

    fn with_thresholds(self, threshold: Scaled, least: Scaled) -> Self {
        Params {
            threshold: threshold.mantissa,
            threshold_exponent: threshold.exponent,
            low_threshold: least.mantissa,
            low_threshold_exponent: least.exponent,
            ..self
        }
    }

    fn with_clamp(self, clamp: &Clamp) -> Self {
        let BoundWords { low, high, low_key, high_key } =
            BoundWords::new(clamp.low as f32, clamp.high as f32);
        Params { low, high, low_key, high_key, alone: clamp.alone.into(), ..self }
    }

    fn with_plane(self, plane: &Plane) -> Self {
        let (plane, offset) = match *plane {
            Plane::Hyperplane { offset } => (0, offset),
            Plane::HalfSpace { offset } => (1, offset),
            Plane::Line => (2, 0.0),
        };
        let Scaled { mantissa, exponent } =
            if offset.is_infinite() { INSIDE } else { scaled(offset.abs()) };
        let radius = mantissa.copysign(offset as f32);
        Params { plane, radius, radius_exponent: exponent, ..self }
    }

    /// `sigma` bounds the relative error of a sum, so that one that is near enough is inside the next
    /// time, too.
    fn with_shrink(self, shrink: &Shrink, sigma: f64) -> Self {
        let Shrink { magnitudes, low, high, target, zero } = *shrink;
        let threshold = match high {
            f64::INFINITY => INSIDE,
            0.0 => OUTSIDE,
            _ => Scaled::binary(high),
        };
        let least = if low == 0.0 { OUTSIDE } else { Scaled::binary(low) };
        // Sums near the ends of the range of f32 are taken in other units.
        let unit = match target {
            _ if target > 2f64.powi(60) => 64,
            _ if target < 2f64.powi(-60) => -64,
            _ => 0,
        };
        let in_units = |sum: f64| (sum * 2f64.powi(-unit)) as f32;
        let (near_low, near_high) = (target * (1.0 - sigma - 6.0 * U), target * (1.0 + 6.0 * U));
        let near_high = if low == 0.0 { near_high } else { near_high + target * sigma };
        let (zero_bits, finite) = (basis(zero, low, target), f64::from(f32::MAX));
        Params {
            basis: zero_bits,
            signs: if magnitudes { 1 << 31 } else { 0 },
            aim: in_units(target),
            near_low: in_units(near_low),
            near_high: in_units(near_high),
            unit,
            reach: target.min(finite) as f32,
            ..self.with_thresholds(threshold, least)
        }
    }
}

/// What the first element of a slice of zeros becomes, where it is too short.
fn basis(zero: ZeroSlice, low: f64, target: f64) -> u32 {
    match zero {
        ZeroSlice::BasisVector if low > 0.0 => (target as f32).to_bits(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_in_the_order_of_numbers() {
        let numbers = [f32::NEG_INFINITY, -2.0, -1e-45, -0.0, 0.0, 1e-45, 2.0, f32::INFINITY];
        assert!(numbers.windows(2).all(|pair| key(pair[0]) < key(pair[1])));
    }

    #[test]
    fn a_bound_of_zero_keeps_both_zeros() {
        let words = BoundWords::new(0.0, -0.0);
        assert_eq!((words.low_key, words.high_key), (key(-0.0), key(0.0)));
    }

    #[test]
    fn a_search_has_rounds_for_every_length() {
        assert_eq!((rounds(1), rounds(1 << 20)), (17, 37));
    }
}
