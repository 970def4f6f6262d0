//! Rewrites rows of contiguous elements, each of which belongs to another slice.

use std::ops::Range;

use super::blocks::own_reals_mut;
use super::sums::STEP;
use super::{SECTOR, STREAMS, streams};
use crate::cpu::number::Number;
use crate::cpu::outcome::Outcome;
use crate::cpu::simd::{Simd, WithSimd, dispatch};
use crate::cpu::tile::Line;

/// Fewer columns than this are folded: several rows that touch are read as one.
const FOLD: usize = 64;
/// The most elements of a folded row.
pub(super) const FOLDED: usize = 512;
/// The most rows that are folded, so that few additions put their sums together.
const MOST_FOLDED: usize = 32;
/// Columns that share a line of cache, of f32: what is stored whole.
pub(in crate::cpu) const LINE: usize = 16;

/// How many rows of `columns` elements are read as one, if rows touch.
pub(super) fn fold(columns: usize, stride: usize, rows: usize) -> usize {
    match columns == stride && columns < FOLD {
        true => (FOLDED / columns).min(rows).min(MOST_FOLDED),
        false => 1,
    }
}

/// The outcomes of a folded row.
fn tiled<O: Copy>(outcomes: &[O], fold: usize) -> Vec<O> {
    outcomes.iter().copied().cycle().take(fold * outcomes.len()).collect()
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
