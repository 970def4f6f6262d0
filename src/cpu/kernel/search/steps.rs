//! The steps of a search.

use std::array::from_fn;

use super::lines::{Above, Close, Ends, Settled};
use super::passes::Passes;
use crate::cpu::outcome::{Kink, is_far_below};

/// A step of this part of δ is small in a sample.
const NEAR_IN_SAMPLE: f64 = 1.0 / 4.0;
/// Elements are close that are not farther from a kink than so many times what a step has left.
const WIDTH: f64 = 4.0;
/// What sums in the precision of elements are off by, in parts of δ.
const SUMMED: f64 = 1.0 / (1 << 17) as f64;
/// One element of so many is passed, and at most these: one by one they take as long as the pass that they save.
const PAST: f64 = 1024.0;
const MOST_PAST: f64 = 4.0;
/// More are never told one by one, and one in so many of the slices that may be left may be left with more.
const FAR: f64 = 64.0;
const FEWER: usize = 10;
/// The least part of δ that a step leaves: few elements above say little of how the sum bends.
const LEAST: f64 = 1.0 / 8.0;

/// Steps past elements that are close, and a part of δ that is rounding alone.
const FOLLOWED: usize = 16;
const FOLLOWED_TO: f64 = f64::EPSILON;

/// Where passes end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limit {
    pub passes: usize,
    /// Slices that are not worth another.
    pub few: usize,
    /// Elements that what is left of a step may lead past: one by one they take less than another pass.
    pub past: f64,
}

impl Limit {
    /// So many at most, for every slice of this length.
    pub fn at(passes: usize, length: usize) -> Self {
        Limit { passes, few: 0, past: (length as f64 / PAST).min(MOST_PAST) }
    }

    #[inline(always)]
    fn is_reached<const N: usize>(self, done: &[bool; N]) -> bool {
        done.iter().filter(|&&done| !done).count() <= self.few
    }
}

/// δ near the root, and how far from it the root may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Near<const N: usize> {
    pub deltas: [f64; N],
    pub widths: [f64; N],
}

/// Brings δ near the root, by passes over one line in `apart`: the counts at two δ tell how the sum bends
/// between them, so that steps need not be those of Newton, which are too short.
#[inline(always)]
pub(super) fn fall<const N: usize>(
    slices: &impl Passes<N>,
    most: &[f64; N],
    mut deltas: [f64; N],
    asked: [bool; N],
    c: &[f64; N],
    (limit, apart): (Limit, usize),
) -> Near<N> {
    let share = if apart == 1 { 1.0 } else { slices.share(apart) };
    let mut done = asked.map(|asked| !asked);
    let mut widths = [0.0; N];
    // Where nothing is above.
    let mut past = [(0.0, 0.0); N];
    let mut far = 0;
    for _ in 0..limit.passes {
        if limit.is_reached(&done) && far <= limit.few / FEWER {
            break;
        }
        far = 0;
        let found = slices.near(most, &deltas, apart);
        for i in 0..N {
            if std::mem::replace(&mut done[i], true) {
                continue;
            }
            let (delta, count) = (deltas[i], found[i].count);
            let bend = (count - past[i].1) / (delta - past[i].0);
            let step = found[i].bent_step(c[i] * share, bend);
            let next = (delta + step).max(LEAST * delta).min(c[i]);
            let part = step.abs() / next;
            let rest = left(part, count);
            done[i] = match apart {
                1 => rest * count <= limit.past,
                _ => part <= NEAR_IN_SAMPLE,
            };
            (deltas[i], past[i]) = (next, (delta, count));
            let is_far = rest * count > FAR;
            far += usize::from(is_far);
            widths[i] = if is_far { 0.0 } else { WIDTH * rest.max(SUMMED) * next };
        }
    }
    Near { deltas, widths }
}

/// What a step of a part of δ leaves, in parts of δ: its cube, if elements lie evenly. Of those that it leads past,
/// `part · count`, the number is off by its root, each by about `part`, and the sum of them by `count` times what the
/// step then is.
#[inline(always)]
fn left(part: f64, count: f64) -> f64 {
    let uneven = part * (part / count.max(1.0)).sqrt();
    (part * part * part).max(uneven)
}

