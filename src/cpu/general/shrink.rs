//! Euclidean projections in L1 by Newton's method.
//!
//! What is sought is t with `Σ max(|x| − t, 0) = c`. Never t itself: of `[1e19, 1]` and c = 0.3 it is
//! 1e19. With M the largest and `δ = M − t` the elements are `max(δ − (M − |x|), 0)`, and their sum f is
//! a convex and piecewise linear function of δ. From the right, Newton's method falls to its root: a
//! step from f with k elements above zero loses a factor of 4 of `(f − c)·k` at least. It ends where
//! δ falls no more; what then is left is added to every element, because of many elements at the kink
//! the last bit of δ is more than that of c.

use super::decide::basis;
use super::elements::{sum, times_power};
use crate::plan::rule::Shrink;

/// More than `log₂ m + 27`, which is enough for 53 bits of any slice.
const STEPS: usize = 128;

/// Sums of more than this are taken of smaller numbers, so that they stay inside f64.
const LARGE: f64 = 1e270;

/// The projection of a slice whose sum of magnitudes is `n`, unless it keeps every bit.
pub(super) fn shrink(sums: &Shrink, slice: &[f64], n: f64) -> Option<Vec<f64>> {
    let within = (sums.low..=sums.high).contains(&n);
    let negative = !sums.magnitudes && slice.iter().any(|&x| x < 0.0);
    if within && !negative {
        return None;
    }
    if sums.magnitudes && n == 0.0 {
        return basis(sums.zero, sums.low, sums.target, slice.len());
    }
    if sums.target > LARGE {
        const POWER: i32 = 128;
        let smaller = |x: f64| times_power(x, -POWER);
        let slice: Vec<f64> = slice.iter().copied().map(smaller).collect();
        let n = sum(&slice, &f64::abs);
        let shrunk = moved(sums, &slice, n, smaller(sums.target), smaller(sums.low));
        return Some(shrunk.into_iter().map(|y| times_power(y, POWER)).collect());
    }
    Some(moved(sums, slice, n, sums.target, sums.low))
}

/// Elements moved by one distance, so that their sum is c.
fn moved(sums: &Shrink, slice: &[f64], n: f64, c: f64, low: f64) -> Vec<f64> {
    let value = |x: f64| if sums.magnitudes { x.abs() } else { x };
    let most = slice.iter().fold(f64::NEG_INFINITY, |most, &x| most.max(value(x)));
    let kink = match sums.magnitudes && n < low {
        // All elements grow: one step.
        true => Kink { most, delta: most, rest: (c - n) / slice.len() as f64 },
        false => Kink::search(slice, value, most, c),
    };
    let one = |&x: &f64| match kink.above(value(x)) {
        y if !sums.magnitudes || x == 0.0 && y > 0.0 => y,
        y => y.copysign(x),
    };
    slice.iter().map(one).collect()
}

/// Where elements become zero: `δ = delta + rest` below the largest.
struct Kink {
    most: f64,
    delta: f64,
    rest: f64,
}

impl Kink {
    fn search(slice: &[f64], value: impl Fn(f64) -> f64, most: f64, c: f64) -> Self {
        // Both are at the root or right of it: all elements above zero, and the largest alone.
        let all = (c + sum(slice, &|x| most - value(x))) / slice.len() as f64;
        let mut kink = Kink { most, delta: all.min(c), rest: 0.0 };
        for _ in 0..STEPS {
            let total = sum(slice, &|x| kink.above(value(x)));
            let above = slice.iter().filter(|&&x| kink.above(value(x)) > 0.0).count().max(1);
            let step = (c - total) / above as f64;
            let next = kink.delta + step;
            if next >= kink.delta {
                return Kink { rest: step, ..kink };
            }
            kink.delta = next;
        }
        kink
    }

    /// How far a value is above it, 0 below.
    fn above(&self, value: f64) -> f64 {
        let distance = self.most - value;
        // What rounding took of the distance (Knuth).
        let seen = self.most - distance;
        let lost = (self.most - (distance + seen)) + (seen - value);
        (((self.delta - distance) - lost) + self.rest).max(0.0)
    }
}
