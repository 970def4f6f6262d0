//! A rule as the kernels read it.

use crate::dtype::{DType, Precision};
use crate::norm::Norm;
use crate::plan::Plan;
use crate::plan::margin::{Margin, Scaled, U};
use crate::plan::rim::Rim;
use crate::plan::rims::{Line, Lines};
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
    pub fn new(rim: &Rim, precision: Precision) -> Self {
        let epsilon = scaled(rim.epsilon, precision);
        let (threshold, radius) = if rim.threshold.is_infinite() {
            (INSIDE, Scaled { mantissa: 1.0, exponent: 0 })
        } else if rim.threshold <= 0.0 {
            // Every power is above the threshold; a zero radius zeroes. A target of zero does not say so: room
            // for rounding to 16 bits lies above any radius but zero.
            (OUTSIDE, Scaled::binary(rim.target, precision))
        } else {
            (rim.scaled_threshold(precision), Scaled::binary(rim.target, precision))
        };
        RimWords { threshold, radius, epsilon }
    }
}

const INSIDE: Scaled = Scaled { mantissa: 1.0, exponent: BEYOND };
const OUTSIDE: Scaled = Scaled { mantissa: 0.0, exponent: -BEYOND };

/// In powers of two; zero is under all others, so that it is never the larger of two.
fn scaled(value: f64, precision: Precision) -> Scaled {
    if value == 0.0 { OUTSIDE } else { Scaled::binary(value, precision) }
}

/// The bounds of elements as the kernels read them.
pub(crate) struct BoundWords {
    pub low: u64,
    pub high: u64,
    pub low_key: i64,
    pub high_key: i64,
}

impl BoundWords {
    /// Of bounds that are numbers of this precision.
    pub fn new(low: f64, high: f64, precision: Precision) -> Self {
        let key = |value: f64| key(value, precision);
        // A bound of zero, whatever its sign, has both zeros inside.
        let low_key = if low == 0.0 { key(-0.0) } else { key(low) };
        let high_key = if high == 0.0 { key(0.0) } else { key(high) };
        BoundWords { low: precision.bits(low), high: precision.bits(high), low_key, high_key }
    }
}

/// The order of keys is that of numbers; minus zero is just below zero.
fn key(value: f64, precision: Precision) -> i64 {
    let bits = precision.bits(value);
    match precision {
        Precision::Single => {
            let bits = bits as u32 as i32;
            (bits ^ ((bits >> 31) & i32::MAX)).into()
        }
        Precision::Double => {
            let bits = bits as i64;
            bits ^ ((bits >> 63) & i64::MAX)
        }
    }
}

