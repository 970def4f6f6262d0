//! The pass that ends a search: sums in f64, and the few elements near the kink one by one.

use std::array::from_fn;

use super::LINE;
use super::above::Above;
use super::ends::{Close, Ends, as_told, over};
use super::lines::{chain, counted, halves, least};
use crate::cpu::number::Real;
use crate::cpu::simd::{Simd, WithSimd};

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

/// As [`super::passes::Passes::settle`], of each column; adds what is close.
#[inline(always)]
pub(super) fn settle<S: Simd, R: Real>(
    simd: S,
    rows: &[[R; LINE]],
    magnitudes: bool,
    ends: &Ends<R, LINE>,
    close: &mut Vec<Close>,
) -> [Above; LINE] {
    struct Op<'a, R>(&'a [[R; LINE]], bool, &'a Ends<R, LINE>);
    impl<R: Real> WithSimd for Op<'_, R> {
        type Output = Settled<LINE>;
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> Settled<LINE> {
            let mut close = Vec::new();
            Settled { above: settle(simd, self.0, self.1, self.2, &mut close), close }
        }
    }
    if rows.len() > chain::<R>() {
        let (a, b) = halves(rows, |rows| Op(rows, magnitudes, ends));
        let both = a.merge(b);
        close.extend(both.close);
        return both.above;
    }
    as_told!(magnitudes, ends.low, settle_of::<S, R>(simd, rows, ends, close))
}

/// As [`settle`].
#[inline(always)]
pub(super) fn settle_lines<S: Simd, R: Real, const MAGNITUDES: bool>(
    simd: S,
    rows: &[[R; LINE]],
    ends: &Ends<R, LINE>,
    close: &mut Vec<Close>,
) -> [Above; LINE] {
    match ends.low {
        true => settle_of::<S, R, MAGNITUDES, true>(simd, rows, ends, close),
        false => settle_of::<S, R, MAGNITUDES, false>(simd, rows, ends, close),
    }
}

/// Lines that are looked at together. What of them is above is added in the precision of elements, by which a sum of
/// four is off by two roundings: to add each in f64 takes half of all operations. κ of L1 has room for 8u: these two, one of
/// each difference, four of a δ that is rounded (`Moved::new`) and one of the result.
const TOGETHER: usize = 4;
/// Lines that are passed before what is close is collected: a call among them would keep all sums in memory.
const PASSED: usize = 16 * TOGETHER;

#[inline(always)]
fn settle_of<S: Simd, R: Real, const MAGNITUDES: bool, const LOW: bool>(
    simd: S,
    rows: &[[R; LINE]],
    ends: &Ends<R, LINE>,
    close: &mut Vec<Close>,
) -> [Above; LINE] {
    let (mut totals, mut counts) = ([0.0; LINE], [R::default(); LINE]);
    for rows in rows.chunks(PASSED) {
        let mut lanes = [0; PASSED];
        let (groups, last) = rows.as_chunks::<TOGETHER>();
        let (whole, rest) = lanes.split_at_mut(groups.len() * TOGETHER);
        for (group, lanes) in groups.iter().zip(whole.as_chunks_mut().0) {
            add_above::<S, R, TOGETHER, MAGNITUDES, LOW>(
                simd,
                group,
                ends,
                &mut totals,
                &mut counts,
                lanes,
            );
        }
        for (line, lanes) in last.iter().zip(rest.as_chunks_mut().0) {
            let line = std::array::from_ref(line);
            add_above::<S, R, 1, MAGNITUDES, LOW>(
                simd,
                line,
                ends,
                &mut totals,
                &mut counts,
                lanes,
            );
        }
        // Few are: eight lines are asked at once.
        for (rows, lanes) in rows.chunks(8).zip(lanes.as_chunks::<8>().0) {
            if u64::from_ne_bytes(*lanes) != 0 {
                for (line, &lanes) in rows.iter().zip(lanes) {
                    ends.collect(line, lanes, MAGNITUDES, close);
                }
            }
        }
    }
    let counts = counted(counts);
    from_fn(|i| Above { total: totals[i], count: counts[i].into(), gap: 0.0 })
}

/// Adds what is above, and how much is; tells which elements are close.
#[inline(always)]
fn add_above<S: Simd, R: Real, const N: usize, const MAGNITUDES: bool, const LOW: bool>(
    simd: S,
    lines: &[[R; LINE]; N],
    ends: &Ends<R, LINE>,
    totals: &mut [f64; LINE],
    counts: &mut [R; LINE],
    lanes: &mut [u8; N],
) {
    let (zero, least) = (R::default(), least::<R>());
    let mut sums = [zero; LINE];
    for (pair, lanes) in lines.chunks(2).zip(lanes.chunks_mut(2)) {
        let mut both = [[zero; LINE], *counts];
        for (line, lanes) in pair.iter().zip(lanes) {
            let (mut overs, mut distances) = ([zero; LINE], [zero; LINE]);
            for i in 0..LINE {
                overs[i] = over::<R, MAGNITUDES, LOW>(line[i], ends.from[i], ends.deltas[i]);
                distances[i] = overs[i].magnitude();
            }
            both = R::add_above(simd, both, overs, least);
            *lanes = R::at_most(simd, &distances, &ends.widths) as u8;
        }
        let sum;
        [sum, *counts] = both;
        for i in 0..LINE {
            sums[i] = sums[i] + sum[i];
        }
    }
    for (totals, sums) in totals.as_chunks_mut().0.iter_mut().zip(sums.as_chunks().0) {
        R::add_wide(simd, totals, sums);
    }
}
