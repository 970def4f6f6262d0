//! Sums over contiguous runs.

use std::marker::PhantomData;

use pulp::{Arch, Simd, WithSimd};

use super::{STREAMS, add_square};

/// What is summed for each element.
pub(super) trait Term {
    fn add<S: Simd>(sum: f64, x: f32) -> f64;
}

/// `x²`, for the L2 norm.
pub(super) struct Squares;

/// `|x|`, for the L1 norm.
pub(super) struct Magnitudes;

impl Term for Squares {
    #[inline(always)]
    fn add<S: Simd>(sum: f64, x: f32) -> f64 {
        add_square::<S>(sum, x)
    }
}

impl Term for Magnitudes {
    #[inline(always)]
    fn add<S: Simd>(sum: f64, x: f32) -> f64 {
        sum + f64::from(x.abs())
    }
}

/// f64 lanes of one sum: a register of AVX2. Eight streams of one register each hide the latency
/// of the addition.
pub(super) const LANES: usize = 4;

/// The sum of the terms of each of some runs of one length.
///
/// Loops, not `map` or `from_fn`: a closure that is too large to be inlined there would be compiled
/// for the baseline.
#[expect(clippy::needless_range_loop, reason = "two arrays are indexed alike")]
#[inline(always)]
pub(super) fn sums_of<S: Simd, T: Term, const N: usize>(runs: [&[f32]; N]) -> [f64; N] {
    let length = runs[0].len() / LANES;
    let mut chunks: [&[[f32; LANES]]; N] = [&[]; N];
    for s in 0..N {
        chunks[s] = &runs[s].as_chunks().0[..length];
    }
    let mut sums = [[0.0; LANES]; N];
    for i in 0..length {
        for s in 0..N {
            for lane in 0..LANES {
                sums[s][lane] = T::add::<S>(sums[s][lane], chunks[s][i][lane]);
            }
        }
    }
    let mut totals = across(&sums);
    for s in 0..N {
        for &x in &runs[s][length * LANES..] {
            totals[s] = T::add::<S>(totals[s], x);
        }
    }
    totals
}

/// The sum of the lanes of each register. Inlined, it lets the compiler turn the loop before it
/// into one over columns of four runs, which spends its time on shuffles: a third of the speed.
#[inline(never)]
fn across<const N: usize>(sums: &[[f64; LANES]; N]) -> [f64; N] {
    let mut totals = [0.0; N];
    for (total, [a, b, c, d]) in totals.iter_mut().zip(sums) {
        *total = (a + c) + (b + d);
    }
    totals
}

/// The sum of the terms of one run, read as several streams.
#[inline(always)]
pub(super) fn sum_of<S: Simd, T: Term>(run: &[f32]) -> f64 {
    let length = run.len() / (STREAMS * LANES) * LANES;
    let (streams, tail) = run.split_at(STREAMS * length);
    let [tail] = sums_of::<S, T, 1>([tail]);
    if length == 0 {
        return tail;
    }
    let mut runs: [&[f32]; STREAMS] = [&[]; STREAMS];
    for (i, run) in runs.iter_mut().enumerate() {
        *run = &streams[i * length..(i + 1) * length];
    }
    sums_of::<S, T, STREAMS>(runs).iter().sum::<f64>() + tail
}

/// The sum of squares of a contiguous run.
pub(in crate::cpu) fn sum(run: &[f32]) -> f64 {
    Arch::new().dispatch(Sum::<Squares>(run, PhantomData))
}

/// The sum of magnitudes of a contiguous run.
pub(in crate::cpu) fn sum_magnitudes(run: &[f32]) -> f64 {
    Arch::new().dispatch(Sum::<Magnitudes>(run, PhantomData))
}

struct Sum<'a, T>(&'a [f32], PhantomData<T>);

impl<T: Term> WithSimd for Sum<'_, T> {
    type Output = f64;
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> f64 {
        sum_of::<S, T>(self.0)
    }
}
