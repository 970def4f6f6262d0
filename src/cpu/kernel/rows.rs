//! Contiguous and strided runs of one slice.

use pulp::{Arch, Simd, WithSimd};

use super::add_square;
use crate::cpu::factor::Factor;
use crate::cpu::part::Part;
use crate::cpu::rule::Rule;
use crate::cpu::tile::{At, Line};
use crate::report::Tally;

/// Independent sums: eight registers of four f64, which hide the latency of the addition.
const LANES: usize = 32;
/// The tail of a run, and short runs, go by one register.
const NARROW: usize = 4;

#[inline(always)]
fn sum_squares<S: Simd>(run: &[f32]) -> f64 {
    let (wide, rest) = run.as_chunks::<LANES>();
    let (narrow, tail) = rest.as_chunks::<NARROW>();
    let mut lanes = [0.0; NARROW];
    if !wide.is_empty() {
        let mut sums = [0.0; LANES];
        for chunk in wide {
            for lane in 0..LANES {
                sums[lane] = add_square::<S>(sums[lane], chunk[lane]);
            }
        }
        for group in sums.as_chunks::<NARROW>().0 {
            for lane in 0..NARROW {
                lanes[lane] += group[lane];
            }
        }
    }
    for chunk in narrow {
        for lane in 0..NARROW {
            lanes[lane] = add_square::<S>(lanes[lane], chunk[lane]);
        }
    }
    let tail = tail.iter().fold(0.0, |sum, &x| add_square::<S>(sum, x));
    (lanes[0] + lanes[2]) + (lanes[1] + lanes[3]) + tail
}

/// The sum of squares of a contiguous run.
pub(in crate::cpu) fn sum(run: &[f32]) -> f64 {
    struct Op<'a>(&'a [f32]);
    impl WithSimd for Op<'_> {
        type Output = f64;
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) -> f64 {
            sum_squares::<S>(self.0)
        }
    }
    Arch::new().dispatch(Op(run))
}

/// The sum of squares of every `stride`-th element. Blocks keep the chain of additions short.
pub(in crate::cpu) fn sum_strided(source: &[f32], stride: usize, size: usize) -> f64 {
    const BLOCK: usize = 1024;
    let mut total = 0.0;
    for start in (0..size).step_by(BLOCK) {
        let elements = source[start * stride..].iter().step_by(stride);
        let mut sums = [0.0; NARROW];
        for (i, &x) in elements.take(BLOCK.min(size - start)).enumerate() {
            sums[i % NARROW] += f64::from(x) * f64::from(x);
        }
        total += (sums[0] + sums[2]) + (sums[1] + sums[3]);
    }
    total
}

/// Reduces and finishes contiguous slices, one after the other.
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
        run: &'a Line,
        rule: &'a Rule,
        tally: &'a mut Tally,
    }
    impl<P: Part> WithSimd for Op<'_, P> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) {
            let Op { part, at, rows, run, rule, tally } = self;
            for i in 0..rows.size {
                let at = at.step(rows, i);
                let sum = sum_squares::<S>(&part.source()[at.source..at.source + run.size]);
                rule.count(tally, sum, at.slice);
                part.finish_row(at, run.size, sum, rule);
            }
        }
    }
    Arch::new().dispatch(Op { part, at, rows, run, rule, tally });
}

/// For use inside a dispatched loop; [`scale`] dispatches by itself.
#[inline(always)]
pub(in crate::cpu) fn scale_each<F: Factor>(run: &mut [f32], factor: F) {
    run.iter_mut().for_each(|x| *x = factor.scaled(*x));
}

/// As [`scale_each`], to other memory.
#[inline(always)]
pub(in crate::cpu) fn scale_each_into<F: Factor>(source: &[f32], target: &mut [f32], factor: F) {
    target.iter_mut().zip(source).for_each(|(y, x)| *y = factor.scaled(*x));
}

/// Scales a contiguous run.
pub(in crate::cpu) fn scale<F: Factor>(run: &mut [f32], factor: F) {
    struct Op<'a, F>(&'a mut [f32], F);
    impl<F: Factor> WithSimd for Op<'_, F> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) {
            scale_each(self.0, self.1);
        }
    }
    Arch::new().dispatch(Op(run, factor));
}

/// Scales a contiguous run to other memory, or copies it.
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
