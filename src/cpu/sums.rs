//! The sums of the terms of a tile's slices.

use super::kernel;
use super::number::{Number, Real};
use super::term::Term;
use super::tile::{Line, Tile};
use crate::plan::geometry::Walk;

/// Columns that are reduced side by side: 64 KiB of sums stay in the second cache.
const WIDE: usize = 8192;

/// Adds the term of every element to the sum of its slice.
///
/// Reading needs no exclusive memory, so a matrix that is wide is cut between columns, where no
/// partial sums arise. Elsewhere the outermost axis is halved; every leaf has fewer than 2^20
/// elements, which with the depth of the tree bounds the chain that the margin promises.
pub(super) fn add<T: Number>(term: Term, tile: &Tile, source: &[T], sums: &mut [f64]) {
    if !tile.is_large() {
        return leaf(term, tile.axes(), tile.walk, source, sums);
    }
    if let Some((left, right, cut)) = tile.cut_between_columns(WIDE) {
        let (a, b) = sums.split_at_mut(cut);
        rayon::join(|| add(term, &left, source, a), || add(term, &right, &source[cut..], b));
        return;
    }
    let Some((left, right, outer, middle)) = tile.halves() else {
        return leaf(term, tile.axes(), tile.walk, source, sums);
    };
    let rest = &source[middle * outer.source..];
    if outer.is_reduced() {
        let mut partial = vec![0.0; sums.len()];
        rayon::join(|| add(term, &left, source, sums), || add(term, &right, rest, &mut partial));
        merge(term, sums, &partial);
    } else {
        let (a, b) = sums.split_at_mut(middle * outer.slot);
        rayon::join(|| add(term, &left, source, a), || add(term, &right, rest, b));
    }
}

fn merge(term: Term, sums: &mut [f64], partial: &[f64]) {
    sums.iter_mut().zip(partial).for_each(|(sum, &part)| *sum = term.merge(*sum, part));
}

/// One thread's part; `source` starts at the first element, and `sums` are those of the part.
fn leaf<T: Number>(term: Term, axes: &[Line], walk: Walk, source: &[T], sums: &mut [f64]) {
    match axes {
        [] => sums[0] = term.add(sums[0], source[0].real()),
        [run] if run.is_reduced() => {
            let sum = match run.source {
                1 => kernel::sum(term, &source[..run.size]),
                stride => kernel::sum_strided(term, source, stride, run.size),
            };
            sums[0] = term.merge(sums[0], sum);
        }
        [run] if run.source == 1 => {
            kernel::add_columns(term, source, 1, 1, &mut sums[..run.size]);
        }
        [rows, columns] if walk == Walk::Columns && rows.is_reduced() => {
            let sums = &mut sums[..columns.size];
            kernel::add_columns(term, source, rows.source, rows.size, sums);
        }
        [outer, rest @ ..] if T::Real::DOUBLE && outer.is_reduced() && outer.size > chain(rest) => {
            let middle = outer.size / 2;
            let half = |size: usize| [&[Line { size, ..*outer }], rest].concat();
            let mut partial = vec![0.0; sums.len()];
            leaf(term, &half(middle), walk, source, sums);
            let later = &source[middle * outer.source..];
            leaf(term, &half(outer.size - middle), walk, later, &mut partial);
            merge(term, sums, &partial);
        }
        [run] => {
            let elements = source.iter().step_by(run.source);
            for (sum, x) in sums.iter_mut().zip(elements).take(run.size) {
                *sum = term.add(*sum, x.real());
            }
        }
        [outer, rest @ ..] => {
            for i in 0..outer.size {
                let part = match outer.is_reduced() {
                    true => &mut *sums,
                    false => &mut sums[i * outer.slot..][..outer.slot],
                };
                leaf(term, rest, walk, &source[i * outer.source..], part);
            }
        }
    }
}

/// Steps along a reduced axis that f64 are added up by one after the other: where each is itself more
/// than one addition, the chains would be as long as their product.
fn chain(rest: &[Line]) -> usize {
    if rest.iter().any(Line::is_reduced) { 1 } else { kernel::CHAIN }
}
