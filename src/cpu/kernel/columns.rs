//! Rows of contiguous elements, each of which belongs to another slice.

use std::array::from_fn;
use std::ops::Range;

use super::blocks::{BLOCK, own_reals, own_reals_mut};
use super::sums::{STEP, is_narrow};
use super::{SECTOR, STREAMS, streams};
use crate::cpu::number::{Number, Real};
use crate::cpu::outcome::Outcome;
use crate::cpu::simd::{Simd, WithSimd, dispatch};
use crate::cpu::term::{Kind, Term, with_kind};
use crate::cpu::tile::Line;

/// Columns whose sums (16 KiB) stay in the first cache while rows stream past.
const WIDE: usize = 2048;
/// Fewer columns than this are folded: several rows that touch are read as one.
const FOLD: usize = 64;
/// The most elements of a folded row.
const FOLDED: usize = 512;
/// The most rows that are folded, so that few additions put their sums together.
const MOST_FOLDED: usize = 32;
/// Rows of f64 that are added up one after the other.
pub(in crate::cpu) const CHAIN: usize = 16;
/// Columns that share a line of cache, of f32: what is stored whole.
pub(in crate::cpu) const LINE: usize = 16;

/// How many rows of `columns` elements are read as one, if rows touch.
fn fold(columns: usize, stride: usize, rows: usize) -> usize {
    match columns == stride && columns < FOLD {
        true => (FOLDED / columns).min(rows).min(MOST_FOLDED),
        false => 1,
    }
}

/// The outcomes of a folded row.
fn tiled<O: Copy>(outcomes: &[O], fold: usize) -> Vec<O> {
    outcomes.iter().copied().cycle().take(fold * outcomes.len()).collect()
}

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
    impl<T: Number, K: Kind> WithSimd for Op<'_, '_, T, K> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            let Op { kind, row, range, sums } = self;
            let (rows, together) = (range.len(), range.len() / STREAMS);
            for (block, sums) in sums.chunks_mut(WIDE).enumerate() {
                let row = |i: usize| &row(range.start + i)[block * WIDE..];
                for i in 0..together {
                    let rows = from_fn(|s| row(s * together + i));
                    add_rows::<S, T, K, STREAMS>(simd, kind, rows, sums);
                }
                for i in STREAMS * together..rows {
                    add_rows::<S, T, K, 1>(simd, kind, [row(i)], sums);
                }
            }
        }
    }
    with_kind!(term, kind => dispatch(Op { kind, row, range, sums }));
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
    let (steps, last) = sums.as_chunks_mut::<STEP>();
    let mut own: [&[[T; STEP]]; N] = [&[]; N];
    for (own, row) in own.iter_mut().zip(rows) {
        *own = &row.as_chunks().0[..steps.len()];
    }
    let done = steps.len() * STEP;
    for (i, sums) in steps.iter_mut().enumerate() {
        let mut part = [T::Real::default(); STEP];
        for row in own {
            let reals = T::lanes(simd, &row[i]);
            for lane in 0..STEP {
                match is_narrow::<T, K>() {
                    true => part[lane] = kind.add_real(part[lane], reals[lane]),
                    false => sums[lane] = kind.add::<S, _>(sums[lane], reals[lane]),
                }
            }
        }
        if is_narrow::<T, K>() {
            for lane in 0..STEP {
                sums[lane] = kind.merge(sums[lane], part[lane].into());
            }
        }
    }
    for (column, sum) in last.iter_mut().enumerate() {
        for row in rows {
            *sum = kind.add::<S, _>(*sum, row[done + column].real());
        }
    }
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
    let mut near = [[0.0; BLOCK]; 2];
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
                    if kind.near_terms::<S, _>(reals, &mut near[count][..size]) {
                        count += 1;
                        continue;
                    }
                    kind.terms::<S, _>(reals, &mut terms[..size]);
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

/// Columns that are rewritten together where one of them is. Single lines of cache would save writes, but in runs of other
/// lengths, which a processor does not foresee: with 1% and 10% outside 784 × 256 took 43 and 100 µs by lines and masked
/// stores, 37 and 47 by 64 columns, 31 and 55 by 32 (Zen 4, 2 threads).
const SPAN: usize = 2 * LINE;

