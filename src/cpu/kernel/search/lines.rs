//! Passes over lines of elements side by side, in the registers that the caller is compiled for.

use std::array::from_fn;

use super::lanes::{across, largest_across};
use super::steps::One;
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

/// What of a slice is above a kink.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Above {
    pub total: f64,
    pub count: f64,
    /// The distance of the nearest element to the kink, on either side.
    pub gap: f64,
}

impl Above {
    pub const NONE: Above = Above { total: 0.0, count: 0.0, gap: f64::INFINITY };

    #[inline(always)]
    pub fn merge(self, other: Above) -> Above {
        Above {
            total: self.total + other.total,
            count: self.count + other.count,
            gap: self.gap.min(other.gap),
        }
    }

    /// Of the columns that make one slice.
    #[inline(always)]
    pub fn of_all(columns: [Above; LINE]) -> Above {
        Above {
            total: across(columns.map(|above| above.total)),
            count: across(columns.map(|above| above.count)),
            gap: -largest_across(columns.map(|above| -above.gap)),
        }
    }

    /// To where a parabola has the sum c, whose slope grows by `bend`; to its lowest point if it has nowhere.
    #[inline(always)]
    pub fn bent_step(&self, c: f64, bend: f64) -> f64 {
        let (over, slope) = (self.total - c, self.count.max(1.0));
        let root = (slope * slope - 2.0 * bend.max(0.0) * over).max(0.0).sqrt();
        -2.0 * over / (slope + root)
    }

    /// Newton's.
    #[inline(always)]
    pub fn step(&self, c: f64) -> f64 {
        (c - self.total) / self.count.max(1.0)
    }
}

/// Where the elements of slices side by side end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ends<R, const N: usize> {
    /// The largest of each, or zero.
    pub most: [R; N],
    pub deltas: [R; N],
    /// Elements that are not farther than this from their kink are told one by one.
    pub widths: [R; N],
}

impl<R: Real> Ends<R, LINE> {
    /// Of a line of slices.
    #[inline(always)]
    pub fn of(slices: &[One]) -> Self {
        Ends {
            most: from_fn(|i| R::real_of(slices[i].from)),
            deltas: from_fn(|i| R::real_of(slices[i].delta)),
            widths: from_fn(|i| R::real_of(slices[i].width)),
        }
    }

    /// Of columns that make one slice.
    #[inline(always)]
    pub fn spread(one: &One) -> Self {
        let [most, deltas, widths] =
            [one.from, one.delta, one.width].map(|value| [R::real_of(value); LINE]);
        Ends { most, deltas, widths }
    }
}

/// Elements that lists are made for, so that few of them grow.
const ROOM: usize = 32;

impl<R: Real, const N: usize> Ends<R, N> {
    /// Elements of a row that are close. They are few.
    #[cold]
    #[inline(never)]
    fn collect(&self, row: &[R; N], magnitudes: bool, close: &mut Vec<Close>) {
        close.reserve(ROOM);
        for (i, &x) in row.iter().enumerate() {
            let over = self.deltas[i] - (self.most[i] - value(x, magnitudes));
            if over.magnitude() <= self.widths[i] {
                close.push(Close { slice: i as u32, over: over.into() });
            }
        }
    }
}

/// An element near the kink of its slice.
#[derive(Debug, Clone, Copy)]
pub(super) struct Close {
    pub slice: u32,
    /// How far it is above.
    pub over: f64,
}

/// What is above the kinks of slices side by side, and which elements are close to them.
#[derive(Debug)]
pub(super) struct Settled<const N: usize> {
    pub above: [Above; N],
    pub close: Vec<Close>,
}

impl<const N: usize> Settled<N> {
    #[inline(always)]
    pub fn merge(mut self, mut other: Settled<N>) -> Settled<N> {
        match self.close.is_empty() {
            true => self.close = other.close,
            false => self.close.append(&mut other.close),
        }
        Settled { above: from_fn(|i| self.above[i].merge(other.above[i])), close: self.close }
    }
}

/// Whether an element is below zero.
pub(in crate::cpu) fn any_negative<R: Real>(run: &[R]) -> bool {
    // A piece at a time: most slices that hold one hold it early.
    run.chunks(LINE * LINE)
        .any(|piece| piece.iter().fold(false, |any, &x| any | (x < R::default())))
}

/// Both halves of rows, by two threads if that pays.
fn halves<'a, R: Real, O: WithSimd>(
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

/// The number that moves.
#[inline(always)]
pub(super) fn value<R: Real>(x: R, magnitudes: bool) -> R {
    if magnitudes { x.magnitude() } else { x }
}

/// What a number above zero counts in [`counted`], unless it is smaller. By the order of bits, not by a comparison:
/// where two choices need of a number whether it is above zero, the compiler may go from lane to lane by branches.
fn least<R: Real>() -> R {
    R::real_of(if R::DOUBLE { LEAST } else { f32::MIN_POSITIVE.into() })
}

