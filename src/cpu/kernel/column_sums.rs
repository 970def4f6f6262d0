//! Sums over rows of contiguous elements, each of which belongs to another slice.

use std::array::from_fn;
use std::hint::black_box;
use std::ops::Range;

use super::blocks::{BLOCK, own_reals};
use super::columns::{FOLDED, fold};
use super::narrow::{are_sound, is_checked, is_narrow, is_sound};
use super::sums::STEP;
use super::{SECTOR, STREAMS};
use crate::cpu::number::{Number, Real};
use crate::cpu::simd::{Simd, WithSimd, dispatch};
use crate::cpu::term::{InDouble, Kind, Term, with_kind};
use crate::plan::native::TOGETHER;

/// Columns whose sums (16 KiB) stay in the first cache while rows stream past.
const WIDE: usize = 2048;
/// Rows of f64 that are added up one after the other.
pub(in crate::cpu) const CHAIN: usize = 16;

/// Adds the terms of each column of `rows` rows to its sum.
pub(in crate::cpu) fn add_columns<T: Number>(
    term: Term,
    source: &[T],
    stride: usize,
    rows: usize,
    sums: &mut [f64],
) {
    let columns = sums.len();
    let fold = fold(columns, stride, rows);
    if fold == 1 {
        return add_panel(term, &|i| &source[i * stride..], rows, sums);
    }
    let (groups, width) = (rows / fold, fold * columns);
    let mut folded = [0.0; FOLDED];
    let folded = &mut folded[..width];
    add_panel(term, &|i| &source[i * width..], groups, folded);
    let rest = &source[groups * width..rows * columns];
    folded.iter_mut().zip(rest).for_each(|(sum, x)| *sum = term.add(*sum, x.real()));
    for part in folded.chunks_exact(columns) {
        sums.iter_mut().zip(part).for_each(|(sum, &part)| *sum = term.merge(*sum, part));
    }
}

/// As [`add_columns`], for rows wherever they are; each has as many elements as there are sums, or
/// more.
pub(in crate::cpu) fn add_panel<'a, T: Number>(
    term: Term,
    row: &dyn Fn(usize) -> &'a [T],
    rows: usize,
    sums: &mut [f64],
) {
    add_range(term, row, 0..rows, sums);
}

/// Adds rows of f64 in halves, so that every chain of additions is short.
fn add_range<'a, T: Number>(
    term: Term,
    row: &dyn Fn(usize) -> &'a [T],
    range: Range<usize>,
    sums: &mut [f64],
) {
    if T::Real::DOUBLE && range.len() > CHAIN {
        let middle = range.start + range.len() / 2;
        let mut later = vec![0.0; sums.len()];
        add_range(term, row, range.start..middle, sums);
        add_range(term, row, middle..range.end, &mut later);
        sums.iter_mut().zip(later).for_each(|(sum, later)| *sum = term.merge(*sum, later));
        return;
    }
    struct Op<'o, 'a, T, K> {
        kind: K,
        row: &'o dyn Fn(usize) -> &'a [T],
        range: Range<usize>,
        sums: &'o mut [f64],
    }
    impl<'a, T: Number, K: Kind> WithSimd for Op<'_, 'a, T, K> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            let Op { kind, row, range, sums } = self;
            for (block, sums) in sums.chunks_mut(WIDE).enumerate() {
                let row = |i: usize| &row(range.start + i)[block * WIDE..];
                match is_checked::<T, K>() {
                    true => add_checked::<S, T, K>(simd, kind, &row, range.len(), sums),
                    false => add_block::<S, T, K>(simd, kind, &row, range.len(), sums),
                }
            }
        }
    }
    with_kind!(term, kind => dispatch(Op { kind, row, range, sums }));
}

/// As [`add_block`], and once more in f64 where that is not sound: columns of zeros, too. Rows that are too few to be added
/// together are added in f64 at once.
#[inline(always)]
fn add_checked<'a, S: Simd, T: Number, K: Kind>(
    simd: S,
    kind: K,
    row: &impl Fn(usize) -> &'a [T],
    rows: usize,
    sums: &mut [f64],
) {
    if rows < STREAMS {
        return add_block::<S, T, InDouble<K>>(simd, InDouble(kind), row, rows, sums);
    }
    let mut own = vec![0.0; sums.len()];
    add_block::<S, T, K>(simd, kind, row, rows, &mut own);
    let sectors = sums.chunks_mut(SECTOR).zip(own.chunks_mut(SECTOR)).enumerate();
    for (i, (sums, own)) in sectors {
        if !are_sound(simd, own) {
            let mut again = [0.0; SECTOR];
            let again = &mut again[..own.len()];
            let row = |r: usize| &row(r)[i * SECTOR..];
            add_block::<S, T, InDouble<K>>(simd, InDouble(kind), &row, rows, again);
            // Not those beside: a slice that is kept would have another sum once its neighbour has changed, and then move.
            for (own, again) in own.iter_mut().zip(again) {
                *own = if is_sound(*own) { *own } else { *again };
            }
        }
        sums.iter_mut().zip(own).for_each(|(sum, own)| *sum = kind.merge(*sum, *own));
    }
}

/// Adds rows of columns whose sums stay in the first cache.
#[inline(always)]
fn add_block<'a, S: Simd, T: Number, K: Kind>(
    simd: S,
    kind: K,
    row: &impl Fn(usize) -> &'a [T],
    rows: usize,
    sums: &mut [f64],
) {
    let together = rows / STREAMS;
    for i in 0..together {
        let rows = from_fn(|s| row(s * together + i));
        add_rows::<S, T, K, STREAMS>(simd, kind, rows, sums);
    }
    for i in STREAMS * together..rows {
        add_rows::<S, T, K, 1>(simd, kind, [row(i)], sums);
    }
}