/// Spans of columns that hold one that is rewritten, two as one where they make a sector.
fn spans<R, O: Outcome<R>>(outcomes: &[O]) -> Vec<Range<usize>> {
    let mut spans: Vec<Range<usize>> = Vec::new();
    for (i, columns) in outcomes.chunks(SPAN).enumerate() {
        if columns.iter().all(|outcome| outcome.keeps()) {
            continue;
        }
        let (start, end) = (i * SPAN, i * SPAN + columns.len());
        match spans.last_mut() {
            Some(last) if last.end == start && last.start % SECTOR == 0 && last.len() < SECTOR => {
                last.end = end;
            }
            _ => spans.push(start..end),
        }
    }
    spans
}

/// Rewrites the columns that an outcome does not keep; spans that hold none are not touched.
pub(in crate::cpu) fn rewrite_columns<T: Number, O: Outcome<T::Real>>(
    data: &mut [T],
    rows: &Line,
    outcomes: &[O],
    cut: bool,
) {
    let fold = fold(outcomes.len(), rows.target, rows.size);
    if fold == 1 {
        // Of a single row the stride means nothing, and may be less than its length.
        let stride = rows.target.max(outcomes.len());
        let end = data.len().min(rows.size * stride);
        return rewrite_panel(&mut streams(&mut data[..end], stride, rows.size), outcomes, cut);
    }
    let tiled = tiled(outcomes, fold);
    let whole = &mut data[..rows.size * outcomes.len()];
    let rows = whole.len().div_ceil(tiled.len());
    rewrite_panel(&mut streams(whole, tiled.len(), rows), &tiled, cut);
}

/// As [`rewrite_columns`], for groups of rows wherever they are; rows may be shorter than there are
/// outcomes.
pub(in crate::cpu) fn rewrite_panel<T: Number, O: Outcome<T::Real>>(
    groups: &mut dyn Iterator<Item = [&mut [T]; STREAMS]>,
    outcomes: &[O],
    cut: bool,
) {
    struct Op<'o, 'a, T, O> {
        groups: &'o mut dyn Iterator<Item = [&'a mut [T]; STREAMS]>,
        spans: &'o [Range<usize>],
        outcomes: &'o [O],
        cut: bool,
    }
    impl<T: Number, O: Outcome<T::Real>> WithSimd for Op<'_, '_, T, O> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            let Op { groups, spans, outcomes, cut } = self;
            let unmarked = unmarked(outcomes);
            let outcomes = unmarked.as_deref().unwrap_or(outcomes);
            let masks = masks::<T, O>(outcomes);
            for mut group in groups {
                for span in spans {
                    let (outcomes, masks) = (&outcomes[span.clone()], masks.get(span.clone()));
                    for row in &mut group {
                        let end = span.end.min(row.len());
                        let run = &mut row[span.start.min(end)..end];
                        rewrite_span(simd, run, outcomes, masks, cut);
                    }
                }
            }
        }
    }
    dispatch(Op { groups, spans: &spans(outcomes), outcomes, cut });
}

/// The same without marks, if that does the same: what needs no masks is written in half of the time (784 × 256 with 10%
/// outside).
fn unmarked<R, O: Outcome<R>>(outcomes: &[O]) -> Option<Vec<O>> {
    outcomes.iter().map(|outcome| outcome.unmarked()).collect()
}

/// Which columns are kept; nothing if none is, for then there is nothing to choose.
fn masks<T: Number, O: Outcome<T::Real>>(outcomes: &[O]) -> Vec<T::Mask> {
    match outcomes.iter().any(|outcome| outcome.keeps()) {
        true => outcomes.iter().map(|outcome| T::mask(outcome.keeps())).collect(),
        false => Vec::new(),
    }
}

