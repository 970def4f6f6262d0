//! Rows of contiguous elements, each of which belongs to another slice.

use std::array::from_fn;
use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};

use super::{SECTOR, STREAMS, add_square, streams};
use crate::cpu::factor::Factor;
use crate::cpu::tile::Line;

/// Columns whose sums (16 KiB) stay in the first cache while rows stream past.
const BLOCK: usize = 2048;
/// Fewer columns than this are folded: several rows that touch are read as one.
const FOLD: usize = 64;
/// The most elements of a folded row.
const FOLDED: usize = 512;
/// Columns that share a line of cache: what is stored whole.
const LINE: usize = 16;

/// How many rows of `columns` elements are read as one, if rows touch.
fn fold(columns: usize, stride: usize, rows: usize) -> usize {
    if columns == stride && columns < FOLD { (FOLDED / columns).min(rows) } else { 1 }
}

/// The factors of a folded row.
fn tiled<F: Factor>(factors: &[F], fold: usize) -> Vec<F> {
    factors.iter().copied().cycle().take(fold * factors.len()).collect()
}

/// Adds the squares of each column of `rows` rows to its sum.
pub(in crate::cpu) fn add_columns(source: &[f32], stride: usize, rows: usize, sums: &mut [f64]) {
    let columns = sums.len();
    let fold = fold(columns, stride, rows);
    if fold == 1 {
        return add_panel(|i| &source[i * stride..], rows, sums);
    }
    let (groups, width) = (rows / fold, fold * columns);
    let mut folded = [0.0; FOLDED];
    let folded = &mut folded[..width];
    add_panel(|i| &source[i * width..], groups, folded);
    for row in source[groups * width..rows * columns].chunks_exact(columns) {
        folded.iter_mut().zip(row).for_each(|(sum, &x)| *sum += f64::from(x) * f64::from(x));
    }
    for part in folded.chunks_exact(columns) {
        sums.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
    }
}

/// As [`add_columns`], for rows wherever they are; each has as many elements as there are sums, or
/// more.
pub(in crate::cpu) fn add_panel<'a>(
    row: impl Fn(usize) -> &'a [f32],
    rows: usize,
    sums: &mut [f64],
) {
    struct Op<'a, R> {
        row: R,
        rows: usize,
        sums: &'a mut [f64],
    }
    impl<'a, R: Fn(usize) -> &'a [f32]> WithSimd for Op<'_, R> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) {
            let Op { row, rows, sums } = self;
            let together = rows / STREAMS;
            for (block, sums) in sums.chunks_mut(BLOCK).enumerate() {
                let row = |i: usize| &row(i)[block * BLOCK..];
                for i in 0..together {
                    add_rows::<S, STREAMS>(from_fn(|s| row(s * together + i)), sums);
                }
                let mut i = STREAMS * together;
                while i + 2 <= rows {
                    add_rows::<S, 2>([row(i), row(i + 1)], sums);
                    i += 2;
                }
                if i < rows {
                    add_rows::<S, 1>([row(i)], sums);
                }
            }
        }
    }
    Arch::new().dispatch(Op { row, rows, sums });
}

#[inline(always)]
fn add_rows<S: Simd, const N: usize>(rows: [&[f32]; N], sums: &mut [f64]) {
    let rows = rows.map(|row| &row[..sums.len()]);
    for (column, sum) in sums.iter_mut().enumerate() {
        *sum = rows.iter().fold(*sum, |sum, row| add_square::<S>(sum, row[column]));
    }
}

/// Runs of columns, whole lines of cache, that hold one that is scaled; short enough that a group
/// of rows takes turns.
fn spans<F: Factor>(factors: &[F]) -> Vec<Range<usize>> {
    let mut spans: Vec<Range<usize>> = Vec::new();
    for (index, sector) in factors.chunks(LINE).enumerate() {
        if sector.iter().all(|factor| factor.keeps()) {
            continue;
        }
        let (start, end) = (index * LINE, index * LINE + sector.len());
        match spans.last_mut() {
            Some(last) if last.end == start && last.len() < SECTOR => last.end = end,
            _ => spans.push(start..end),
        }
    }
    spans
}

