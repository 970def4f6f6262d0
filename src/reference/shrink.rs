//! Euclidean projections in L1: by sorting (Held, Wolfe and Crowder 1974), where the backends search.

use super::double::{Double, times_power};
use super::exact::exceeds_in;
use crate::norm::Norm;
use crate::projection::ZeroSlice;

/// `{y : Σ |y| ≤ c}`.
pub(super) fn ball(slice: &[f64], c: f64) -> Vec<Double> {
    match exceeds_in(Norm::L1, slice, c) {
        true => signed(slice, c),
        false => slice.iter().map(|&x| x.into()).collect(),
    }
}

/// `{y : Σ |y| = c}`. Zeros count as positive.
pub(super) fn sphere(slice: &[f64], c: f64, zero: ZeroSlice) -> Vec<Double> {
    match (slice.iter().all(|&x| x == 0.0), zero) {
        (true, ZeroSlice::Keep) => slice.iter().map(|&x| x.into()).collect(),
        (true, ZeroSlice::BasisVector) => {
            (0..slice.len()).map(|i| if i == 0 { c.into() } else { Double::default() }).collect()
        }
        (false, _) => signed(slice, c),
    }
}

/// `{y : y ≥ 0, Σ y = c}`.
pub(super) fn simplex(slice: &[f64], c: f64) -> Vec<Double> {
    onto_sum(slice, c)
}

fn signed(slice: &[f64], c: f64) -> Vec<Double> {
    let magnitudes: Vec<f64> = slice.iter().map(|x| x.abs()).collect();
    let shrunk = onto_sum(&magnitudes, c);
    // Where a slice grows, zeros of either sign grow upward.
    let one = |(&x, y): (&f64, Double)| if x == 0.0 && y.high > 0.0 { y } else { y.copysign(x) };
    slice.iter().zip(shrunk).map(one).collect()
}

/// `max(x − t, 0)` with the sum c. Distances from the largest stay exact where t would not: of
/// `[1e19, 1]` and c = 0.3 no t in f64 gives 0.3.
fn onto_sum(values: &[f64], c: f64) -> Vec<Double> {
    // Sums of the largest numbers would leave f64.
    let power = if c > 1e250 { 200 } else { 0 };
    let values: Vec<f64> = values.iter().map(|&x| times_power(x, -power)).collect();
    let c = times_power(c, -power);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let distance = |&x: &f64| Double::difference(most, x);
    let mut sorted: Vec<Double> = values.iter().map(distance).collect();
    sorted.sort_by(|a, b| a.high.total_cmp(&b.high).then(a.low.total_cmp(&b.low)));
    let (mut sum, mut delta) = (Double::default(), Double::from(c));
    for (i, d) in sorted.iter().enumerate() {
        // The elements that are nearer to the largest than δ are those that stay positive.
        if i > 0 && delta <= *d {
            break;
        }
        sum = sum + *d;
        delta = (sum + c.into()) / Double::from((i + 1) as f64);
    }
    let one = |x: &f64| (delta - distance(x)).max(Double::default()).times_power(power);
    values.iter().map(one).collect()
}