/// Rewrites a run of at most [`SECTOR`] elements, each by its own outcome; those under a mask stay.
#[inline(always)]
fn rewrite_span<S: Simd, T: Number, O: Outcome<T::Real>>(
    simd: S,
    run: &mut [T],
    outcomes: &[O],
    masks: Option<&[T::Mask]>,
    cut: bool,
) {
    // Of whole steps, too: what remains of a run that is shorter has its own outcomes, not the last ones.
    let outcomes = &outcomes[..run.len()];
    let Some(masks) = masks else {
        // Of a length that the compiler knows: what is done for each run would take as long as the run.
        if let (Ok(run), Ok(outcomes)) = (run.try_into(), outcomes.try_into()) {
            let (run, outcomes): (&mut [T; SECTOR], &[O; SECTOR]) = (run, outcomes);
            return rewrite_all(simd, run, outcomes, cut);
        }
        return rewrite_all(simd, run, outcomes, cut);
    };
    // What is not needed is computed, too: with a branch around it there would be no vectors. Not all that is widened has
    // its bits when it is rounded again: a NaN may lose its payload.
    for ((x, one), &mask) in run.iter_mut().zip(outcomes).zip(masks) {
        *x = x.unless_kept(mask, T::rounded(one.of(x.real()), cut));
    }
}

/// As [`rewrite_span`], where none is kept.
#[inline(always)]
fn rewrite_all<S: Simd, T: Number, O: Outcome<T::Real>>(
    simd: S,
    run: &mut [T],
    outcomes: &[O],
    cut: bool,
) {
    if let Some(reals) = own_reals_mut(run) {
        return reals.iter_mut().zip(outcomes).for_each(|(x, &one)| *x = one.of(*x));
    }
    if !cut {
        let (steps, last) = run.as_chunks_mut::<STEP>();
        let (own, rest) = outcomes.as_chunks::<STEP>();
        for (step, outcomes) in steps.iter_mut().zip(own) {
            let mut reals = T::lanes(simd, step);
            reals.iter_mut().zip(outcomes).for_each(|(x, one)| *x = one.of(*x));
            *step = T::nearest_lanes(simd, reals);
        }
        last.iter_mut().zip(rest).for_each(|(x, one)| *x = T::nearest(one.of(x.real())));
        return;
    }
    run.iter_mut().zip(outcomes).for_each(|(x, one)| *x = T::rounded(one.of(x.real()), cut));
}

/// As [`rewrite_columns`], to other memory; kept columns are copied.
pub(in crate::cpu) fn rewrite_columns_into<T: Number, O: Outcome<T::Real>>(
    source: &[T],
    target: &mut [T],
    rows: &Line,
    outcomes: &[O],
    cut: bool,
) {
    let touch = rows.source == rows.target;
    let fold = if touch { fold(outcomes.len(), rows.target, rows.size) } else { 1 };
    if fold == 1 {
        let pairs = (0..rows.size).zip(target.chunks_mut(rows.target.max(outcomes.len())));
        let mut pairs = pairs.map(|(i, target)| (&source[i * rows.source..], target));
        return rewrite_panel_into(&mut pairs, outcomes, cut);
    }
    let tiled = tiled(outcomes, fold);
    let whole = &mut target[..rows.size * outcomes.len()];
    let mut pairs = source.chunks(tiled.len()).zip(whole.chunks_mut(tiled.len()));
    rewrite_panel_into(&mut pairs, &tiled, cut);
}

/// As [`rewrite_columns_into`], for rows wherever they are.
pub(in crate::cpu) fn rewrite_panel_into<'a, T: Number, O: Outcome<T::Real>>(
    rows: &mut dyn Iterator<Item = (&'a [T], &'a mut [T])>,
    outcomes: &[O],
    cut: bool,
) {
    struct Op<'o, 'a, T, O>(&'o mut dyn Iterator<Item = (&'a [T], &'a mut [T])>, &'o [O], bool);
    impl<T: Number, O: Outcome<T::Real>> WithSimd for Op<'_, '_, T, O> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            let Op(rows, outcomes, cut) = self;
            let masks = masks::<T, O>(outcomes);
            for (source, target) in rows {
                let size = target.len().min(outcomes.len());
                let pieces = target[..size].chunks_mut(SECTOR).zip(source.chunks(SECTOR));
                for (i, ((target, source), outcomes)) in
                    pieces.zip(outcomes.chunks(SECTOR)).enumerate()
                {
                    target.copy_from_slice(&source[..target.len()]);
                    let masks = masks.get(i * SECTOR..i * SECTOR + outcomes.len());
                    rewrite_span(simd, target, outcomes, masks, cut);
                }
            }
        }
    }
    dispatch(Op(rows, outcomes, cut));
}