/// The kinks near these, and which of them is the root: one step leads there past no element, or past those alone
/// that are close.
///
/// Of `x − t` with t = M − δ, where that is far below M, and else of `δ − (M − x)`, in which `M − x` is exact
/// for all that is above: so each is off by one rounding in its own precision.
#[inline(always)]
pub(super) fn settle<const N: usize>(
    slices: &impl Passes<N>,
    most: &[f64; N],
    near: Near<N>,
    done: &mut [bool; N],
    c: &[f64; N],
    limit: Limit,
) -> [Kink; N] {
    let Near { deltas, mut widths } = near;
    let low = |i: usize| is_far_below(most[i] - deltas[i], most[i]);
    let from = from_fn(|i| if low(i) { 0.0 } else { most[i] });
    let mut deltas: [f64; N] = from_fn(|i| slices.rounded(deltas[i] - (most[i] - from[i])));
    let mut kinks = most.map(|most| Kink { most, ..Kink::KEPT });
    for _ in 0..limit.passes {
        if limit.is_reached(done) {
            break;
        }
        let Settled { above, mut close } = slices.settle(&Ends { most: from, deltas, widths });
        close.sort_unstable_by_key(|close| close.slice);
        let mut close = close.as_slice();
        for i in 0..N {
            let own = close.iter().take_while(|close| close.slice as usize == i).count();
            let (own, others) = close.split_at(own);
            close = others;
            if done[i] {
                continue;
            }
            let root = follow(above[i], own, c[i], deltas[i], widths[i]);
            done[i] = root.is_some();
            let step = above[i].step(c[i]);
            let (way, count) = root.unwrap_or((step, above[i].count));
            let kink = Kink { most: most[i], delta: deltas[i], rest: 0.0, count };
            kinks[i] = slices.moved(kink.raised(most[i] - from[i]), way);
            deltas[i] = slices.rounded(deltas[i] + way);
            widths[i] = step.abs();
        }
    }
    kinks
}

/// Newton's steps through elements that are close, for which nothing has to be read: how far they lead, and how
/// many elements are above there. None if it is farther than what is known to be close.
fn follow(found: Above, close: &[Close], c: f64, delta: f64, width: f64) -> Option<(f64, f64)> {
    let (mut way, mut total, mut count) = (0.0, found.total, found.count);
    for _ in 0..FOLLOWED {
        let step = (c - total) / f64::max(count, 1.0);
        way += step;
        if way.abs() >= width || way.is_nan() {
            return None;
        }
        let before = count;
        (total, count) = (found.total + found.count * way, found.count);
        for over in close.iter().map(|close| close.over) {
            let then = over + way;
            if over > 0.0 && then <= 0.0 {
                (total, count) = (total - then, count - 1.0);
            } else if over <= 0.0 && then > 0.0 {
                (total, count) = (total + then, count + 1.0);
            }
        }
        // Where an element is at the kink, rounding may count it and not count it in turns.
        if count == before || step.abs() <= FOLLOWED_TO * delta.abs() {
            return Some((way, before));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a pass finds at δ of elements whose largest is 0.
    fn found(elements: &[f64], delta: f64, width: f64) -> (Above, Vec<Close>) {
        let over = |x: &f64| delta + x;
        let above: Vec<f64> = elements.iter().map(over).filter(|&over| over > 0.0).collect();
        let close = elements.iter().map(over).filter(|over| over.abs() <= width);
        let total = Above { total: above.iter().sum(), count: above.len() as f64, gap: 0.0 };
        (total, close.map(|over| Close { slice: 0, over }).collect())
    }

    /// The sum of what is above δ.
    fn sum(elements: &[f64], delta: f64) -> f64 {
        elements.iter().map(|x| (delta + x).max(0.0)).sum()
    }

    const ELEMENTS: [f64; 8] = [0.0, -0.3, -0.31, -0.5, -0.5, -0.52, -0.6, -2.0];

    #[test]
    fn steps_lead_past_elements_that_are_close() {
        for delta in [0.35, 0.49, 0.5, 0.51, 0.55, 0.65] {
            for c in [0.36, 0.5, 0.61, 0.9, 1.2] {
                let (above, close) = found(&ELEMENTS, delta, 0.4);
                let Some((way, count)) = follow(above, &close, c, delta, 0.4) else { continue };
                let reached = sum(&ELEMENTS, delta + way);
                assert!((reached - c).abs() < 1e-14, "{delta} {c}: {way} {reached}");
                let counted = ELEMENTS.iter().filter(|&&x| delta + way + x > 1e-15).count();
                assert!(count == counted as f64 || count == counted as f64 + 1.0, "{delta} {c}");
            }
        }
    }

    #[test]
    fn what_is_not_close_is_not_followed() {
        // Of those that are passed none is told.
        let (above, _) = found(&ELEMENTS, 0.65, 0.0);
        assert_eq!(follow(above, &[], 0.61, 0.65, 0.1), None);
        // One that is not told makes a wrong root, which the width is there to prevent.
        let (way, _) = follow(above, &[], 0.61, 0.65, 10.0).expect("it is not far");
        assert!((sum(&ELEMENTS, 0.65 + way) - 0.61).abs() > 0.01);
        assert_eq!(follow(Above { total: f64::NAN, ..above }, &[], 0.61, 0.65, 0.1), None);
    }
}
