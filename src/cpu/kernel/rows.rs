//! Contiguous and strided runs of one slice.

use pulp::{Arch, Simd, WithSimd};

use super::STREAMS;
use super::sums::{LANES, Squares, sum_of, sums_of};
use crate::cpu::factor::Factor;
use crate::cpu::part::Part;
use crate::cpu::rule::Rule;
use crate::cpu::tile::{At, Line};
use crate::report::Tally;

/// The sum of squares of every `stride`-th element. Blocks keep the chain of additions short.
pub(in crate::cpu) fn sum_strided(source: &[f32], stride: usize, size: usize) -> f64 {
    const BLOCK: usize = 1024;
    let mut total = 0.0;
    for start in (0..size).step_by(BLOCK) {
        let elements = source[start * stride..].iter().step_by(stride);
        let mut sums = [0.0; LANES];
        for (i, &x) in elements.take(BLOCK.min(size - start)).enumerate() {
            sums[i % LANES] += f64::from(x) * f64::from(x);
        }
        total += (sums[0] + sums[2]) + (sums[1] + sums[3]);
    }
    total
}

/// Reduces and finishes contiguous slices, several at a time.
pub(in crate::cpu) fn rows<P: Part>(
    part: &mut P,
    at: At,
    rows: &Line,
    run: &Line,
    rule: &Rule,
    tally: &mut Tally,
) {
    struct Op<'a, P> {
        part: &'a mut P,
        at: At,
        rows: &'a Line,
        length: usize,
        rule: &'a Rule,
        tally: &'a mut Tally,
    }
    impl<P: Part> Op<'_, P> {
        #[inline(always)]
        fn row(&self, at: At) -> &[f32] {
            &self.part.source()[at.source..at.source + self.length]
        }

        #[inline(always)]
        fn finish<const N: usize>(&mut self, at: impl Fn(usize) -> At, sums: [f64; N]) {
            let factors = self.rule.factors(&sums);
            for (i, (sum, factor)) in sums.into_iter().zip(factors).enumerate() {
                self.rule.count(self.tally, sum, at(i).slice);
                self.part.finish_row(at(i), self.length, sum, factor);
            }
        }
    }
    impl<P: Part> WithSimd for Op<'_, P> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(mut self, _: S) {
            let (first, rows) = (self.at, *self.rows);
            let together = rows.size / STREAMS;
            for i in 0..together {
                let at = |s: usize| first.step(&rows, s * together + i);
                let mut runs: [&[f32]; STREAMS] = [&[]; STREAMS];
                for (s, run) in runs.iter_mut().enumerate() {
                    *run = self.row(at(s));
                }
                let sums = sums_of::<S, Squares, STREAMS>(runs);
                self.finish(at, sums);
            }
            for i in STREAMS * together..rows.size {
                let at = first.step(&rows, i);
                let sum = sum_of::<S, Squares>(self.row(at));
                self.finish(|_| at, [sum]);
            }
        }
    }
    Arch::new().dispatch(Op { part, at, rows, length: run.size, rule, tally });
}

/// For use inside a dispatched loop; [`scale`] dispatches by itself.
#[inline(always)]
pub(in crate::cpu) fn scale_each<F: Factor>(run: &mut [f32], factor: F) {
    run.iter_mut().for_each(|x| *x = factor.times(*x));
}

/// As [`scale_each`], to other memory.
#[inline(always)]
pub(in crate::cpu) fn scale_each_into<F: Factor>(source: &[f32], target: &mut [f32], factor: F) {
    target.iter_mut().zip(source).for_each(|(y, x)| *y = factor.times(*x));
}

/// Scales a contiguous run, written as several streams.
pub(in crate::cpu) fn scale<F: Factor>(run: &mut [f32], factor: F) {
    struct Op<'a, F>(&'a mut [f32], F);
    impl<F: Factor> WithSimd for Op<'_, F> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) {
            let Op(run, factor) = self;
            for group in super::streams(run, super::SECTOR, run.len().div_ceil(super::SECTOR)) {
                for piece in group {
                    scale_each(piece, factor);
                }
            }
        }
    }
    Arch::new().dispatch(Op(run, factor));
}

/// Scales a contiguous run to other memory.
pub(in crate::cpu) fn scale_into<F: Factor>(source: &[f32], target: &mut [f32], factor: F) {
    struct Op<'a, F>(&'a [f32], &'a mut [f32], F);
    impl<F: Factor> WithSimd for Op<'_, F> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) {
            scale_each_into(self.0, self.1, self.2);
        }
    }
    Arch::new().dispatch(Op(source, target, factor));
}
