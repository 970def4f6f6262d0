//! The second sweep over a tile: every slice by its factor.

use super::factor::Factor;
use super::kernel::Kinds;
use super::part::Part;
use super::tile::{At, Line, Tile};
use crate::plan::geometry::Walk;

/// Memory that a second sweep can write.
pub(super) trait Store: Part {
    /// A run that belongs to one slice.
    fn run<F: Factor>(&mut self, at: At, run: &Line, factor: F);

    /// A run each of whose elements belongs to another slice.
    fn across<F: Factor>(&mut self, at: At, run: &Line, factors: &[F]);

    /// Rows of contiguous elements, each of which belongs to another slice.
    fn columns<F: Factor>(&mut self, at: At, rows: &Line, factors: &[F]);
}

/// Scales slices by their factors, in f32 if all of them allow it.
pub(super) fn store<P: Store>(tile: &Tile, part: P, factors: &[f64], kinds: Kinds) {
    if kinds.tiny {
        sweep(tile, part, factors);
    } else {
        sweep(tile, part, &narrowed(factors));
    }
}

/// Factors as f32; the mark of kept slices stays one.
pub(super) fn narrowed(factors: &[f64]) -> Vec<f32> {
    factors.iter().map(|&factor| factor as f32).collect()
}

/// Scales slices by their factors.
pub(super) fn sweep<P: Store, F: Factor>(tile: &Tile, mut part: P, factors: &[F]) {
    match tile.halves() {
        Some((left, right, outer, middle)) if tile.is_large() => {
            let (a, b) = part.split(&outer, middle);
            let (here, there) = (factors, &factors[middle * outer.slot..]);
            rayon::join(|| sweep(&left, a, here), || sweep(&right, b, there));
        }
        _ => leaf(tile.axes(), tile.walk, &mut part, At::default(), factors),
    }
}

/// One thread's part.
fn leaf<P: Store, F: Factor>(axes: &[Line], walk: Walk, part: &mut P, at: At, factors: &[F]) {
    match axes {
        [] => part.run(at, &Line::ONE, factors[at.slot]),
        [run] if run.is_reduced() => part.run(at, run, factors[at.slot]),
        [run] if run.is_contiguous() => {
            part.columns(at, &Line::ONE, &factors[at.slot..at.slot + run.size]);
        }
        [run] => part.across(at, run, &factors[at.slot..at.slot + run.size]),
        [rows, columns] if walk == Walk::Columns && rows.is_reduced() => {
            part.columns(at, rows, &factors[at.slot..at.slot + columns.size]);
        }
        [outer, rest @ ..] => {
            for i in 0..outer.size {
                leaf(rest, walk, part, at.step(outer, i), factors);
            }
        }
    }
}