/// Scales the columns that a factor does not keep; lines of cache that hold none are not touched.
pub(in crate::cpu) fn scale_columns<F: Factor>(data: &mut [f32], rows: &Line, factors: &[F]) {
    let fold = fold(factors.len(), rows.target, rows.size);
    if fold == 1 {
        // Of a single row the stride means nothing, and may be less than its length.
        let stride = rows.target.max(factors.len());
        let end = data.len().min(rows.size * stride);
        return scale_panel(streams(&mut data[..end], stride, rows.size), factors);
    }
    let tiled = tiled(factors, fold);
    let whole = &mut data[..rows.size * factors.len()];
    let rows = whole.len().div_ceil(tiled.len());
    scale_panel(streams(whole, tiled.len(), rows), &tiled);
}

/// As [`scale_columns`], for groups of rows wherever they are; rows may be shorter than there are
/// factors.
pub(in crate::cpu) fn scale_panel<'a, F: Factor>(
    groups: impl Iterator<Item = [&'a mut [f32]; STREAMS]>,
    factors: &[F],
) {
    struct Op<'a, G, F> {
        groups: G,
        spans: &'a [Range<usize>],
        factors: &'a [F],
    }
    impl<'a, G: Iterator<Item = [&'a mut [f32]; STREAMS]>, F: Factor> WithSimd for Op<'_, G, F> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) {
            let mixed = self.factors.iter().any(|factor| factor.keeps());
            for mut group in self.groups {
                for span in self.spans {
                    for row in &mut group {
                        let end = span.end.min(row.len());
                        let run = row[span.start.min(end)..end].iter_mut();
                        let run = run.zip(&self.factors[span.clone()]);
                        // Without a kept column among them there is nothing to select.
                        if mixed {
                            run.for_each(|(x, factor)| *x = factor.scaled(*x));
                        } else {
                            run.for_each(|(x, factor)| *x = factor.times(*x));
                        }
                    }
                }
            }
        }
    }
    Arch::new().dispatch(Op { groups, spans: &spans(factors), factors });
}

/// As [`scale_columns`], to other memory; kept columns are copied.
pub(in crate::cpu) fn scale_columns_into<F: Factor>(
    source: &[f32],
    target: &mut [f32],
    rows: &Line,
    factors: &[F],
) {
    let touch = rows.source == rows.target;
    let fold = if touch { fold(factors.len(), rows.target, rows.size) } else { 1 };
    if fold == 1 {
        let pairs = (0..rows.size).zip(target.chunks_mut(rows.target.max(factors.len())));
        let pairs = pairs.map(|(i, target)| (&source[i * rows.source..], target));
        return scale_panel_into(pairs, factors);
    }
    let tiled = tiled(factors, fold);
    let whole = &mut target[..rows.size * factors.len()];
    scale_panel_into(source.chunks(tiled.len()).zip(whole.chunks_mut(tiled.len())), &tiled);
}

/// As [`scale_columns_into`], for rows wherever they are.
pub(in crate::cpu) fn scale_panel_into<'a, F: Factor>(
    rows: impl Iterator<Item = (&'a [f32], &'a mut [f32])>,
    factors: &[F],
) {
    struct Op<'a, R, F>(R, &'a [F]);
    impl<'a, R: Iterator<Item = (&'a [f32], &'a mut [f32])>, F: Factor> WithSimd for Op<'_, R, F> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) {
            for (source, target) in self.0 {
                for ((y, x), factor) in target.iter_mut().zip(source).zip(self.1) {
                    *y = factor.scaled(*x);
                }
            }
        }
    }
    Arch::new().dispatch(Op(rows, factors));
}
