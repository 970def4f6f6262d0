//! Runs whose elements move to the nearer of two bounds, and what is counted of them.

use super::blocks::{BLOCK, own_reals, rewrite_each};
use crate::cpu::number::{Number, Real};
use crate::cpu::outcome::Map;
use crate::cpu::simd::{Simd, WithSimd, dispatch};
use crate::plan::rule::Clamp;
use crate::projection::OnNonFinite;
use crate::report::Tally;

/// Two bounds, each an element or infinite, and what becomes of NaN.
pub(in crate::cpu) struct Bounds<T: Number> {
    within: Within<T::Real>,
    /// None if it keeps its bits.
    nan: Option<T>,
    report: bool,
}

/// Moved to the nearer bound.
#[derive(Debug, Clone, Copy)]
struct Within<R> {
    low: R,
    high: R,
}

impl<R: Real> Within<R> {
    /// NaN is not.
    #[inline(always)]
    fn excludes(self, x: R) -> bool {
        (x < self.low) | (x > self.high)
    }
}

impl<R: Real> Map<R> for Within<R> {
    #[inline(always)]
    fn of(self, x: R) -> R {
        let x = if x < self.low { self.low } else { x };
        if x > self.high { self.high } else { x }
    }
}

impl<T: Number> Bounds<T> {
    pub fn new(clamp: &Clamp, policy: OnNonFinite, report: bool) -> Self {
        let within = Within { low: T::real_of(clamp.low), high: T::real_of(clamp.high) };
        let nan = match policy {
            OnNonFinite::Leave => None,
            OnNonFinite::Zero => Some(T::zeroed()),
            OnNonFinite::Propagate | OnNonFinite::Poison => Some(T::nearest(T::real_of(f64::NAN))),
        };
        Bounds { within, nan, report }
    }

    /// Clamps a run. Blocks in which nothing changes are not written.
    pub fn clamp(&self, run: &mut [T], seen: &mut Seen) {
        struct Op<'a, T: Number>(&'a Bounds<T>, &'a mut [T], &'a mut Seen);
        impl<T: Number> WithSimd for Op<'_, T> {
            type Output = ();
            #[inline(always)]
            fn with_simd<S: Simd>(self, simd: S) {
                let Op(bounds, run, seen) = self;
                for piece in run.chunks_mut(BLOCK) {
                    clamp_block(simd, bounds, piece, seen);
                }
            }
        }
        dispatch(Op(self, run, seen));
    }

    /// One element, of which NaN is one.
    fn of(&self, x: T) -> T {
        let real = x.real();
        match self.nan {
            Some(replacement) if is_nan(real) => replacement,
            _ if self.within.excludes(real) => T::nearest(self.within.of(real)),
            _ => x,
        }
    }
}

#[inline(always)]
fn clamp_block<S: Simd, T: Number>(simd: S, bounds: &Bounds<T>, piece: &mut [T], seen: &mut Seen) {
    let mut block = [T::Real::default(); BLOCK];
    let reals = match own_reals(piece) {
        Some(reals) => reals,
        None => {
            T::widen(simd, piece, &mut block[..piece.len()]);
            &block[..piece.len()]
        }
    };
    let (mut outside, mut nan) = (false, false);
    for &x in reals {
        outside |= bounds.within.excludes(x);
        nan |= is_nan(x);
    }
    if bounds.report {
        seen.count(reals, bounds.within);
    }
    if nan {
        // Its payload would not outlast being widened and rounded.
        piece.iter_mut().for_each(|x| *x = bounds.of(*x));
    } else if outside {
        rewrite_each(simd, piece, bounds.within, false);
    }
}

#[expect(clippy::eq_op, reason = "NaN alone is not itself")]
#[inline(always)]
fn is_nan<R: Real>(x: R) -> bool {
    x != x
}

/// What was counted of a run.
#[derive(Debug, Default)]
pub(in crate::cpu) struct Seen {
    count: usize,
    changed: usize,
    zero: usize,
    non_finite: usize,
    first_non_finite: Option<usize>,
    largest: f64,
    sum: f64,
}

impl Seen {
    /// A NaN is not finite; an infinity is clamped like any number, and is not finite either.
    #[inline(always)]
    fn count<R: Real>(&mut self, reals: &[R], within: Within<R>) {
        for &x in reals {
            let magnitude: f64 = x.magnitude().into();
            self.changed += usize::from(within.excludes(x));
            if magnitude < f64::INFINITY {
                self.zero += usize::from(magnitude == 0.0);
                self.largest = self.largest.max(magnitude);
                self.sum += magnitude;
            } else {
                self.non_finite += 1;
                self.first_non_finite.get_or_insert(self.count);
            }
            self.count += 1;
        }
    }

    /// A tally of elements whose numbers `index` tells from their places in the run.
    pub fn tally(&self, index: impl Fn(usize) -> u64) -> Tally {
        Tally {
            slices: self.count as u64,
            changed: self.changed as u64,
            zero: self.zero as u64,
            non_finite: self.non_finite as u64,
            first_non_finite: self.first_non_finite.map(index),
            largest_norm: self.largest,
            norm_sum: self.sum,
            ..Tally::default()
        }
    }
}
