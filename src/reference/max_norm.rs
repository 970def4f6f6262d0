//! Radial scaling into a ball, for any norm.

use super::exact::{exact_sum_of_squares, exceeds};

/// `x · min(1, c / ‖x‖₂)` of a finite slice.
pub(super) fn project(slice: &[f32], c: f64) -> Vec<f64> {
    let factor = if exceeds(slice, c) { c / norm(slice) } else { 1.0 };
    slice.iter().map(|&x| f64::from(x) * factor).collect()
}

/// `‖x‖₂`, rounded to f64.
pub(super) fn norm(slice: &[f32]) -> f64 {
    let finite = slice.iter().all(|x| x.is_finite());
    let squares = if finite {
        exact_sum_of_squares(slice).0
    } else {
        slice.iter().map(|&x| f64::from(x) * f64::from(x)).sum()
    };
    squares.sqrt()
}
