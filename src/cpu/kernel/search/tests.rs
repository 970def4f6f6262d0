//! A search ends at the root.

use std::array::from_fn;

use super::ends::value;
use super::*;

const LENGTH: usize = 1000;
const KINDS: usize = 6;

/// Slices of many kinds: dense, with few large elements, with one, of equal elements, with ties, tiny.
fn element(kind: usize, i: usize) -> f64 {
    let random = (i * 2_654_435_761 % 65_536) as f64 / 65_536.0 - 0.5;
    match kind {
        0 => random,
        1 => random.powi(9),
        2 => 0.01 * random + if i == 700 { 7.0 } else { 0.0 },
        3 => 0.25,
        4 => (random * 8.0).round(),
        _ => 1e-20 * random,
    }
}

/// Elements of R, as numbers of f64.
fn slice<R: Real>(kind: usize) -> Vec<R> {
    (0..LENGTH).map(|i| R::real_of(element(kind, i))).collect()
}

/// How far the sum of what stays above a kink is off.
fn error<R: Real>(slice: &[R], magnitudes: bool, kink: Kink, c: f64) -> f64 {
    let above = |&x: &R| kink.above::<R>(value(x, magnitudes).into());
    slice.iter().map(above).sum::<f64>() / c - 1.0
}

const MOST: f64 = 2e-7;

fn prove<R: Real>(magnitudes: bool, share: f64, like: Option<f64>) {
    let slices: [Vec<R>; KINDS] = from_fn(slice);
    let powers = from_fn(|i| slices[i].iter().map(|x| x.magnitude().into()).sum());
    let c: [f64; KINDS] = powers.map(|power: f64| share * power);
    let runs = from_fn(|i| &slices[i][..]);
    let kinks = search(runs, Sought { magnitudes, asked: [true; KINDS], powers, c, like });
    for (i, kink) in kinks.into_iter().enumerate() {
        let error = error(&slices[i], magnitudes, kink, c[i]);
        assert!(error.abs() < MOST, "{i}, {share}, {like:?}: {error}");
        let planted = Kink { delta: kink.delta * (1.0 + 1e-6), ..kink };
        assert!(self::error(&slices[i], magnitudes, planted, c[i]) > MOST, "{i}, {share}");
    }
}

#[test]
fn the_root_is_found_wherever_a_slice_ended_that_is_not_like_this_one() {
    let unlike = [0.0, -0.0, 1e-300, 1e-6, 0.002, 1.0, 1e300, -1.0, f64::INFINITY];
    let none = [None, Some(f64::NAN), Some(f64::NEG_INFINITY)];
    for like in unlike.map(Some).into_iter().chain(none) {
        for share in [1e-6, 0.003, 0.1, 0.5, 0.99] {
            for magnitudes in [true, false] {
                prove::<f32>(magnitudes, share, like);
                prove::<f64>(magnitudes, share, like);
            }
        }
    }
}
