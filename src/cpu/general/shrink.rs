//! Euclidean projections in L1 by Newton's method.
//!
//! What is sought is t with `Σ max(|x| − t, 0) = c`. Never t itself: of `[1e19, 1]` and c = 0.3 it is
//! 1e19. With M the largest and `δ = M − t` the elements are `max(δ − (M − |x|), 0)`, and their sum f is
//! a convex and piecewise linear function of δ. From the right, Newton's method falls to its root: a
//! step from f with k elements above zero loses a factor of 4 of `(f − c)·k` at least, so that
//! `log₂ m + 14` steps are enough.

use super::decide::basis;
use super::elements::sum;
use crate::plan::margin::U;
use crate::plan::rule::Shrink;

/// More than the bound above for any slice; what is left then is rounding.
const STEPS: usize = 100;

/// The projection of a slice whose sum of magnitudes is `n`, unless it keeps every bit.
pub(super) fn shrink(sums: &Shrink, slice: &[f32], n: f64) -> Option<Vec<f32>> {
    let within = (sums.low..=sums.high).contains(&n);
    let negative = !sums.magnitudes && slice.iter().any(|&x| x < 0.0);
    if within && !negative {
        return None;
    }
    if sums.magnitudes && n == 0.0 {
        return basis(sums.zero, sums.low, sums.target, slice.len());
    }
    let value = |x: f32| f64::from(if sums.magnitudes { x.abs() } else { x });
    let most = slice.iter().fold(f64::NEG_INFINITY, |most, &x| most.max(value(x)));
    // What is summed is what is stored, so that the result is inside when it is summed again.
    let stored = |x: f32, delta: f64| (delta - (most - value(x))).max(0.0) as f32;
    let count = slice.len() as f64;
    let mut delta = match sums.magnitudes && n < sums.low {
        // All elements grow: one step.
        true => most + (sums.target - n) / count,
        // What remains of the largest is no more than it is; c may be beyond f32.
        false if sums.magnitudes => sums.target.min(most),
        false => sums.target,
    };
    // Half of the room up to the rim, so that a sum in another order is inside too; and where there is
    // no room (rounding to nearest), what rounding the elements costs.
    let near = (0.5 * (sums.high - sums.target)).max(2.0 * U * sums.target);
    for _ in 0..STEPS {
        let total = sum(slice, |x| stored(x as f32, delta).into());
        if (total - sums.target).abs() <= near || sums.target == 0.0 {
            break;
        }
        let active = slice.iter().filter(|&&x| stored(x, delta) > 0.0).count().max(1);
        delta += (sums.target - total) / active as f64;
    }
    let one = |&x: &f32| match stored(x, delta) {
        y if !sums.magnitudes || x == 0.0 && y > 0.0 => y,
        y => y.copysign(x),
    };
    Some(slice.iter().map(one).collect())
}
