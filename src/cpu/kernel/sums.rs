//! Sums over runs of one slice.

use std::hint::black_box;

use super::STREAMS;
use super::blocks::own_reals;
use super::narrow::{are_sound, halves, is_checked, is_narrow, is_sound, narrow};
use crate::cpu::number::{Number, Real};
use crate::cpu::simd::{self, Simd, WithSimd, dispatch};
use crate::cpu::term::{Kind, Magnitudes, Term, with_kind};

/// Lanes of one sum: f64 of a register of AVX2. Eight streams of one register each hide the latency
/// of the addition.
pub(super) const LANES: usize = 4;

/// Elements of a step: f32 of a register.
pub(super) const STEP: usize = simd::LANES;

/// Elements that are added up one after the other before their sum goes to the next level, so that no chain of
/// additions of f64 in a run of 2²⁰ elements is longer than a hundred.
const RADIX: usize = 16;
const LEVELS: usize = 4;

/// Elements of a run that make a part of a sum.
const PART: usize = RADIX * LANES;

/// Lanes of the sums of some runs.
pub(super) type Lanes<const N: usize> = [[f64; LANES]; N];

/// The sum of the terms of a contiguous run, read as several streams.
pub(in crate::cpu) fn sum<T: Number>(term: Term, run: &[T]) -> f64 {
    let length = run.len() / (STREAMS * STEP) * STEP;
    let (streams, tail) = run.split_at(STREAMS * length);
    let [tail] = sums(term, [tail]);
    if length == 0 {
        return tail;
    }
    let mut runs: [&[T]; STREAMS] = [&[]; STREAMS];
    for (i, run) in runs.iter_mut().enumerate() {
        *run = &streams[i * length..(i + 1) * length];
    }
    sums(term, runs).into_iter().fold(tail, |total, sum| term.merge(total, sum))
}

/// The sum of the terms of each of some runs of one length.
fn sums<T: Number, const N: usize>(term: Term, runs: [&[T]; N]) -> [f64; N] {
    struct Op<'a, T, K, const N: usize>([&'a [T]; N], K);
    impl<T: Number, K: Kind, const N: usize> WithSimd for Op<'_, T, K, N> {
        type Output = [f64; N];
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> [f64; N] {
            sums_of::<S, T, K, N>(simd, self.1, self.0)
        }
    }
    with_kind!(term, kind => dispatch(Op(runs, kind)))
}

/// The sums of the terms of runs of one length that begin at these places, whose number is a multiple of
/// [`STREAMS`]. Short runs take as long to be called as to be read.
pub(in crate::cpu) fn row_sums<T: Number>(
    term: Term,
    source: &[T],
    places: &[usize],
    length: usize,
    sums: &mut Vec<f64>,
) {
    struct Op<'a, T, K>(&'a [T], &'a [usize], usize, &'a mut Vec<f64>, K);
    impl<T: Number, K: Kind> WithSimd for Op<'_, T, K> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            let Op(source, places, length, sums, kind) = self;
            for group in places.as_chunks::<STREAMS>().0 {
                let mut runs: [&[T]; STREAMS] = [&[]; STREAMS];
                for (run, &place) in runs.iter_mut().zip(group) {
                    *run = &source[place..place + length];
                }
                sums.extend(sums_of::<S, T, K, STREAMS>(simd, kind, runs));
            }
        }
    }
    with_kind!(term, kind => dispatch(Op(source, places, length, sums, kind)));
}

/// The sum of the terms of every `stride`-th element, in halves: the chain of additions stays short.
pub(in crate::cpu) fn sum_strided<T: Number>(
    term: Term,
    source: &[T],
    stride: usize,
    size: usize,
) -> f64 {
    // What is gathered stays in the first cache.
    const GATHERED: usize = 1024;
    if size > GATHERED {
        let middle = size / 2;
        let left = sum_strided(term, source, stride, middle);
        return term
            .merge(left, sum_strided(term, &source[middle * stride..], stride, size - middle));
    }
    let mut gathered = [T::Real::default(); GATHERED];
    let elements = source.iter().step_by(stride).take(size);
    gathered.iter_mut().zip(elements).for_each(|(real, x)| *real = x.real());
    sum(term, &gathered[..size])
}

