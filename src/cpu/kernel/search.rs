//! The search for the distance by which the elements of a slice move, so that they have the sum c.
//!
//! Sought is t with `Σ max(|x| − t, 0) = c`. Never t itself: of `[1e19, 1]` and c = 0.3 it is 1e19. With M
//! the largest and `δ = M − t` the elements are `max(δ − (M − |x|), 0)`, and their sum is a convex and
//! piecewise linear function of δ: Newton's method falls to its root from the right, and stops where it
//! falls no more.

use std::array::from_fn;

use pulp::{Arch, Simd, WithSimd};

use super::columns::LINE;
use crate::cpu::number::Real;
use crate::cpu::outcome::Kink;

/// More than `log₂ m + 27`, which is enough for 53 bits of any slice.
const STEPS: usize = 128;

/// A longer run is shared among threads.
const LONG: usize = 1 << 18;

/// f64 that one thread adds up in a row, of which 16 lanes keep every chain of additions short.
const CHAIN: usize = 512;

/// The kink of a run that shrinks to the sum `c`.
pub(in crate::cpu) fn search<R: Real>(run: &[R], magnitudes: bool, c: f64) -> Kink {
    let [most, sum] = survey(run, magnitudes);
    let mut kink = Kink { most, delta: first(most, sum, c, run.len()), rest: 0.0 };
    for count in 0..STEPS {
        let [total, above] = excess(run, magnitudes, kink);
        let step = (c - total) / above.max(1.0);
        if falls_no_more(kink.delta, step, count) {
            return kink.moved::<R>(step);
        }
        kink.delta += step;
    }
    kink
}

/// As [`search`], of slices side by side.
pub(in crate::cpu) fn search_columns<R: Real>(
    rows: &[[R; LINE]],
    magnitudes: bool,
    c: f64,
) -> [Kink; LINE] {
    let [most, sum] = survey_columns(rows, magnitudes);
    let start = |i: usize| first(most[i], sum[i], c, rows.len());
    let mut kinks = from_fn(|i| Kink { most: most[i], delta: start(i), rest: 0.0 });
    let mut done = [false; LINE];
    for count in 0..STEPS {
        if done.iter().all(|&done| done) {
            break;
        }
        let [totals, above] = excess_columns(rows, magnitudes, &kinks);
        for i in 0..LINE {
            if done[i] {
                continue;
            }
            let step = (c - totals[i]) / above[i].max(1.0);
            done[i] = falls_no_more(kinks[i].delta, step, count);
            match done[i] {
                true => kinks[i] = kinks[i].moved::<R>(step),
                false => kinks[i].delta += step,
            }
        }
    }
    kinks
}

/// The largest value of a run.
pub(in crate::cpu) fn most<R: Real>(run: &[R], magnitudes: bool) -> f64 {
    survey(run, magnitudes)[0]
}

/// Where Newton's method begins: all elements above zero or the largest alone, whichever is nearer. Both
/// are at the root or right of it, within rounding.
fn first(most: f64, sum: f64, c: f64, length: usize) -> f64 {
    let all = most - (sum - c) / length as f64;
    if all >= 0.0 && all <= c { all } else { c }
}

/// Rounding may take the first δ left of the root, and from there a step leads to the right.
fn falls_no_more(delta: f64, step: f64, count: usize) -> bool {
    let next = delta + step;
    next == delta || next > delta && count > 0 || next.is_nan()
}

/// The largest value and the sum of all.
fn survey<R: Real>(run: &[R], magnitudes: bool) -> [f64; 2] {
    if let Some((left, right)) = halves::<R, _>(run, LINE) {
        let survey = |run| survey(run, magnitudes);
        let ([a, sum], [b, more]) = join(run.len() > LONG, || survey(left), || survey(right));
        return [a.max(b), sum + more];
    }
    let (rows, tail) = run.as_chunks::<LINE>();
    let [most, sums] = survey_columns(rows, magnitudes);
    let [mut most, mut sum] = [most.into_iter().fold(f64::NEG_INFINITY, f64::max), across(sums)];
    for &x in tail {
        let value = value(x, magnitudes);
        (most, sum) = (most.max(value), sum + value);
    }
    [most, sum]
}

