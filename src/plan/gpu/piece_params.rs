//! The parameters of a dispatch over one piece.

use crate::plan::geometry::{Geometry, Walk};
use crate::plan::gpu::pieces::{Box, Piece};
use crate::plan::gpu::steps::steps_of;
use crate::plan::schedule::Tiling;
use crate::shader::params::{self, Params};

/// Fills in what depends on a piece: its axes, its place among the slices, and counts.
pub(super) fn of_piece(
    geometry: &Geometry,
    tiling: &Tiling,
    base: Params,
    slab: &Box,
    piece: &Piece,
) -> Params {
    let width = tiling.width as usize;
    let columns = tiling.walk == Walk::Columns;
    let last = geometry.kept.len().saturating_sub(1);
    let mut direction = [[[0; 4]; 2]; 2];
    let (mut kept, mut reduced) = ([params::Axis::default(); 8], [params::Axis::default(); 8]);
    let (mut slice_stride, mut first_slice) = (1, 0);
    for (d, axis) in geometry.kept.iter().enumerate().rev() {
        let run = columns && d == last;
        let loads = |stride: usize| (if run { 1 } else { stride / width }) as u32;
        kept[d] = params::Axis {
            size: (if run { piece.kept[d].len() / width } else { piece.kept[d].len() }) as u32,
            source_stride: loads(axis.source),
            target_stride: loads(axis.target),
            slice_stride: slice_stride as u32,
        };
        // The run is counted in loads.
        let across = if run { axis.direction } else { axis.direction / width };
        direction[0][d / 4][d % 4] = across as u32;
        first_slice += (piece.kept[d].start - slab[d].start) * slice_stride;
        slice_stride *= slab[d].len();
    }
    for (d, axis) in geometry.reduced.iter().enumerate() {
        let run = !columns && d + 1 == geometry.reduced.len();
        let loads = |stride: usize| (if run { stride } else { stride / width }) as u32;
        let size = piece.reduced[d].len();
        reduced[d] = params::Axis {
            size: (if run { size / width } else { size }) as u32,
            source_stride: loads(axis.source),
            target_stride: loads(axis.target),
            slice_stride: 0,
        };
        direction[1][d / 4][d % 4] = loads(axis.direction);
    }
    let [direction_kept, direction_reduced] = direction;
    let slices_here: usize = piece.kept.iter().map(|range| range.len()).product();
    let run = u64::from(if columns { kept[last].size } else { 1 });
    let lines = slices_here as u64 / (run * if columns { width as u64 } else { 1 });
    let tile = u64::from(tiling.tile);
    let tiles = if columns { lines * run.div_ceil(tile) } else { lines.div_ceil(tile) };
    let steps = steps_of(&piece.reduced, tiling) as u32;
    Params {
        first_slice: first_slice as u32,
        tiles: tiles as u32,
        steps,
        slices_here: slices_here as u32,
        kept_rank: geometry.kept.len() as u32,
        reduced_rank: geometry.reduced.len() as u32,
        kept,
        reduced,
        direction_kept,
        direction_reduced,
        ..base
    }
}