/// Loops, not `map` or `from_fn`: a closure that is too large to be inlined there would be compiled
/// for the baseline.
#[inline(always)]
fn sums_of<S: Simd, T: Number, K: Kind, const N: usize>(
    simd: S,
    kind: K,
    runs: [&[T]; N],
) -> [f64; N] {
    let length = runs[0].len() / STEP * STEP;
    let mut sums = [[0.0; LANES]; N];
    if K::APART {
        apart::<S, T, K, N>(simd, kind, &runs, length, &mut sums);
    } else if T::Real::DOUBLE {
        cascade::<S, T, K, N>(simd, kind, runs, &mut sums);
    } else if K::EXACT {
        narrow::<S, T, K, N>(simd, kind, runs, &mut sums);
    } else if is_narrow::<T, K>() {
        halves::<S, T, K, N>(simd, kind, runs, &mut sums);
    } else {
        accumulate::<S, T, K, N>(simd, kind, runs, &mut sums);
    }
    let mut totals = across(simd, kind, &sums);
    if is_checked::<T, K>() && !are_sound(simd, &totals) {
        for s in 0..N {
            if !is_sound(totals[s]) {
                let mut again = [[0.0; LANES]];
                accumulate::<S, T, K, 1>(simd, kind, [runs[s]], &mut again);
                [totals[s]] = across(simd, kind, &again);
            }
        }
    }
    for s in 0..N {
        for x in &runs[s][length..] {
            totals[s] = kind.add::<S, _>(totals[s], x.real());
        }
    }
    totals
}

/// The whole steps of runs of one length, and how many each has.
#[inline(always)]
pub(super) fn whole_steps<T: Number, const N: usize>(
    runs: [&[T]; N],
) -> (usize, [&[[T; STEP]]; N]) {
    let length = runs[0].len() / STEP;
    let mut steps: [&[[T; STEP]]; N] = [&[]; N];
    for (steps, run) in steps.iter_mut().zip(runs) {
        *steps = &run.as_chunks().0[..length];
    }
    (length, steps)
}

/// Adds the terms of whole steps of each run to lanes.
#[expect(clippy::needless_range_loop, reason = "arrays are indexed alike")]
#[inline(always)]
pub(super) fn accumulate<S: Simd, T: Number, K: Kind, const N: usize>(
    simd: S,
    kind: K,
    runs: [&[T]; N],
    sums: &mut Lanes<N>,
) {
    let (length, steps) = whole_steps(runs);
    // Of their own, so that they stay in registers.
    let mut own = *sums;
    for i in 0..length {
        for s in 0..N {
            let reals = T::lanes(simd, &steps[s][i]);
            for lane in 0..STEP {
                let sum = &mut own[s][lane % LANES];
                *sum = kind.add::<S, _>(*sum, reals[lane]);
            }
        }
    }
    *sums = own;
}

/// As [`accumulate`], in levels.
#[inline(always)]
fn cascade<S: Simd, T: Number, K: Kind, const N: usize>(
    simd: S,
    kind: K,
    runs: [&[T]; N],
    sums: &mut Lanes<N>,
) {
    let mut levels = [[[0.0; LANES]; N]; LEVELS];
    for (count, start) in (0..runs[0].len()).step_by(PART).enumerate() {
        let mut pieces: [&[T]; N] = [&[]; N];
        for (piece, run) in pieces.iter_mut().zip(runs) {
            *piece = &run[start..run.len().min(start + PART)];
        }
        let mut part = [[0.0; LANES]; N];
        accumulate::<S, _, _, N>(simd, kind, pieces, &mut part);
        carry(kind, &mut levels, count + 1, part, sums);
    }
    for level in &levels {
        merge(kind, sums, level);
    }
}

/// Elements of a run whose terms are computed before they are added, in as many lanes as a step has.
const TERMS: usize = RADIX * STEP;