/// The number of elements above zero, of a sum of as many times [`least`], which is exact.
#[inline(always)]
fn counted<R: Real>(sums: [R; LINE]) -> [R; LINE] {
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
pub(super) fn near<R: Real>(
    rows: &[[R; LINE]],
    magnitudes: bool,
    most: &[R; LINE],
    deltas: &[R; LINE],
    apart: usize,
) -> [[R; LINE]; 2] {
    struct Op<'a, R>(&'a [[R; LINE]], bool, [R; LINE], [R; LINE]);
    impl<R: Real> WithSimd for Op<'_, R> {
        type Output = [[R; LINE]; 2];
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) -> [[R; LINE]; 2] {
            let Op(rows, magnitudes, most, deltas) = self;
            near(rows, magnitudes, &most, &deltas, 1)
        }
    }
    // Halves of a sample would not begin where the sample does.
    if rows.len() > LONG && apart == 1 {
        let (a, b) = halves(rows, |rows| Op(rows, magnitudes, *most, *deltas));
        return from_fn(|k| from_fn(|i| a[k][i] + b[k][i]));
    }
    match magnitudes {
        true => near_of::<R, true>(rows, most, deltas, apart),
        false => near_of::<R, false>(rows, most, deltas, apart),
    }
}

#[inline(always)]
pub(super) fn near_of<R: Real, const MAGNITUDES: bool>(
    rows: &[[R; LINE]],
    most: &[R; LINE],
    deltas: &[R; LINE],
    apart: usize,
) -> [[R; LINE]; 2] {
    let (zero, least) = (R::default(), least::<R>());
    // Of their own, so that all of them stay in registers.
    let (most, deltas) = (*most, *deltas);
    let (mut totals, mut counts) = ([zero; LINE], [zero; LINE]);
    // An iterator by steps would keep them in memory, too.
    let mut k = 0;
    while k < rows.len() {
        let row = rows[k];
        for i in 0..LINE {
            let over = deltas[i] - (most[i] - value(row[i], MAGNITUDES));
            let above = if over > zero { over } else { zero };
            totals[i] = totals[i] + above;
            counts[i] = counts[i] + above.smaller(least);
        }
        k += apart;
    }
    [totals, counted(counts)]
}

/// As [`super::passes::Passes::settle`], of each column.
#[inline(always)]
pub(super) fn settle<R: Real>(
    rows: &[[R; LINE]],
    magnitudes: bool,
    ends: &Ends<R, LINE>,
) -> Settled<LINE> {
    struct Op<'a, R>(&'a [[R; LINE]], bool, &'a Ends<R, LINE>);
    impl<R: Real> WithSimd for Op<'_, R> {
        type Output = Settled<LINE>;
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) -> Settled<LINE> {
            settle(self.0, self.1, self.2)
        }
    }
    if rows.len() > chain::<R>() {
        let (a, b) = halves(rows, |rows| Op(rows, magnitudes, ends));
        return a.merge(b);
    }
    match magnitudes {
        true => settle_of::<R, true>(rows, ends),
        false => settle_of::<R, false>(rows, ends),
    }
}

#[inline(always)]
pub(super) fn settle_of<R: Real, const MAGNITUDES: bool>(
    rows: &[[R; LINE]],
    ends: &Ends<R, LINE>,
) -> Settled<LINE> {
    let (zero, least) = (R::default(), least::<R>());
    let (mut totals, mut counts) = ([0.0; LINE], [zero; LINE]);
    let mut close = Vec::new();
    for rows in rows.chunks(u64::BITS as usize) {
        let mut are_close = 0;
        for (k, row) in rows.iter().enumerate() {
            let (mut above, mut is_close) = ([zero; LINE], false);
            for i in 0..LINE {
                let over = ends.deltas[i] - (ends.most[i] - value(row[i], MAGNITUDES));
                above[i] = if over > zero { over } else { zero };
                counts[i] = counts[i] + above[i].smaller(least);
                is_close |= over.magnitude() <= ends.widths[i];
            }
            // Apart: in one loop everything would be done in half registers.
            for i in 0..LINE {
                totals[i] += above[i].into();
            }
            are_close |= u64::from(is_close) << k;
        }
        // A call in the loop would keep all sums in memory.
        while are_close != 0 {
            ends.collect(&rows[are_close.trailing_zeros() as usize], MAGNITUDES, &mut close);
            are_close &= are_close - 1;
        }
    }
    let counts = counted(counts);
    let above = from_fn(|i| Above { total: totals[i], count: counts[i].into(), gap: 0.0 });
    Settled { above, close }
}

/// Lines that are added up one after the other.
fn chain<R: Real>() -> usize {
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
