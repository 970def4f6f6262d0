//! Rows of contiguous elements, each of which belongs to another slice.

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};

use super::add_square;
use crate::cpu::factor::Factor;
use crate::cpu::tile::Line;

/// Rows that are added at once: each sum is loaded and stored once for eight elements.
const ROWS: usize = 8;
/// Columns whose sums (16 KiB) stay in the first cache while rows stream past.
const BLOCK: usize = 2048;
/// Fewer columns than this are folded: several rows that touch are read as one.
const FOLD: usize = 64;
/// The length of a folded row at most.
const FOLDED: usize = 512;
/// Columns that share a line of cache: what is stored whole.
const SECTOR: usize = 16;

/// How many rows of `columns` elements are read as one, if rows touch.
fn fold(columns: usize, stride: usize, rows: usize) -> usize {
    if columns == stride && columns < FOLD { (FOLDED / columns).min(rows) } else { 1 }
}

/// Adds the squares of each column of `rows` rows to its sum.
pub(in crate::cpu) fn add_columns(source: &[f32], stride: usize, rows: usize, sums: &mut [f64]) {
    let columns = sums.len();
    let fold = fold(columns, stride, rows);
    if fold == 1 {
        return Arch::new().dispatch(Add { source, stride, rows, sums });
    }
    let (groups, width) = (rows / fold, fold * columns);
    let mut folded = [0.0; FOLDED];
    let folded = &mut folded[..width];
    Arch::new().dispatch(Add { source, stride: width, rows: groups, sums: folded });
    let rest = source[groups * width..rows * columns].chunks_exact(columns);
    for row in rest {
        folded.iter_mut().zip(row).for_each(|(sum, &x)| *sum += f64::from(x) * f64::from(x));
    }
    for part in folded.chunks_exact(columns) {
        sums.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
    }
}

struct Add<'a> {
    source: &'a [f32],
    stride: usize,
    rows: usize,
    sums: &'a mut [f64],
}

impl WithSimd for Add<'_> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Add { source, stride, rows, sums } = self;
        for (block, sums) in sums.chunks_mut(BLOCK).enumerate() {
            let source = &source[block * BLOCK..];
            let width = sums.len();
            let row = |i: usize| &source[i * stride..i * stride + width];
            let together = rows - rows % ROWS;
            for first in (0..together).step_by(ROWS) {
                add_rows::<S, ROWS>(std::array::from_fn(|i| row(first + i)), sums);
            }
            for i in together..rows {
                add_rows::<S, 1>([row(i)], sums);
            }
        }
    }
}

#[inline(always)]
fn add_rows<S: Simd, const N: usize>(rows: [&[f32]; N], sums: &mut [f64]) {
    let rows = rows.map(|row| &row[..sums.len()]);
    for (column, sum) in sums.iter_mut().enumerate() {
        *sum = rows.iter().fold(*sum, |sum, row| add_square::<S>(sum, row[column]));
    }
}

/// Runs of columns, whole lines of cache, that hold one that is scaled.
fn spans<F: Factor>(factors: &[F]) -> Vec<Range<usize>> {
    let mut spans: Vec<Range<usize>> = Vec::new();
    for (index, sector) in factors.chunks(SECTOR).enumerate() {
        if sector.iter().all(|factor| factor.keeps()) {
            continue;
        }
        let (start, end) = (index * SECTOR, index * SECTOR + sector.len());
        match spans.last_mut() {
            Some(last) if last.end == start => last.end = end,
            _ => spans.push(start..end),
        }
    }
    spans
}

/// Scales the columns that a factor does not keep; lines of cache that hold none are not touched.
pub(in crate::cpu) fn scale_columns<F: Factor>(data: &mut [f32], rows: &Line, factors: &[F]) {
    struct Op<'a, F> {
        data: &'a mut [f32],
        stride: usize,
        rows: usize,
        spans: &'a [Range<usize>],
        factors: &'a [F],
    }
    impl<F: Factor> WithSimd for Op<'_, F> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) {
            for row in self.data.chunks_mut(self.stride).take(self.rows) {
                for span in self.spans {
                    scale_row(&mut row[span.clone()], &self.factors[span.clone()]);
                }
            }
        }
    }
    let fold = fold(factors.len(), rows.target, rows.size);
    if fold == 1 {
        let (stride, rows, spans) = (rows.target.max(factors.len()), rows.size, &spans(factors));
        return Arch::new().dispatch(Op { data, stride, rows, spans, factors });
    }
    let tiled = tiled(factors, fold);
    let (folded, rest) =
        data[..rows.size * factors.len()].split_at_mut(rows.size / fold * tiled.len());
    let (stride, rows, spans) = (tiled.len(), folded.len() / tiled.len(), &spans(&tiled));
    Arch::new().dispatch(Op { data: folded, stride, rows, spans, factors: &tiled });
    scale_row(rest, &tiled);
}

/// As [`scale_columns`], to other memory; kept columns are copied.
pub(in crate::cpu) fn scale_columns_into<F: Factor>(
    source: &[f32],
    target: &mut [f32],
    rows: &Line,
    factors: &[F],
) {
    struct Op<'a, F> {
        source: &'a [f32],
        target: &'a mut [f32],
        rows: &'a Line,
        factors: &'a [F],
    }
    impl<F: Factor> WithSimd for Op<'_, F> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) {
            let Op { source, target, rows, factors } = self;
            for i in 0..rows.size {
                let target = &mut target[i * rows.target..];
                let source = &source[i * rows.source..];
                for ((y, x), factor) in target.iter_mut().zip(source).zip(factors) {
                    *y = factor.scaled(*x);
                }
            }
        }
    }
    Arch::new().dispatch(Op { source, target, rows, factors });
}

#[inline(always)]
fn scale_row<F: Factor>(row: &mut [f32], factors: &[F]) {
    row.iter_mut().zip(factors).for_each(|(x, factor)| *x = factor.scaled(*x));
}

fn tiled<F: Factor>(factors: &[F], fold: usize) -> Vec<F> {
    factors.iter().copied().cycle().take(fold * factors.len()).collect()
}
