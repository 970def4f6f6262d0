//! The search for the distance by which the elements of a slice move, so that they have the sum c.
//!
//! Sought is t with `Σ max(|x| − t, 0) = c`. Never t itself: of `[1e19, 1]` and c = 0.3 it is 1e19. With M
//! the largest and `δ = M − t` the elements are `max(δ − (M − |x|), 0)`, and their sum is a convex and
//! piecewise linear function of δ: Newton's method falls to its root from the right.
//!
//! It begins with a sample, goes on with all elements in their own precision, where twice as many fit a
//! register, and ends with sums in f64 and a step of Newton's that leads past no element. Where there is none it
//! goes on in f64 until it falls no more. Before the end steps follow the bend of the function, because each is a
//! pass over the slice: of 4096 elements it takes two over all of them and one or two in f64.

mod gather;
mod lines;
mod passes;

use std::array::from_fn;

use super::columns::LINE;
use crate::cpu::number::Real;
use crate::cpu::outcome::{Kink, is_far_below};
use crate::cpu::simd::{Simd, WithSimd, dispatch};
pub(in crate::cpu) use gather::{Columns, Gathered, negative_columns};
pub(in crate::cpu) use lines::any_negative;
pub(in crate::cpu) use passes::most;
use passes::{Beside, Passes, Run};

/// More than `log₂ m + 27`, which is enough for 53 bits of any slice.
const STEPS: usize = 128;

/// Steps of a search that only has to come near.
const STEPS_NEAR: usize = 32;

/// Elements of a slice that are sampled at least, and of how many at most it is one.
const SAMPLED: usize = 256;
const RAREST: usize = 16;

/// A step of this part of δ is small in a sample.
const NEAR_IN_SAMPLE: f64 = 1.0 / 4.0;
/// A step leaves about its cube, in parts of δ, and elements lie `1 / count` of that apart: what is left of one that
/// is small beside this leads past few of them.
const NEAR: f64 = 1.0 / 256.0;
/// The least part of δ that a step leaves: few elements above say little of how the sum bends.
const LEAST: f64 = 1.0 / 8.0;
/// Steps by elements in their own precision, before f64 takes over.
const SETTLED: usize = 3;
const NEAREST: f64 = 1.0 / (1 << 20) as f64;

/// What is sought of slices side by side.
#[derive(Debug, Clone, Copy)]
pub(in crate::cpu) struct Sought<const N: usize> {
    /// Whether elements are magnitudes; else they end at zero.
    pub magnitudes: bool,
    /// Of which it is sought.
    pub asked: [bool; N],
    /// Their sums of magnitudes.
    pub powers: [f64; N],
    /// Their sums in the end.
    pub c: [f64; N],
}

/// The kink of a run.
pub(in crate::cpu) fn search<R: Real>(run: &[R], sought: Sought<1>) -> Kink {
    struct Op<'a, R>(&'a [R], Sought<1>);
    impl<R: Real> WithSimd for Op<'_, R> {
        type Output = [Kink; 1];
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) -> [Kink; 1] {
            let Op(run, sought) = self;
            newton(&Run::new(run, sought.magnitudes), run.len(), sought)
        }
    }
    // One for all passes: they are short.
    let [kink] = dispatch(Op(run, sought));
    kink
}

/// As [`search`], of those slices side by side that are asked for. Of the others the largest element is
/// told.
pub(in crate::cpu) fn search_columns<R: Real>(
    columns: Columns<'_, R>,
    sought: Sought<LINE>,
) -> [Kink; LINE] {
    struct Op<'a, R>(Beside<'a, R>, Sought<LINE>);
    impl<R: Real> WithSimd for Op<'_, R> {
        type Output = [Kink; LINE];
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) -> [Kink; LINE] {
            let Op(slices, sought) = self;
            newton(&slices, slices.columns.rows.len(), sought)
        }
    }
    dispatch(Op(Beside { columns, magnitudes: sought.magnitudes }, sought))
}

