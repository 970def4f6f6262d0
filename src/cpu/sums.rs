//! The sums of squares of a tile's slices.

use super::kernel;
use super::tile::{Line, Tile};
use crate::plan::geometry::Walk;

/// Columns that are reduced side by side: 64 KiB of sums stay in the second cache.
const WIDE: usize = 8192;

/// Adds the squares of every element to the sum of its slice.
///
/// Reading needs no exclusive memory, so a matrix that is wide is cut between columns, where no
/// partial sums arise. Elsewhere the outermost axis is halved; every leaf has fewer than 2^20
/// elements, which with the depth of the tree bounds the chain that the margin promises.
pub(super) fn add(tile: &Tile, source: &[f32], sums: &mut [f64]) {
    if !tile.is_large() {
        return leaf(tile.axes(), tile.walk, source, 0, sums);
    }
    if let Some((left, right, cut)) = tile.cut_between_columns(WIDE) {
        let (a, b) = sums.split_at_mut(cut);
        rayon::join(|| add(&left, source, a), || add(&right, &source[cut..], b));
        return;
    }
    let Some((left, right, outer, middle)) = tile.halves() else {
        return leaf(tile.axes(), tile.walk, source, 0, sums);
    };
    let rest = &source[middle * outer.source..];
    if outer.is_reduced() {
        let mut partial = vec![0.0; sums.len()];
        rayon::join(|| add(&left, source, sums), || add(&right, rest, &mut partial));
        sums.iter_mut().zip(&partial).for_each(|(sum, part)| *sum += part);
    } else {
        let (a, b) = sums.split_at_mut(middle * outer.slot);
        rayon::join(|| add(&left, source, a), || add(&right, rest, b));
    }
}

/// One thread's part; `sums` starts at the slot of the first element.
fn leaf(axes: &[Line], walk: Walk, source: &[f32], at: usize, sums: &mut [f64]) {
    match axes {
        [] => sums[0] += kernel::sum_strided(&source[at..], 1, 1),
        [run] if run.is_reduced() => {
            sums[0] += match run.source {
                1 => kernel::sum(&source[at..at + run.size]),
                stride => kernel::sum_strided(&source[at..], stride, run.size),
            };
        }
        [run] if run.source == 1 => {
            kernel::add_columns(&source[at..], 1, 1, &mut sums[..run.size]);
        }
        [run] => {
            let elements = source[at..].iter().step_by(run.source);
            sums.iter_mut().zip(elements).take(run.size).for_each(|(sum, &x)| {
                *sum += f64::from(x) * f64::from(x);
            });
        }
        [rows, columns] if walk == Walk::Columns && rows.is_reduced() => {
            let sums = &mut sums[..columns.size];
            kernel::add_columns(&source[at..], rows.source, rows.size, sums);
        }
        [outer, rest @ ..] => {
            for i in 0..outer.size {
                leaf(rest, walk, source, at + i * outer.source, &mut sums[i * outer.slot..]);
            }
        }
    }
}
