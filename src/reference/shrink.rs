//! Euclidean projections in L1: by sorting (Held, Wolfe and Crowder 1974), where the backends search.

use super::exact::{exceeds_in, radius};
use crate::norm::Norm;
use crate::projection::ZeroSlice;

/// `{y : Σ |y| ≤ c}`.
pub(super) fn ball(slice: &[f32], c: f64) -> Vec<f64> {
    let c = radius(c);
    match exceeds_in(Norm::L1, slice, c) {
        true => signed(slice, c),
        false => slice.iter().copied().map(f64::from).collect(),
    }
}

/// `{y : Σ |y| = c}`. Zeros count as positive.
pub(super) fn sphere(slice: &[f32], c: f64, zero: ZeroSlice) -> Vec<f64> {
    let c = radius(c);
    match (slice.iter().all(|&x| x == 0.0), zero) {
        (true, ZeroSlice::Keep) => slice.iter().copied().map(f64::from).collect(),
        (true, ZeroSlice::BasisVector) => {
            (0..slice.len()).map(|i| if i == 0 { c } else { 0.0 }).collect()
        }
        (false, _) => signed(slice, c),
    }
}

/// `{y : y ≥ 0, Σ y = c}`.
pub(super) fn simplex(slice: &[f32], c: f64) -> Vec<f64> {
    let values: Vec<f64> = slice.iter().copied().map(f64::from).collect();
    onto_sum(&values, radius(c))
}

fn signed(slice: &[f32], c: f64) -> Vec<f64> {
    let magnitudes: Vec<f64> = slice.iter().map(|x| f64::from(x.abs())).collect();
    let shrunk = onto_sum(&magnitudes, c);
    // Where a slice grows, zeros of either sign grow upward.
    let one = |(&x, y): (&f32, f64)| if x == 0.0 && y > 0.0 { y } else { y.copysign(x.into()) };
    slice.iter().zip(shrunk).map(one).collect()
}

/// `max(x − t, 0)` with the sum c. Distances from the largest stay exact where t would not: of
/// `[1e19, 1]` and c = 0.3 no t in f64 gives 0.3.
fn onto_sum(values: &[f64], c: f64) -> Vec<f64> {
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let distance = |x: &f64| most - x;
    let mut sorted: Vec<f64> = values.iter().map(distance).collect();
    sorted.sort_by(f64::total_cmp);
    let (mut sum, mut delta) = (0.0, 0.0);
    for (i, d) in sorted.iter().enumerate() {
        sum += d;
        let next = (c + sum) / (i + 1) as f64;
        // The elements that are nearer to the largest than δ are those that stay positive.
        if i > 0 && next <= *d {
            break;
        }
        delta = next;
    }
    values.iter().map(|x| (delta - distance(x)).max(0.0)).collect()
}
