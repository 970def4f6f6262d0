//! Slices that are passed over by a search: one, or some side by side.

use std::array::from_fn;

use super::above::Above;
use super::ends::{Close, Ends};
use super::gather::Columns;
use super::lanes::{across, largest_across};
use super::lines::{exact, largest, near};
use super::settle::{Settled, settle};
use super::steps::One;
use crate::cpu::kernel::columns::LINE;
use crate::cpu::number::Real;
use crate::cpu::outcome::Kink;
use crate::cpu::simd::{Simd, WithSimd, dispatch};

/// `N` slices.
pub(super) trait Passes<const N: usize> {
    type Real: Real;

    /// The number of lines of elements.
    fn lines(&self) -> usize;

    /// The largest of each.
    fn most(&self) -> [f64; N];

    /// In the precision of elements, of every so many lines.
    fn near<S: Simd>(&self, simd: S, slices: &[One], apart: usize) -> [Above; N];

    /// Each element in its own precision, their sum in f64, and what is close.
    fn settle<S: Simd>(&self, simd: S, slices: &[One]) -> Settled<N>;

    /// In f64, and more for elements of f64.
    fn exact(&self, kinks: &[Kink; N]) -> [Above; N];
}

/// Slices side by side.
pub(super) struct Beside<'a, R> {
    pub columns: Columns<'a, R>,
    pub magnitudes: bool,
}

impl<R: Real> Passes<LINE> for Beside<'_, R> {
    type Real = R;

    #[inline(always)]
    fn lines(&self) -> usize {
        self.columns.rows.len()
    }

    #[inline(always)]
    fn most(&self) -> [f64; LINE] {
        self.columns.most.map(R::into)
    }

    #[inline(always)]
    fn near<S: Simd>(&self, simd: S, slices: &[One], apart: usize) -> [Above; LINE] {
        let [totals, counts] =
            near(simd, self.columns.rows, self.magnitudes, &Ends::of(slices), apart);
        from_fn(|i| Above { total: totals[i].into(), count: counts[i].into(), gap: 0.0 })
    }

    #[inline(always)]
    fn settle<S: Simd>(&self, simd: S, slices: &[One]) -> Settled<LINE> {
        let (ends, mut close) = (Ends::of(slices), Vec::new());
        let above = settle(simd, self.columns.rows, self.magnitudes, &ends, &mut close);
        Settled { above, close }
    }

    fn exact(&self, kinks: &[Kink; LINE]) -> [Above; LINE] {
        exact(self.columns.rows, self.magnitudes, kinks)
    }
}

/// Contiguous slices of one length, one pass after the other.
pub(super) struct Runs<'a, R, const N: usize>(pub [Run<'a, R>; N]);

impl<R: Real, const N: usize> Passes<N> for Runs<'_, R, N> {
    type Real = R;

    /// The last line is no part of a sample.
    #[inline(always)]
    fn lines(&self) -> usize {
        self.0[0].rows.len()
    }

    #[inline(always)]
    fn most(&self) -> [f64; N] {
        let mut most = [0.0; N];
        for (most, run) in most.iter_mut().zip(&self.0) {
            *most = run.most();
        }
        most
    }

    #[inline(always)]
    fn near<S: Simd>(&self, simd: S, slices: &[One], apart: usize) -> [Above; N] {
        let mut found = [Above::default(); N];
        for ((found, run), one) in found.iter_mut().zip(&self.0).zip(slices) {
            if !one.done {
                *found = run.near(simd, one, apart);
            }
        }
        found
    }

    #[inline(always)]
    fn settle<S: Simd>(&self, simd: S, slices: &[One]) -> Settled<N> {
        let mut found = Settled { above: [Above::NONE; N], close: Vec::new() };
        for (i, (run, one)) in self.0.iter().zip(slices).enumerate() {
            if !one.done {
                found.above[i] = run.settle(simd, i as u32, one, &mut found.close);
            }
        }
        found
    }

    fn exact(&self, kinks: &[Kink; N]) -> [Above; N] {
        from_fn(|i| self.0[i].exact(kinks[i]))
    }
}

/// One slice, line by line; the last is filled up with NaN, which is not above anything.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run<'a, R> {
    rows: &'a [[R; LINE]],
    last: Option<[R; LINE]>,
    magnitudes: bool,
}

impl<'a, R: Real> Run<'a, R> {
    #[inline(always)]
    pub fn new(run: &'a [R], magnitudes: bool) -> Self {
        let (rows, tail) = run.as_chunks();
        let filled = |i| tail.get(i).copied().unwrap_or_else(|| R::real_of(f64::NAN));
        Run { rows, last: (!tail.is_empty()).then(|| from_fn(filled)), magnitudes }
    }

    /// Of whole lines and the last.
    #[inline(always)]
    fn parts(&self) -> impl Iterator<Item = &[[R; LINE]]> {
        [self.rows, self.last.as_slice()].into_iter().filter(|rows| !rows.is_empty())
    }

    #[inline(always)]
    fn most(&self) -> f64 {
        let mut most = f64::NEG_INFINITY;
        for rows in self.parts() {
            most = most.max(largest_across(largest(rows, self.magnitudes)).into());
        }
        most
    }

    #[inline(always)]
    fn near<S: Simd>(&self, simd: S, one: &One, apart: usize) -> Above {
        let (ends, mut found) = (Ends::spread(one), Above::default());
        for rows in self.parts().take(if apart == 1 { 2 } else { 1 }) {
            let sums = near(simd, rows, self.magnitudes, &ends, apart);
            let [total, count] = sums.map(|lanes| across(lanes.map(R::into)));
            (found.total, found.count) = (found.total + total, found.count + count);
        }
        found
    }

    /// Of the slice with this number.
    #[inline(always)]
    fn settle<S: Simd>(&self, simd: S, slice: u32, one: &One, close: &mut Vec<Close>) -> Above {
        let ends = Ends::spread(one);
        let mut found = Above::NONE;
        for rows in self.parts() {
            let known = close.len();
            let above = settle(simd, rows, self.magnitudes, &ends, close);
            close[known..].iter_mut().for_each(|close| close.slice = slice);
            found = found.merge(Above::of_all(above));
        }
        found
    }

    fn exact(&self, kink: Kink) -> Above {
        let parts = self.parts().map(|rows| exact(rows, self.magnitudes, &[kink; LINE]));
        parts.map(Above::of_all).fold(Above::NONE, Above::merge)
    }
}

/// The largest value of a run.
pub(in crate::cpu) fn most<R: Real>(run: &[R], magnitudes: bool) -> f64 {
    struct Op<'a, R>(&'a [R], bool);
    impl<R: Real> WithSimd for Op<'_, R> {
        type Output = f64;
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) -> f64 {
            Run::new(self.0, self.1).most()
        }
    }
    dispatch(Op(run, magnitudes))
}
