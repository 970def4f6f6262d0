//! One number of the lanes of a line.

use super::LINE;
use crate::cpu::number::Real;

/// The sum of all.
#[inline(always)]
pub(super) fn across(mut lanes: [f64; LINE]) -> f64 {
    let mut width = LINE;
    while width > 1 {
        width /= 2;
        for i in 0..width {
            lanes[i] += lanes[i + width];
        }
    }
    lanes[0]
}

/// In halves, as [`across`]: one after the other they would wait for each other, and [`f64::max`] for a NaN.
#[inline(always)]
pub(super) fn largest_across<R: Real>(mut lanes: [R; LINE]) -> R {
    let mut width = LINE;
    while width > 1 {
        width /= 2;
        for i in 0..width {
            lanes[i] = if lanes[i + width] > lanes[i] { lanes[i + width] } else { lanes[i] };
        }
    }
    lanes[0]
}
