//! The search for the distance by which the elements of a slice move, so that they have the sum c.
//!
//! Sought is t with `Σ max(|x| − t, 0) = c`. Never t itself: of `[1e19, 1]` and c = 0.3 it is 1e19. With M
//! the largest and `δ = M − t` the elements are `max(δ − (M − |x|), 0)`, and their sum is a convex and
//! piecewise linear function of δ: Newton's method falls to its root from the right.
//!
//! It begins with a sample, or where a slice like this one ended, goes on with all elements in their own precision, where
//! twice as many fit a register, and ends with sums in f64 and the few elements near δ, among which the root is found
//! without another pass. Where it is not among them it goes on in f64 until it falls no more. Before the end steps follow
//! the bend of the function, because each is a pass over the slice: of most slices it takes two over all elements.

mod above;
mod ends;
mod gather;
mod lanes;
mod lines;
mod passes;
mod settle;
mod steps;
mod sweep;
#[cfg(test)]
mod tests;

use super::columns::LINE;
use crate::cpu::number::{Number, Real};
use crate::cpu::outcome::Kink;
use crate::cpu::simd::{Simd, WithSimd, dispatch};
pub(in crate::cpu) use gather::{Columns, Gathered, negative_columns};
pub(in crate::cpu) use lines::any_negative;
pub(in crate::cpu) use passes::most;
use passes::{Beside, Passes, Run, Runs};
use settle::Settled;
use steps::{Limit, One, Sample, fall, settle};
pub(in crate::cpu) use sweep::SWEPT;
use sweep::Sweep;

/// More than `log₂ m + 27`, which is enough for 53 bits of any slice.
const STEPS: usize = 128;

/// A slice is far outside whose sum is so many times c. One that is near it has its δ near where all elements have the
/// sum c, whatever its elements are: after a step that it was projected before, say, most of them are zeros.
const FAR: f64 = 4.0;

/// Steps of a search that only has to come near.
const STEPS_NEAR: usize = 32;

/// Elements of a slice that are sampled at least, and of how many at most it is one.
const SAMPLED: usize = 256;
const RAREST: usize = 16;

/// Rows of a sample of a sweep, of which a column that is far off costs all others another pass; one of so many at most.
const SAMPLED_SWEPT: usize = 2048;
const OFTENEST_SWEPT: usize = 4;
/// Sweeps of each kind, as long as more columns than a few need them. To bring few together takes less. (Of 16384 × 4096
/// an L1 ball that leaves few elements took 86 ms with 16 columns left, 16 elements passed and one row in 16 sampled; 62
/// with 128 and 8, 65 and then 58 with 170, one row in 8, and no more than one column in ten of these far off.)
const SWEEPS: usize = 3;
const FEW_NEAR: usize = SWEPT / 6;
const FEW_SETTLED: usize = SWEPT / 64;
/// Elements that are told one by one to save a sweep.
const PAST_SWEPT: f64 = 8.0;

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
    /// Where a slice like them ended, in parts of its sum: what is near it needs no sample.
    pub like: Option<f64>,
}

/// The kinks of runs of one length that are asked for.
pub(in crate::cpu) fn search<R: Real, const N: usize>(
    runs: [&[R]; N],
    sought: Sought<N>,
) -> [Kink; N] {
    struct Op<'a, R, const N: usize>([&'a [R]; N], Sought<N>);
    impl<R: Real, const N: usize> WithSimd for Op<'_, R, N> {
        type Output = [Kink; N];
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> [Kink; N] {
            let Op(runs, sought) = self;
            // Loops, here and below: what arrays are mapped by is not inlined, and moves them through memory.
            let mut own = [Run::new(&[], sought.magnitudes); N];
            for (own, run) in own.iter_mut().zip(runs) {
                *own = Run::new(run, sought.magnitudes);
            }
            newton(simd, &Runs(own), runs[0].len(), sought)
        }
    }
    // One for all passes: they are short.
    dispatch(Op(runs, sought))
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
        fn with_simd<S: Simd>(self, simd: S) -> [Kink; LINE] {
            let Op(slices, sought) = self;
            newton(simd, &slices, slices.columns.rows.len(), sought)
        }
    }
    dispatch(Op(Beside { columns, magnitudes: sought.magnitudes }, sought))
}