/// Not folds: a closure that is too large to be inlined would be compiled for the baseline.
#[inline(always)]
fn add_rows<S: Simd, T: Number, K: Kind, const N: usize>(
    simd: S,
    kind: K,
    rows: [&[T]; N],
    sums: &mut [f64],
) {
    if K::APART {
        return add_apart::<S, T, K, N>(simd, kind, rows, sums);
    }
    let done = add_steps::<S, T, K, N, AT_ONCE>(simd, kind, &rows, sums, 0);
    let done = add_steps::<S, T, K, N, 1>(simd, kind, &rows, sums, done);
    for (column, sum) in sums.iter_mut().enumerate().skip(done) {
        for row in rows {
            *sum = kind.add::<S, _>(*sum, row[column].real());
        }
    }
}

/// Steps of a row that are read at once, so that what is done for each group of rows is done half as often (a quarter of
/// all instructions): by single steps 784 × 256 took 18.6 µs where nothing is outside, 14.2 by two, 14.7 by four (Zen 4).
const AT_ONCE: usize = 2;

/// As [`add_rows`], of the groups of `W` steps that are whole, from one column on. Returns where they end.
#[inline(always)]
fn add_steps<S: Simd, T: Number, K: Kind, const N: usize, const W: usize>(
    simd: S,
    kind: K,
    rows: &[&[T]; N],
    sums: &mut [f64],
    from: usize,
) -> usize {
    let groups = sums[from..].as_chunks_mut::<STEP>().0.as_chunks_mut::<W>().0;
    let mut own: [&[[[T; STEP]; W]]; N] = [&[]; N];
    for (own, row) in own.iter_mut().zip(rows) {
        *own = &row[from..].as_chunks().0.as_chunks().0[..groups.len()];
    }
    let end = from + groups.len() * W * STEP;
    const { assert!(N <= TOGETHER) };
    for (i, sums) in groups.iter_mut().enumerate() {
        // Of their own, so that they stay in registers.
        let mut totals = *sums;
        let mut narrow = [[T::Real::default(); STEP]; W];
        for row in own {
            for step in 0..W {
                let reals = T::lanes(simd, &row[i][step]);
                for lane in 0..STEP {
                    let (total, part) = (&mut totals[step][lane], &mut narrow[step][lane]);
                    match is_narrow::<T, K>() {
                        true => *part = kind.add_real::<S, _>(*part, reals[lane]),
                        false => *total = kind.add::<S, _>(*total, reals[lane]),
                    }
                }
            }
        }
        if is_narrow::<T, K>() {
            // In memory: the compiler would go backward from the halves that are widened, and add in halves of registers.
            let narrow = black_box(narrow);
            for (total, part) in totals.as_flattened_mut().iter_mut().zip(narrow.as_flattened()) {
                *total = kind.merge(*total, (*part).into());
            }
        }
        *sums = totals;
    }
    end
}

/// Elements of a row that are read one after the other: pages, which a processor reads ahead. Columns of 16384 × 4096 in
/// L1.7 of which none is outside took 33 ms by 256 elements of each row, 28 by pages (Zen 4, 2 threads).
const PAGE: usize = 1024;

/// As [`add_rows`], of terms that are computed first, block by block.
#[inline(always)]
fn add_apart<S: Simd, T: Number, K: Kind, const N: usize>(
    simd: S,
    kind: K,
    rows: [&[T]; N],
    sums: &mut [f64],
) {
    let (mut reals, mut terms) = ([T::Real::default(); BLOCK], [0.0; BLOCK]);
    let (mut near, mut parts) = ([[0.0; BLOCK]; 2], [[T::Real::default(); BLOCK]; 2]);
    for (page, sums) in sums.chunks_mut(PAGE).enumerate() {
        for pair in rows.chunks(2) {
            for (block, sums) in sums.chunks_mut(BLOCK).enumerate() {
                let size = sums.len();
                // Rows whose terms are near.
                let mut count = 0;
                for row in pair {
                    let run = &row[page * PAGE + block * BLOCK..][..size];
                    let own = own_reals(run);
                    let reals = own.unwrap_or_else(|| {
                        T::widen(simd, run, &mut reals[..size]);
                        &reals[..size]
                    });
                    let near = &mut near[count][..size];
                    if kind.near_terms::<S, _>(reals, near) {
                        count += 1;
                        continue;
                    }
                    // Only those that are not near: of a column that is kept the sum has to be the same once its neighbours
                    // have changed.
                    let [inner, outer] = &mut parts;
                    let (inner, outer) = (&mut inner[..size], &mut outer[..size]);
                    if kind.part::<S, _>(reals, inner, outer)
                        && kind.near_terms::<S, _>(inner, near)
                    {
                        count += 1;
                    } else {
                        outer.copy_from_slice(reals);
                    }
                    kind.terms::<S, _>(outer, &mut terms[..size]);
                    sums.iter_mut().zip(&terms).for_each(|(sum, term)| *sum += term);
                }
                let [a, b] = &near;
                match count {
                    2 => {
                        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
                            *sum += f64::from(a + b);
                        }
                    }
                    1 => sums.iter_mut().zip(a).for_each(|(sum, &term)| *sum += f64::from(term)),
                    _ => {}
                }
            }
        }
    }
}
