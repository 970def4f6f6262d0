//! Passes over lines of elements side by side, in the registers that the caller is compiled for.

use std::array::from_fn;

use super::above::Above;
use super::ends::{Ends, as_told, over, value};
use crate::cpu::kernel::columns::LINE;
use crate::cpu::number::Real;
use crate::cpu::outcome::Kink;
use crate::cpu::simd::{Simd, WithSimd, dispatch};

/// Lines that one thread takes alone.
const LONG: usize = 1 << 14;

/// What an element of f64 counts: its reciprocal is a number, too.
const LEAST: f64 = f64::from_bits((1023 - 1000) << 52);

/// Lines of f64 that are added up one after the other; more of them are added in halves.
const CHAIN: usize = 32;

/// Whether an element is below zero.
pub(in crate::cpu) fn any_negative<R: Real>(run: &[R]) -> bool {
    // A piece at a time: most slices that hold one hold it early.
    run.chunks(LINE * LINE)
        .any(|piece| piece.iter().fold(false, |any, &x| any | (x < R::default())))
}

/// Both halves of rows, by two threads if that pays.
pub(super) fn halves<'a, R: Real, O: WithSimd>(
    rows: &'a [[R; LINE]],
    op: impl Fn(&'a [[R; LINE]]) -> O + Sync,
) -> (O::Output, O::Output)
where
    O::Output: Send,
{
    let (left, right) = rows.split_at(rows.len() / 2);
    let half = |rows| dispatch(op(rows));
    match rows.len() > LONG {
        true => rayon::join(|| half(left), || half(right)),
        false => (half(left), half(right)),
    }
}

/// What a number above zero counts in [`counted`], unless it is smaller. By the order of bits, not by a comparison:
/// where two choices need of a number whether it is above zero, the compiler may go from lane to lane by branches.
#[inline(always)]
pub(super) fn least<R: Real>() -> R {
    R::real_of(if R::DOUBLE { LEAST } else { f32::MIN_POSITIVE.into() })
}

/// The number of elements above zero, of a sum of as many times [`least`], which is exact.
#[inline(always)]
pub(super) fn counted<R: Real>(sums: [R; LINE]) -> [R; LINE] {
    let all = R::real_of(1.0 / least::<R>().into());
    from_fn(|i| sums[i].times(all))
}

/// The largest value of each column.
#[inline(always)]
pub(super) fn largest<R: Real>(rows: &[[R; LINE]], magnitudes: bool) -> [R; LINE] {
    struct Op<'a, R>(&'a [[R; LINE]], bool);
    impl<R: Real> WithSimd for Op<'_, R> {
        type Output = [R; LINE];
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) -> [R; LINE] {
            largest(self.0, self.1)
        }
    }
    if rows.len() > LONG {
        let (a, b) = halves(rows, |rows| Op(rows, magnitudes));
        return larger([a, b]);
    }
    match magnitudes {
        true => largest_of::<R, true>(rows),
        false => largest_of::<R, false>(rows),
    }
}

#[inline(always)]
pub(super) fn largest_of<R: Real, const MAGNITUDES: bool>(rows: &[[R; LINE]]) -> [R; LINE] {
    // Two lines at a time: a register waits for what it was last compared with.
    let mut most = [[R::real_of(f64::NEG_INFINITY); LINE]; 2];
    let (pairs, last) = rows.as_chunks::<2>();
    for pair in pairs {
        for k in 0..2 {
            for i in 0..LINE {
                let value = value(pair[k][i], MAGNITUDES);
                most[k][i] = if value > most[k][i] { value } else { most[k][i] };
            }
        }
    }
    for row in last {
        for i in 0..LINE {
            let value = value(row[i], MAGNITUDES);
            most[0][i] = if value > most[0][i] { value } else { most[0][i] };
        }
    }
    larger(most)
}

/// The larger of each column.
#[inline(always)]
pub(super) fn larger<R: Real>([a, b]: [[R; LINE]; 2]) -> [R; LINE] {
    from_fn(|i| if a[i] > b[i] { a[i] } else { b[i] })
}

