//! Slices that are multiplied by one factor.

use super::elements::{Size, exponent, times_power};
use crate::plan::rim::Rim;

/// What is multiplied with: `value · 2^exponent`, which may lie beyond f64.
struct Factor {
    value: f64,
    exponent: i32,
}

/// Powers of two that a factor may have and keep its precision.
const PLAIN: std::ops::RangeInclusive<i32> = -900..=900;

/// The result for a slice of a norm that is finite and not zero, unless it keeps every bit.
pub(super) fn scaled(rim: &Rim, slice: &[f64], norm: Size) -> Option<Vec<f64>> {
    let unit = |x: f64| times_power(x, -norm.exponent);
    let power = if rim.squared { norm.value * norm.value } else { norm.value };
    let (too_long, too_short) = (power > unit(rim.threshold), power < unit(rim.low_threshold));
    let divisor = (norm.value + unit(rim.epsilon)).max(unit(rim.floor));
    // What a slice is multiplied by that stays where it is.
    let kept = norm.value / divisor;
    let goal = match () {
        () if too_long => rim.target,
        () if too_short => rim.low_target,
        () if rim.always => return Some(slice.iter().map(|x| x * kept).collect()),
        () => return None,
    };
    let goal_exponent = if goal > 0.0 { exponent(goal) } else { 0 };
    let whole = Factor {
        value: rim.rate * times_power(goal, -goal_exponent) / divisor,
        exponent: goal_exponent - norm.exponent,
    };
    let rest = (1.0 - rim.rate) * kept;
    if PLAIN.contains(&whole.exponent) {
        let factor = times_power(whole.value, whole.exponent) + rest;
        return Some(slice.iter().map(|x| x * factor).collect());
    }
    // Half of the power to either side, so that what leaves f64 on the way does in the end.
    let half = whole.exponent / 2;
    let factor = times_power(whole.value, whole.exponent - half);
    Some(slice.iter().map(|x| times_power(*x, half) * factor + x * rest).collect())
}
