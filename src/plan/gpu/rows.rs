//! Rows that indices name: the table in windows, and the indices of a slab.

use std::ops::Range;

use crate::dtype::DType;
use crate::plan::geometry::{Axis, Geometry, Table};
use crate::plan::gpu::pieces::{Box, Piece};
use crate::plan::gpu::steps::Window;
use crate::plan::profile::GpuLimits;
use crate::shader::params::Params;

/// The bytes of an index, and of the owner of a row.
pub(super) const WORD: u64 = 4;

/// Refuses a table whose rows, or whose owners, no binding holds.
pub(in crate::plan) fn check_table(
    geometry: &Geometry,
    limits: &GpuLimits,
) -> std::result::Result<(), String> {
    let Some(Table { rows, .. }) = geometry.table else { return Ok(()) };
    let owners = WORD * rows as u64;
    if owners > limits.binding_bytes || rows >= u32::MAX as usize {
        return Err(format!("touching {rows} rows, whose owners are {owners} bytes"));
    }
    let row = geometry.dtype.size() as u64 * row_span(geometry) as u64;
    let most = limits.binding_bytes.min(limits.dispatch_bytes);
    if !geometry.is_empty() && row + slack(limits) > most {
        return Err(format!("touching rows that span {row} bytes, of at most {most}"));
    }
    Ok(())
}

fn slack(limits: &GpuLimits) -> u64 {
    u64::from(limits.storage_alignment.max(16))
}

/// From the first element of a row to the last.
fn row_span(geometry: &Geometry) -> usize {
    let span = |axis: &Axis| axis.size.saturating_sub(1) * axis.source;
    geometry.reduced.iter().map(span).sum::<usize>() + 1
}

/// The pieces of a slab of indices: all of it for every part of the table that can be bound.
pub(super) fn pieces(
    geometry: &Geometry,
    table: &Table,
    slab: &Box,
    limits: &GpuLimits,
) -> Vec<Piece> {
    let bytes = limits.binding_bytes.min(limits.dispatch_bytes).min(1 << 32) - slack(limits);
    let elements = bytes as usize / geometry.dtype.size();
    let part = match elements.saturating_sub(row_span(geometry)) / table.stride.max(1) {
        _ if table.rows <= 1 => 1,
        more => more + 1,
    };
    let reduced: Box = geometry.reduced.iter().map(|axis| 0..axis.size).collect();
    let piece = |first: usize| Piece {
        kept: slab.clone(),
        reduced: reduced.clone(),
        rows: Some(first..(first + part).min(table.rows)),
    };
    (0..table.rows).step_by(part).map(piece).collect()
}

/// Where the first element of the rows is, and how many elements they span.
pub(super) fn span(geometry: &Geometry, table: &Table, rows: &Range<usize>) -> (u64, u64) {
    let first = geometry.source_offset + rows.start * table.stride;
    let count = (rows.len() - 1) * table.stride + row_span(geometry);
    (first as u64, count as u64)
}

/// The indices of a slab.
#[derive(Debug, Clone, Copy)]
pub(super) struct BoundRows {
    pub window: Window,
    /// The first of them in the window, and in the list.
    offset: u32,
    first: u32,
    /// The rows of the table.
    rows: u32,
}

impl BoundRows {
    /// Those of `slices` indices from the `first` on.
    pub fn new(indices: usize, rows: usize, limits: &GpuLimits, first: u64, slices: u64) -> Self {
        let (window, base) =
            Window::around(indices as u64 + first, slices.max(1), DType::F32, limits);
        BoundRows { window, offset: base as u32, first: first as u32, rows: rows as u32 }
    }

    /// The same dispatch, with the place of its indices.
    pub fn of(&self, params: Params) -> Params {
        Params { rows: self.rows, first_index: self.offset, first_position: self.first, ..params }
    }
}

/// How many indices a slab may have, so that they can be bound.
pub(super) fn most_indices(limits: &GpuLimits) -> u64 {
    (limits.binding_bytes.saturating_sub(slack(limits)) / WORD).max(1)
}
