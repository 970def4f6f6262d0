//! Short rows that touch, each scaled while it is in registers or nearly so.
//!
//! What is done for each slice, and not for each element, takes most of the time of a short one. So lengths are those
//! that the compiler knows, and there are no lists of places, sums or factors.

use std::hint::black_box;

use super::STREAMS;
use super::blocks::rewrite_each;
use super::factors::{factors_of, moves_any};
use super::narrow::{are_sound, is_checked, is_narrow, is_sound};
use super::sums::{LANES, STEP, across};
use crate::cpu::number::Number;
use crate::cpu::outcome::{Times, Wide};
use crate::cpu::simd::{Simd, WithSimd, dispatch};
use crate::cpu::term::{InDouble, Kind, Largest, Magnitudes, Squares, Term};
use crate::plan::native::TOGETHER;
use crate::plan::rim::Rim;

/// Scales rows of `length` elements, each by its factor. Those that are kept are not written. Whether there is a loop for
/// these rows: if not, nothing is done. (1024 rows of 128 took longer by such a loop: 14 µs instead of 11 where nothing is
/// outside, 23 instead of 19 where all is; Zen 4.)
pub(in crate::cpu) fn scale_short_rows<T: Number>(
    term: Term,
    rim: &Rim,
    rows: &mut [T],
    length: usize,
) -> bool {
    match length {
        16 => scale_rows::<T, 2>(term, rim, rows),
        32 => scale_rows::<T, 4>(term, rim, rows),
        64 => scale_rows::<T, 8>(term, rim, rows),
        _ => false,
    }
}

fn scale_rows<T: Number, const STEPS: usize>(term: Term, rim: &Rim, rows: &mut [T]) -> bool {
    struct Op<'a, T, K, const STEPS: usize>(Term, K, &'a Rim, &'a mut [[[T; STEP]; STEPS]]);
    impl<T: Number, K: Kind, const STEPS: usize> WithSimd for Op<'_, T, K, STEPS> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            let Op(term, kind, rim, rows) = self;
            let (groups, rest) = rows.as_chunks_mut::<STREAMS>();
            for group in groups {
                scale_group::<S, T, K, STEPS, STREAMS>(simd, (term, kind), rim, group);
            }
            for row in rest.as_chunks_mut::<1>().0 {
                scale_group::<S, T, K, STEPS, 1>(simd, (term, kind), rim, row);
            }
        }
    }
    let rows = rows.as_chunks_mut().0.as_chunks_mut().0;
    match term {
        Term::Squares => dispatch(Op::<_, _, STEPS>(term, Squares, rim, rows)),
        Term::Magnitudes => dispatch(Op::<_, _, STEPS>(term, Magnitudes, rim, rows)),
        Term::Largest => dispatch(Op::<_, _, STEPS>(term, Largest, rim, rows)),
        _ => return false,
    }
    true
}

/// Rows one after the other.
#[inline(always)]
fn scale_group<S: Simd, T: Number, K: Kind, const STEPS: usize, const N: usize>(
    simd: S,
    (term, kind): (Term, K),
    rim: &Rim,
    rows: &mut [[[T; STEP]; STEPS]; N],
) {
    let mut sums = [[0.0; LANES]; N];
    for (sum, row) in sums.iter_mut().zip(&*rows) {
        *sum = lanes_of::<S, T, K, STEPS>(simd, kind, row);
    }
    let mut powers = across(simd, kind, &sums);
    if is_checked::<T, K>() && !are_sound(simd, &powers) {
        for (power, row) in powers.iter_mut().zip(&*rows) {
            if !is_sound(*power) {
                let kind = InDouble(kind);
                let lanes = lanes_of::<S, T, InDouble<K>, STEPS>(simd, kind, row);
                [*power] = across(simd, kind, &[lanes]);
            }
        }
    }
    if !moves_any(simd, term, rim, &powers) {
        return;
    }
    let mut factors = [0.0; N];
    let fit = factors_of(simd, term, rim, &powers, &mut factors);
    for (row, factor) in rows.iter_mut().zip(factors) {
        if factor < 0.0 {
            continue;
        }
        let row = row.as_flattened_mut();
        match fit {
            true => rewrite_each(simd, row, Times(T::Real::real_of(factor)), false),
            false => rewrite_each(simd, row, Wide(factor), false),
        }
    }
}

/// The sums of the terms of a row, in lanes.
#[inline(always)]
fn lanes_of<S: Simd, T: Number, K: Kind, const STEPS: usize>(
    simd: S,
    kind: K,
    row: &[[T; STEP]; STEPS],
) -> [f64; LANES] {
    const { assert!(STEPS <= TOGETHER && STEPS.is_multiple_of(2)) };
    let mut sums = [0.0; LANES];
    let mut narrow = [T::Real::default(); STEP];
    for pair in row.as_chunks::<2>().0 {
        for reals in T::both(simd, pair) {
            for lane in 0..STEP {
                match is_narrow::<T, K>() {
                    true => narrow[lane] = kind.add_real::<S, _>(narrow[lane], reals[lane]),
                    false => sums[lane % LANES] = kind.add::<S, _>(sums[lane % LANES], reals[lane]),
                }
            }
        }
    }
    if is_narrow::<T, K>() {
        // Hidden, or the loop before it is one over single numbers of bf16.
        let narrow = black_box(narrow);
        for lane in 0..STEP {
            sums[lane % LANES] = kind.merge(sums[lane % LANES], narrow[lane].into());
        }
    }
    sums
}