/// As [`search_columns`], of [`SWEPT`] columns of rows wherever they are, by lines: none of columns that take more
/// passes than most do, or whose largest element is asked for.
pub(in crate::cpu) fn search_swept<'a, T: Number>(
    row: &(dyn Fn(usize) -> &'a [T] + Sync),
    rows: usize,
    sought: &[Sought<LINE>],
) -> Vec<Option<Kink>> {
    let magnitudes = sought.first().is_some_and(|sought| sought.magnitudes);
    let sweep = Sweep { row, rows, magnitudes };
    let sample = Sample::of(rows, (rows / SAMPLED_SWEPT).clamp(OFTENEST_SWEPT, RAREST));
    let most = sweep.reference(sample.apart);
    let lines = sought.iter().zip(most.as_chunks::<LINE>().0);
    let mut slices: Vec<One> = lines.flat_map(|(sought, most)| sought.begun(most, rows)).collect();
    // Of the others nothing of the sample is above.
    let asked: Vec<bool> = slices.iter().map(|one| !one.done && one.delta > 0.0).collect();
    let ask = |slices: &mut [One]| {
        slices.iter_mut().zip(&asked).for_each(|(one, &asked)| one.ask(asked));
    };
    ask(&mut slices);
    let near = |slices: &[One]| sweep.near(slices, sample.apart);
    fall::<T::Real, _>(&mut slices, Limit::at(STEPS_NEAR, rows), sample, near);
    ask(&mut slices);
    let limit = Limit { passes: SWEEPS, few: FEW_NEAR, past: PAST_SWEPT };
    fall::<T::Real, _>(&mut slices, limit, Sample::ALL, |slices| sweep.near(slices, 1));
    ask(&mut slices);
    let limit = Limit { few: FEW_SETTLED, ..limit };
    settle::<T::Real, _>(&mut slices, limit, |slices| sweep.settle(slices));
    // Left of zero nothing of the slice is above the reference.
    let root = |(one, &asked): (&One, &bool)| {
        (asked && one.done && one.kink.delta >= 0.0).then_some(one.kink)
    };
    slices.iter().zip(&asked).map(root).collect()
}

impl<const N: usize> Sought<N> {
    /// Slices with a δ that is not left of the root, for there all elements have the sum c, or where they would have it
    /// if they lay evenly below the largest, which saves steps.
    #[inline(always)]
    fn begun(&self, most: &[f64; N], length: usize) -> [One; N] {
        let n = length as f64;
        let all = |i: usize| most[i] - (self.powers[i] - self.c[i]) / n;
        let right = |i: usize| if self.magnitudes { all(i).min(self.c[i]) } else { self.c[i] };
        let apart = if self.magnitudes { 1.0 } else { 2.0 } / n;
        let delta = |i: usize| {
            let like = self.like.map_or(0.0, |like| most[i] - like * self.powers[i]);
            if like > 0.0 {
                return like.min(right(i));
            }
            let (right, squared) = (right(i), 2.0 * self.c[i] * apart * most[i]);
            let is_far = squared > 0.0 && self.powers[i] > FAR * self.c[i];
            if is_far { right.min(squared.sqrt()) } else { right }
        };
        let mut slices = [One::new(false, 0.0, 0.0, 0.0); N];
        for (i, one) in slices.iter_mut().enumerate() {
            *one = One::new(self.asked[i], most[i], self.c[i], delta(i));
        }
        slices
    }
}

#[inline(always)]
fn newton<S: Simd, P: Passes<N>, const N: usize>(
    simd: S,
    passes: &P,
    length: usize,
    sought: Sought<N>,
) -> [Kink; N] {
    let mut slices = sought.begun(&passes.most(), length);
    // Rounding may bring them left of where the largest alone has the sum c.
    slices.iter_mut().for_each(|one| one.delta = one.delta.max(one.c / length as f64));
    let ask = |slices: &mut [One; N]| {
        slices.iter_mut().zip(sought.asked).for_each(|(one, asked)| one.ask(asked));
    };
    let (apart, limit) = ((length / SAMPLED).clamp(1, RAREST), Limit::at(STEPS_NEAR, length));
    if apart > 1 && sought.like.is_none() {
        let sample = Sample::of(passes.lines(), apart);
        fall::<P::Real, _>(
            &mut slices,
            limit,
            sample,
            #[inline(always)]
            |slices| passes.near(simd, slices, apart),
        );
        ask(&mut slices);
    }
    fall::<P::Real, _>(
        &mut slices,
        limit,
        Sample::ALL,
        #[inline(always)]
        |slices| passes.near(simd, slices, 1),
    );
    ask(&mut slices);
    settle::<P::Real, _>(
        &mut slices,
        Limit::at(SETTLED, length),
        #[inline(always)]
        |slices| {
            let Settled { above, close } = passes.settle(simd, slices);
            (above, close)
        },
    );
    let mut kinks = [Kink::KEPT; N];
    kinks.iter_mut().zip(&slices).for_each(|(kink, one)| *kink = one.kink);
    for count in 0..STEPS {
        if slices.iter().all(|one| one.done) {
            break;
        }
        let found = passes.exact(&kinks);
        for i in 0..N {
            if std::mem::replace(&mut slices[i].done, true) {
                continue;
            }
            let (step, delta) = (found[i].step(slices[i].c), kinks[i].delta);
            let settled = step.abs() < found[i].gap && step.abs() <= NEAREST * delta;
            kinks[i].count = found[i].count;
            if settled || falls_no_more(delta, step, count) {
                kinks[i] = kinks[i].moved::<P::Real>(step);
            } else {
                (kinks[i].delta, slices[i].done) = (delta + step, false);
            }
        }
    }
    kinks
}

/// The first δ may lie left of the root, and from there a step leads to the right.
fn falls_no_more(delta: f64, step: f64, count: usize) -> bool {
    let next = delta + step;
    next == delta || next > delta && count > 0 || next.is_nan()
}