#[inline(always)]
fn newton<const N: usize>(slices: &impl Passes<N>, length: usize, sought: Sought<N>) -> [Kink; N] {
    let Sought { magnitudes, asked, powers, c } = sought;
    let most = slices.most();
    // The root is never right of these: there all elements have the sum c, or the largest alone.
    let n = length as f64;
    let all = |i: usize| if magnitudes { most[i] - (powers[i] - c[i]) / n } else { c[i] };
    let mut deltas = from_fn(|i| all(i).max(c[i] / n).min(c[i]));
    let apart = (length / SAMPLED).clamp(1, RAREST);
    if apart > 1 {
        fall(slices, &most, &mut deltas, asked, c, apart);
    }
    fall(slices, &most, &mut deltas, asked, c, 1);
    let mut done = asked.map(|asked| !asked);
    let mut kinks = settle(slices, most, deltas, &mut done, c);
    for count in 0..STEPS {
        if done.iter().all(|&done| done) {
            break;
        }
        let found = slices.exact(&kinks);
        for i in 0..N {
            if std::mem::replace(&mut done[i], true) {
                continue;
            }
            let (step, delta) = (found[i].step(c[i]), kinks[i].delta);
            let settled = step.abs() < found[i].gap && step.abs() <= NEAREST * delta;
            kinks[i].count = found[i].count;
            if settled || falls_no_more(delta, step, count) {
                kinks[i] = slices.moved(kinks[i], step);
            } else {
                (kinks[i].delta, done[i]) = (delta + step, false);
            }
        }
    }
    kinks
}

/// The kinks near these, and which of them is the root: one step leads there past no element.
///
/// Of `x − t` with t = M − δ, where that is far below M, and else of `δ − (M − x)`, in which `M − x` is exact
/// for all that is above: so each is off by one rounding in its own precision.
#[inline(always)]
fn settle<const N: usize>(
    slices: &impl Passes<N>,
    most: [f64; N],
    deltas: [f64; N],
    done: &mut [bool; N],
    c: [f64; N],
) -> [Kink; N] {
    let low = |i: usize| is_far_below(most[i] - deltas[i], most[i]);
    let from = from_fn(|i| if low(i) { 0.0 } else { most[i] });
    let mut deltas: [f64; N] = from_fn(|i| slices.rounded(deltas[i] - (most[i] - from[i])));
    let mut kinks = most.map(|most| Kink { most, ..Kink::KEPT });
    for _ in 0..SETTLED {
        if done.iter().all(|&done| done) {
            break;
        }
        let found = slices.settle(&from, &deltas);
        for i in 0..N {
            if done[i] {
                continue;
            }
            let step = found[i].step(c[i]);
            done[i] = step.abs() < 0.5 * found[i].gap;
            let kink = Kink { most: most[i], delta: deltas[i], rest: 0.0, count: found[i].count };
            kinks[i] = slices.moved(kink.raised(most[i] - from[i]), step);
            deltas[i] = slices.rounded(deltas[i] + step);
        }
    }
    kinks
}

/// Brings δ near the root, of one line in `apart`: the counts at two δ tell how the sum bends between them, so that
/// steps need not be those of Newton, which are too short.
#[inline(always)]
fn fall<const N: usize>(
    slices: &impl Passes<N>,
    most: &[f64; N],
    deltas: &mut [f64; N],
    asked: [bool; N],
    c: [f64; N],
    apart: usize,
) {
    let share = if apart == 1 { 1.0 } else { slices.share(apart) };
    let mut done = asked.map(|asked| !asked);
    // Where nothing is above.
    let mut past = [(0.0, 0.0); N];
    for _ in 0..STEPS_NEAR {
        if done.iter().all(|&done| done) {
            return;
        }
        let found = slices.near(most, deltas, apart);
        for i in 0..N {
            if std::mem::replace(&mut done[i], true) {
                continue;
            }
            let (delta, count) = (deltas[i], found[i].count);
            let bend = (count - past[i].1) / (delta - past[i].0);
            let step = found[i].bent_step(c[i] * share, bend);
            let next = (delta + step).max(LEAST * delta).min(c[i]);
            let part = step.abs() / next;
            done[i] = match apart {
                1 => part * part * part * count <= NEAR,
                _ => part <= NEAR_IN_SAMPLE,
            };
            (deltas[i], past[i]) = (next, (delta, count));
        }
    }
}

/// The first δ may lie left of the root, and from there a step leads to the right.
fn falls_no_more(delta: f64, step: f64, count: usize) -> bool {
    let next = delta + step;
    next == delta || next > delta && count > 0 || next.is_nan()
}
