//! Contiguous runs of one slice of which every element becomes another.

use super::blocks::rewrite_each;
use super::{SECTOR, streams};
use crate::cpu::number::Number;
use crate::cpu::outcome::Outcome;
use crate::cpu::simd::{Simd, WithSimd, dispatch};

/// A longer run is written as several streams.
const LONG: usize = 1 << 13;

/// Rewrites runs of `length` elements that are not kept.
pub(in crate::cpu) fn rewrite_rows<T: Number, O: Outcome<T::Real>>(
    data: &mut [T],
    places: &[usize],
    length: usize,
    outcomes: &[O],
    cut: bool,
) {
    struct Op<'a, T, O> {
        data: &'a mut [T],
        places: &'a [usize],
        length: usize,
        outcomes: &'a [O],
        cut: bool,
    }
    impl<T: Number, O: Outcome<T::Real>> WithSimd for Op<'_, T, O> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            let Op { data, places, length, outcomes, cut } = self;
            for (&place, &outcome) in places.iter().zip(outcomes) {
                if outcome.keeps() {
                    continue;
                }
                let run = &mut data[place..place + length];
                if length <= LONG {
                    rewrite_each(simd, run, outcome, cut);
                } else {
                    for group in streams(run, SECTOR, length.div_ceil(SECTOR)) {
                        for piece in group {
                            rewrite_each(simd, piece, outcome, cut);
                        }
                    }
                }
            }
        }
    }
    dispatch(Op { data, places, length, outcomes, cut });
}