/// The sum of what is above δ in each column and its count, in the precision of elements, of one line in
/// `apart`.
#[inline(always)]
pub(super) fn near<S: Simd, R: Real>(
    simd: S,
    rows: &[[R; LINE]],
    magnitudes: bool,
    ends: &Ends<R, LINE>,
    apart: usize,
) -> [[R; LINE]; 2] {
    struct Op<'a, R>(&'a [[R; LINE]], bool, &'a Ends<R, LINE>);
    impl<R: Real> WithSimd for Op<'_, R> {
        type Output = [[R; LINE]; 2];
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> [[R; LINE]; 2] {
            let Op(rows, magnitudes, ends) = self;
            near(simd, rows, magnitudes, ends, 1)
        }
    }
    // Halves of a sample would not begin where the sample does.
    if rows.len() > LONG && apart == 1 {
        let (a, b) = halves(rows, |rows| Op(rows, magnitudes, ends));
        return from_fn(|k| from_fn(|i| a[k][i] + b[k][i]));
    }
    as_told!(magnitudes, ends.low, near_of::<S, R>(simd, rows, ends, apart))
}

/// As [`near`].
#[inline(always)]
pub(super) fn near_lines<S: Simd, R: Real, const MAGNITUDES: bool>(
    simd: S,
    rows: &[[R; LINE]],
    ends: &Ends<R, LINE>,
) -> [[R; LINE]; 2] {
    match ends.low {
        true => near_of::<S, R, MAGNITUDES, true>(simd, rows, ends, 1),
        false => near_of::<S, R, MAGNITUDES, false>(simd, rows, ends, 1),
    }
}

#[inline(always)]
fn near_of<S: Simd, R: Real, const MAGNITUDES: bool, const LOW: bool>(
    simd: S,
    rows: &[[R; LINE]],
    ends: &Ends<R, LINE>,
    apart: usize,
) -> [[R; LINE]; 2] {
    let (zero, least) = (R::default(), least::<R>());
    // Of their own, so that all of them stay in registers.
    let Ends { from, deltas, .. } = *ends;
    let mut sums = [[zero; LINE]; 2];
    // An iterator by steps would keep them in memory, too.
    let mut k = 0;
    while k < rows.len() {
        let (row, mut overs) = (rows[k], [zero; LINE]);
        for i in 0..LINE {
            overs[i] = over::<R, MAGNITUDES, LOW>(row[i], from[i], deltas[i]);
        }
        sums = R::add_above(simd, sums, overs, least);
        k += apart;
    }
    let [totals, counts] = sums;
    [totals, counted(counts)]
}

/// Lines that are added up one after the other.
#[inline(always)]
pub(super) fn chain<R: Real>() -> usize {
    if R::DOUBLE { CHAIN } else { LONG }
}

/// As [`super::passes::Passes::exact`], of each column. Few slices need it.
pub(super) fn exact<R: Real>(
    rows: &[[R; LINE]],
    magnitudes: bool,
    kinks: &[Kink; LINE],
) -> [Above; LINE] {
    if rows.len() > chain::<R>() {
        let (left, right) = rows.split_at(rows.len() / 2);
        let half = |rows| exact(rows, magnitudes, kinks);
        let (a, b) = match rows.len() > LONG {
            true => rayon::join(|| half(left), || half(right)),
            false => (half(left), half(right)),
        };
        return from_fn(|i| a[i].merge(b[i]));
    }
    let mut found = [Above::NONE; LINE];
    for row in rows {
        for (above, (kink, &x)) in found.iter_mut().zip(kinks.iter().zip(row)) {
            let over = kink.over::<R>(value(x, magnitudes).into());
            if over > 0.0 {
                (above.total, above.count) = (above.total + over, above.count + 1.0);
            }
            above.gap = above.gap.min(over.abs());
        }
    }
    found
}