/// As [`cascade`], of terms that are computed first.
#[inline(always)]
fn apart<S: Simd, T: Number, K: Kind, const N: usize>(
    simd: S,
    kind: K,
    runs: &[&[T]; N],
    length: usize,
    sums: &mut Lanes<N>,
) {
    let mut levels = [[[0.0; LANES]; N]; LEVELS];
    let mut filled = [T::Real::default(); TERMS];
    for (count, start) in (0..length).step_by(TERMS).enumerate() {
        let size = (length - start).min(TERMS);
        let mut part = [[0.0; LANES]; N];
        for (part, run) in part.iter_mut().zip(runs) {
            let steps = terms_apart(simd, kind, &run[start..start + size], &mut filled);
            for lane in 0..STEP {
                part[lane % LANES] += steps[lane];
            }
        }
        carry(Magnitudes, &mut levels, count + 1, part, sums);
    }
    for level in &levels {
        merge(Magnitudes, sums, level);
    }
}

/// The terms of a part, in lanes: pairs are added in f32, if terms are. A part that is not whole is filled with
/// zeros, so that loops are of a length that the compiler knows.
#[inline(always)]
fn terms_apart<S: Simd, T: Number, K: Kind>(
    simd: S,
    kind: K,
    run: &[T],
    filled: &mut [T::Real; TERMS],
) -> [f64; STEP] {
    let own: Option<&[T::Real; TERMS]> = own_reals(run).and_then(|reals| reals.try_into().ok());
    let reals = match own {
        Some(own) => own,
        None => {
            T::widen(simd, run, &mut filled[..run.len()]);
            filled[run.len()..].fill(T::Real::default());
            filled
        }
    };
    let mut lanes = [0.0; STEP];
    let mut near = [0.0; TERMS];
    if kind.near_terms::<S, _>(reals, &mut near) {
        let (left, right) = near.split_at(TERMS / 2);
        let steps = left.as_chunks::<STEP>().0.iter().zip(right.as_chunks::<STEP>().0);
        for (a, b) in steps {
            for lane in 0..STEP {
                lanes[lane] += f64::from(a[lane] + b[lane]);
            }
        }
        return lanes;
    }
    let mut terms = [0.0; TERMS];
    kind.terms::<S, _>(reals, &mut terms);
    for step in terms.as_chunks::<STEP>().0 {
        for lane in 0..STEP {
            lanes[lane] += step[lane];
        }
    }
    lanes
}

/// Adds the `count`-th part to the first level, and each level that is full to the next.
#[inline(never)]
fn carry<K: Kind, const N: usize>(
    kind: K,
    levels: &mut [Lanes<N>; LEVELS],
    mut count: usize,
    mut part: Lanes<N>,
    sums: &mut Lanes<N>,
) {
    for level in levels {
        merge(kind, level, &part);
        if !count.is_multiple_of(RADIX) {
            return;
        }
        count /= RADIX;
        part = std::mem::replace(level, [[0.0; LANES]; N]);
    }
    merge(kind, sums, &part);
}

#[inline(always)]
fn merge<K: Kind, const N: usize>(kind: K, sums: &mut Lanes<N>, other: &Lanes<N>) {
    for (sum, &other) in sums.as_flattened_mut().iter_mut().zip(other.as_flattened()) {
        *sum = kind.merge(*sum, other);
    }
}

/// The sum of the lanes of each register.
#[inline(always)]
pub(super) fn across<S: Simd, K: Kind, const N: usize>(
    simd: S,
    kind: K,
    sums: &Lanes<N>,
) -> [f64; N] {
    let mut totals = [0.0; N];
    // Where they come from is hidden: else the compiler turns the loop before this one into one over columns of four runs,
    // which spends its time on shuffles (a third of the speed).
    let sums = black_box(sums);
    let done = if K::ADDS { N / LANES * LANES } else { 0 };
    if K::ADDS {
        let groups = sums.as_chunks().0;
        for (totals, &sums) in totals.as_chunks_mut().0.iter_mut().zip(groups) {
            *totals = simd.add_across(sums);
        }
    }
    if done < N {
        merge_lanes(kind, &sums[done..], &mut totals[done..]);
    }
    totals
}

#[inline(always)]
fn merge_lanes<K: Kind>(kind: K, sums: &[[f64; LANES]], totals: &mut [f64]) {
    for (total, &[a, b, c, d]) in totals.iter_mut().zip(sums) {
        *total = kind.merge(kind.merge(a, c), kind.merge(b, d));
    }
}