/// p and 1 / p of an Lp norm.
pub(crate) fn powers(norm: Norm) -> [f64; 2] {
    let power = if let Norm::Lp(p) = norm { p.value() } else { 1.0 };
    [power, power.recip()]
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
/// the number of elements that remain by four, which takes 24 bits or 53 away.
pub(crate) fn rounds(length: usize, precision: Precision) -> u32 {
    usize::BITS - length.leading_zeros() + 16 * precision.words()
}

impl Params {
    /// The same dispatch for the rule of a plan.
    #[must_use]
    pub(crate) fn with_rule(self, plan: &Plan, rule: &Rule) -> Self {
        let (request, margin) = (plan.request(), plan.margin());
        let (length, precision) = (plan.geometry().length(), request.dtype.precision());
        let [power, inverse_power] = powers(request.norm());
        let params = Params {
            on_non_finite: policy(plan.policy()),
            // A copy is rounded to nearest, whatever is said of what is inside a set.
            nearest: if request.copy.is_some() { u32::MAX } else { nearest(plan.rounds()) },
            power,
            inverse_power,
            length: length as f64,
            rounds: rounds(length, precision),
            ..self
        };
        match rule {
            Rule::Scale(rim) => params.with_rim(rim, precision),
            Rule::Clamp(clamp) => params.with_clamp(clamp, precision),
            Rule::Shrink(shrink) => params.with_shrink(shrink, margin, precision),
            Rule::Along(plane) => params.with_plane(plane, precision),
        }
    }

    /// The same dispatch, with what makes a rim of each radius in memory.
    #[must_use]
    pub(crate) fn with_lines(self, lines: &Lines, precision: Precision) -> Self {
        let scaled = |value: f64| scaled(value, precision);
        let endless = |value: f64| if value.is_infinite() { INSIDE } else { scaled(value) };
        let (scale, least, most) = (endless(lines.scale), scaled(lines.least), endless(lines.most));
        // Away from zero where it is subtracted: a lower threshold must not be rounded upward.
        let offset =
            |value: f64| endless(value.abs() * if value < 0.0 { 1.0 + 4.0 * U } else { 1.0 });
        let [threshold, goal, low_threshold, low_goal] = lines.lines;
        let low_scale = scaled(lines.low_scale);
        let slope = |line: Line| Scaled::toward_zero(line.slope, precision);
        let offset = |line: Line| {
            let Scaled { mantissa, exponent } = offset(line.offset);
            (mantissa.copysign(line.offset), exponent)
        };
        Params {
            scale: scale.mantissa,
            scale_exponent: scale.exponent,
            low_scale: low_scale.mantissa,
            low_scale_exponent: low_scale.exponent,
            least: least.mantissa,
            least_exponent: least.exponent,
            most: most.mantissa,
            most_exponent: most.exponent,
            turns: lines.turns.into(),
            basis: (lines.zero == ZeroSlice::BasisVector).into(),
            slope: slope(threshold),
            goal_slope: slope(goal),
            low_slope: slope(low_threshold),
            low_goal_slope: slope(low_goal),
            offset: offset(threshold).0,
            offset_exponent: offset(threshold).1,
            goal_offset: offset(goal).0,
            goal_offset_exponent: offset(goal).1,
            low_offset: offset(low_threshold).0,
            low_offset_exponent: offset(low_threshold).1,
            low_goal_offset: offset(low_goal).0,
            low_goal_offset_exponent: offset(low_goal).1,
            ..self
        }
    }

    /// The same dispatch, with bounds of elements in memory, which are rounded toward zero to a dtype.
    #[must_use]
    pub(crate) fn with_bounds_of(self, dtype: DType) -> Self {
        let (grain, least_field) = match dtype {
            DType::F16 => (13, 113),
            DType::BF16 => (16, 1),
            DType::F32 | DType::F64 => (0, 1),
        };
        let largest = dtype.precision().bits(dtype.largest());
        Params { grain, least_field, largest, ..self }
    }

    fn with_rim(self, rim: &Rim, precision: Precision) -> Self {
        let scaled = |value: f64| scaled(value, precision);
        let RimWords { threshold, radius, .. } = RimWords::new(rim, precision);
        // A radius without end is never aimed at.
        let part = |of: f64| scaled(if of.is_infinite() { 1.0 } else { rim.rate * of });
        let radius = if rim.rate == 1.0 { radius } else { part(rim.target) };
        let least = match rim.low_threshold {
            0.0 => OUTSIDE,
            _ => rim.scaled_low_threshold(precision),
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
            basis: basis(rim.zero, rim.low_threshold, rim.low_target, precision),
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

    fn with_clamp(self, clamp: &Clamp, precision: Precision) -> Self {
        let BoundWords { low, high, low_key, high_key } =
            BoundWords::new(clamp.low, clamp.high, precision);
        Params { low, high, low_key, high_key, ..self }
    }

    /// The same dispatch along another plane.
    #[must_use]
    pub(crate) fn with_plane(self, plane: &Plane, precision: Precision) -> Self {
        let (plane, offset) = match *plane {
            Plane::Hyperplane { offset } => (0, offset),
            Plane::HalfSpace { offset } => (1, offset),
            Plane::Line => (2, 0.0),
        };
        let Scaled { mantissa, exponent } =
            if offset.is_infinite() { INSIDE } else { scaled(offset.abs(), precision) };
        let radius = mantissa.copysign(offset);
        Params { plane, radius, radius_exponent: exponent, ..self }
    }

    /// A sum that is near enough is inside the next time, too, whatever its error.
    fn with_shrink(self, shrink: &Shrink, margin: Margin, precision: Precision) -> Self {
        let Shrink { magnitudes, low, high, target, zero } = *shrink;
        let (sigma, unit) = (margin.of(Norm::L1).sigma, margin.unit);
        let binary = |value: f64| Scaled::binary(value, precision);
        let threshold = match high {
            f64::INFINITY => INSIDE,
            0.0 => OUTSIDE,
            _ => binary(high),
        };
        let least = if low == 0.0 { OUTSIDE } else { binary(low) };
        let room = if low == 0.0 { 0.0 } else { sigma };
        // Everything is inside a radius without end.
        let aim = if target.is_infinite() { 1.0 } else { target };
        let Scaled { mantissa, exponent } = binary(aim);
        Params {
            basis: basis(zero, low, target, precision),
            signs: if magnitudes { precision.bits(-0.0) } else { 0 },
            near_low: 1.0 - sigma - 6.0 * unit,
            near_high: 1.0 + 6.0 * unit + room,
            radius: mantissa,
            radius_exponent: exponent,
            ..self.with_thresholds(threshold, least)
        }
    }
}

/// What the first element of a slice of zeros becomes, where it is too short.
fn basis(zero: ZeroSlice, low: f64, target: f64, precision: Precision) -> u64 {
    match zero {
        ZeroSlice::BasisVector if low > 0.0 => precision.bits(target),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_in_the_order_of_numbers() {
        let numbers = [f64::NEG_INFINITY, -2.0, -1e-45, -0.0, 0.0, 1e-45, 2.0, f64::INFINITY];
        for precision in [Precision::Single, Precision::Double] {
            let ordered = |pair: &[f64]| key(pair[0], precision) < key(pair[1], precision);
            assert!(numbers.windows(2).all(ordered));
        }
    }

    #[test]
    fn a_bound_of_zero_keeps_both_zeros() {
        for precision in [Precision::Single, Precision::Double] {
            let words = BoundWords::new(0.0, -0.0, precision);
            let keys = (key(-0.0, precision), key(0.0, precision));
            assert_eq!((words.low_key, words.high_key), keys);
        }
    }

    #[test]
    fn a_search_has_rounds_for_every_length() {
        let single = |length| rounds(length, Precision::Single);
        assert_eq!((single(1), single(1 << 20)), (17, 37));
    }
}