/// The sum of what is above a kink, and the number of elements that are.
fn excess<R: Real>(run: &[R], magnitudes: bool, kink: Kink) -> [f64; 2] {
    if let Some((left, right)) = halves::<R, _>(run, LINE) {
        let excess = |run| excess(run, magnitudes, kink);
        let ([a, count], [b, more]) = join(run.len() > LONG, || excess(left), || excess(right));
        return [a + b, count + more];
    }
    let (rows, tail) = run.as_chunks::<LINE>();
    let [totals, counts] = excess_columns(rows, magnitudes, &[kink; LINE]);
    let [mut total, mut count] = [across(totals), across(counts)];
    for &x in tail {
        let above = kink.above::<R>(value(x, magnitudes));
        (total, count) = (total + above, count + f64::from(above > 0.0));
    }
    [total, count]
}

/// Halves of what is too long for one thread, or one chain of additions.
fn halves<R: Real, T>(elements: &[T], lines: usize) -> Option<(&[T], &[T])> {
    let most = if R::DOUBLE { CHAIN / LINE * lines } else { LONG / LINE * lines };
    (elements.len() > most).then(|| elements.split_at(elements.len() / 2 / lines * lines))
}

/// Both, by two threads if it pays.
fn join<A: Send>(
    pays: bool,
    left: impl FnOnce() -> A + Send,
    right: impl FnOnce() -> A + Send,
) -> (A, A) {
    if pays { rayon::join(left, right) } else { (left(), right()) }
}

fn across(mut lanes: [f64; LINE]) -> f64 {
    let mut width = LINE;
    while width > 1 {
        width /= 2;
        for i in 0..width {
            lanes[i] += lanes[i + width];
        }
    }
    lanes[0]
}

/// The number that moves.
#[inline(always)]
fn value<R: Real>(x: R, magnitudes: bool) -> f64 {
    if magnitudes { x.magnitude().into() } else { x.into() }
}

/// As [`survey`], of slices side by side.
fn survey_columns<R: Real>(rows: &[[R; LINE]], magnitudes: bool) -> [[f64; LINE]; 2] {
    struct Op<'a, R, const MAGNITUDES: bool>(&'a [[R; LINE]]);
    impl<R: Real, const MAGNITUDES: bool> WithSimd for Op<'_, R, MAGNITUDES> {
        type Output = [[f64; LINE]; 2];
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) -> [[f64; LINE]; 2] {
            let (mut most, mut sums) = ([f64::NEG_INFINITY; LINE], [0.0; LINE]);
            for row in self.0 {
                for i in 0..LINE {
                    let value = value(row[i], MAGNITUDES);
                    most[i] = if value > most[i] { value } else { most[i] };
                    sums[i] += value;
                }
            }
            [most, sums]
        }
    }
    if let Some((left, right)) = halves::<R, _>(rows, 1) {
        let (a, b) = (survey_columns(left, magnitudes), survey_columns(right, magnitudes));
        return [from_fn(|i| a[0][i].max(b[0][i])), from_fn(|i| a[1][i] + b[1][i])];
    }
    match magnitudes {
        true => Arch::new().dispatch(Op::<R, true>(rows)),
        false => Arch::new().dispatch(Op::<R, false>(rows)),
    }
}

/// As [`excess`], of slices side by side.
fn excess_columns<R: Real>(
    rows: &[[R; LINE]],
    magnitudes: bool,
    kinks: &[Kink; LINE],
) -> [[f64; LINE]; 2] {
    struct Op<'a, R, const MAGNITUDES: bool>(&'a [[R; LINE]], &'a [Kink; LINE]);
    impl<R: Real, const MAGNITUDES: bool> WithSimd for Op<'_, R, MAGNITUDES> {
        type Output = [[f64; LINE]; 2];
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) -> [[f64; LINE]; 2] {
            let Op(rows, kinks) = self;
            let (mut totals, mut counts) = ([0.0; LINE], [0.0; LINE]);
            // Fields beside each other, as registers have them.
            let most: [f64; LINE] = from_fn(|i| kinks[i].most);
            let delta: [f64; LINE] = from_fn(|i| kinks[i].delta);
            for row in rows {
                for i in 0..LINE {
                    let kink = Kink { most: most[i], delta: delta[i], rest: 0.0 };
                    let above = kink.above::<R>(value(row[i], MAGNITUDES));
                    totals[i] += above;
                    counts[i] += if above > 0.0 { 1.0 } else { 0.0 };
                }
            }
            [totals, counts]
        }
    }
    if let Some((left, right)) = halves::<R, _>(rows, 1) {
        let a = excess_columns(left, magnitudes, kinks);
        let b = excess_columns(right, magnitudes, kinks);
        return from_fn(|k| from_fn(|i| a[k][i] + b[k][i]));
    }
    match magnitudes {
        true => Arch::new().dispatch(Op::<R, true>(rows, kinks)),
        false => Arch::new().dispatch(Op::<R, false>(rows, kinks)),
    }
}
