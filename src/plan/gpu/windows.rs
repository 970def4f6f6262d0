//! The parts of a buffer that a dispatch binds.

use crate::dtype::DType;
use crate::plan::geometry::{Axis, Geometry};
use crate::plan::gpu::pieces::{self, Box, Piece};
use crate::plan::gpu::rows;
use crate::plan::gpu::steps::Window;
use crate::plan::profile::GpuLimits;

/// Addresses are 32 bits wide; some adapters bind more than those reach.
const ADDRESSABLE: u64 = 1 << 32;

/// The pieces of a slab that can be bound; None if slices would have to be cut and must not be.
pub(super) fn cut(
    geometry: &Geometry,
    slab: &Box,
    limits: &GpuLimits,
    may_cut_slices: bool,
) -> Option<Vec<Piece>> {
    if let Some(table) = &geometry.table {
        return Some(rows::pieces(geometry, table, slab, limits));
    }
    let bytes = limits.binding_bytes.min(limits.dispatch_bytes).min(ADDRESSABLE);
    let size = geometry.dtype.size();
    let most = bytes as usize / 16 * (16 / size);
    let pieces = pieces::pieces(geometry, slab, most, may_cut_slices)?;
    let fits = |piece: &Piece| {
        let windows = Windows::new(geometry, piece, limits);
        let beside = [&windows.gradient, &windows.remembered, &windows.copy].map(|one| one.window);
        let beside = beside.iter().chain([&windows.direction]).flatten();
        let beside = beside.map(|window| window.size).max().unwrap_or(0);
        windows.source.size.max(windows.target.size).max(beside) <= bytes
    };
    if pieces.iter().all(fits) {
        return Some(pieces);
    }
    // A window starts where the device allows it to, a little before its first element.
    let slack = limits.storage_alignment.max(16) as usize / size;
    pieces::pieces(geometry, slab, most - slack, may_cut_slices)
}

/// What a piece binds of source, target and direction, and where its first elements are in that.
pub(super) struct Windows {
    pub source: Window,
    pub source_base: u64,
    pub target: Window,
    pub target_base: u64,
    pub direction: Option<Window>,
    pub direction_base: u64,
    /// Of weights that are updated: their gradient, what is remembered of them, and a copy.
    pub gradient: Beside,
    pub remembered: Beside,
    pub copy: Beside,
}

/// What a piece binds of a tensor with the strides of the source, if there is one, and where its first element is.
#[derive(Default)]
pub(super) struct Beside {
    pub window: Option<Window>,
    pub base: u64,
}

impl Windows {
    pub fn new(geometry: &Geometry, piece: &Piece, limits: &GpuLimits) -> Self {
        let axes = || {
            let ranges = piece.kept.iter().chain(&piece.reduced);
            geometry.kept.iter().chain(&geometry.reduced).zip(ranges)
        };
        let start = |stride: fn(&Axis) -> usize| -> u64 {
            axes().map(|(axis, range)| (range.start * stride(axis)) as u64).sum()
        };
        let span = |stride: fn(&Axis) -> usize| -> u64 {
            axes().map(|(axis, range)| ((range.len() - 1) * stride(axis)) as u64).sum::<u64>() + 1
        };
        let around_of = |dtype| move |first, count| Window::around(first, count, dtype, limits);
        let around = around_of(geometry.dtype);
        if let (Some(table), Some(rows)) = (&geometry.table, &piece.rows) {
            let (first, count) = rows::span(geometry, table, rows);
            let (source, source_base) = around(first, count);
            let (target, target_base) = (source, source_base);
            let (direction, direction_base) = (None, 0);
            return Windows {
                source,
                source_base,
                target,
                target_base,
                direction,
                direction_base,
                gradient: Beside::default(),
                remembered: Beside::default(),
                copy: Beside::default(),
            };
        }
        let first = geometry.source_offset as u64 + start(|axis| axis.source);
        let (source, source_base) = around(first, span(|axis| axis.source));
        let first = geometry.target_offset as u64 + start(|axis| axis.target);
        let (target, target_base) = around(first, span(|axis| axis.target));
        let (direction, direction_base) = match geometry.direction_offset {
            None => (None, 0),
            Some(offset) => {
                let first = offset as u64 + start(|axis| axis.direction);
                let (window, base) = around(first, span(|axis| axis.direction));
                (Some(window), base)
            }
        };
        let beside = |place: Option<(usize, DType)>| {
            let window = |(offset, dtype)| {
                let first = offset as u64 + start(|axis| axis.source);
                around_of(dtype)(first, span(|axis| axis.source))
            };
            let (window, base) = place.map(window).unzip();
            Beside { window, base: base.unwrap_or(0) }
        };
        let own = |offset: Option<usize>| offset.map(|offset| (offset, geometry.dtype));
        Windows {
            source,
            source_base,
            target,
            target_base,
            direction,
            direction_base,
            gradient: beside(own(geometry.gradient_offset)),
            remembered: beside(own(geometry.gradient_offset.map(|_| 0))),
            copy: beside(geometry.copy),
        }
    }
}

impl Window {
    /// The window around `count` elements from `first`, in whole words of 32 bits, and where the
    /// first of them is in it.
    pub(super) fn around(first: u64, count: u64, dtype: DType, limits: &GpuLimits) -> (Self, u64) {
        let (size, alignment) = (dtype.size() as u64, u64::from(limits.storage_alignment.max(16)));
        let offset = size * first / alignment * alignment;
        let base = first - offset / size;
        (Window { offset, size: (size * (base + count)).next_multiple_of(4) }, base)
    }
}
