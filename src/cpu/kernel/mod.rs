//! The hot loops, compiled for the widest registers of the machine at run time.
//!
//! Each is a safe loop inside [`dispatch`](super::simd::dispatch). What the compiler makes of them for
//! AVX2 (rustc 1.95, `objdump -d`): sums of squares are two `vcvtps2pd` and two `vfmadd` on `ymm` for each
//! of eight streams, in eight registers; scaling is four unrolled `vmulps ymm`, with masks from memory where a
//! kept column is among them; roots and quotients are `vsqrtpd` and `vdivpd` on `ymm`. 16 bits are widened
//! and rounded eight at a time, in registers, inside the same loops.

mod blocks;
mod bounds;
mod column_sums;
mod columns;
mod factors;
mod group;
mod narrow;
mod rewrite;
mod search;
mod short;
mod sums;

pub(super) use blocks::{BLOCK, reals};
#[cfg(test)]
pub(super) use blocks::{map, round, widen};
pub(super) use bounds::{Bounds, Seen};
pub(super) use column_sums::{CHAIN, add_columns, add_panel};
pub(super) use columns::{
    LINE, rewrite_columns, rewrite_columns_into, rewrite_panel, rewrite_panel_into,
};
pub(super) use factors::factors;
pub(super) use group::{
    Addend, Clamp, Fill, OverInfinity, Same, Twice, clamp, gather, rewrite_with,
};
pub(super) use rewrite::rewrite_rows;
pub(super) use search::{
    Columns, Gathered, SWEPT, Sought, any_negative, most, negative_columns, search, search_columns,
    search_swept,
};
pub(super) use short::scale_short_rows;
pub(super) use sums::{row_sums, sum, sum_strided};

use std::array::from_fn;

/// Rows that are read or written in turns, each a stream of its own. In a single stream a core
/// waits for the first misses of one page after the other; more streams keep more misses in flight.
/// Xeon, one thread, 64 MiB, best of 40, with 1, 4, 8, 16, 32 streams: read 4.4, 3.3, 2.9, 3.0,
/// 3.3 ms; scale in place 4.9, 3.2, 2.9, 3.0, 3.5 ms; copy 7.1, 6.0, 6.0, 7.8, 10.5 ms.
pub(super) const STREAMS: usize = 8;
/// Elements of a stream before it is the turn of the next: whole lines of cache.
pub(super) const SECTOR: usize = 64;

/// Rows of `stride` elements in groups of one from each stream; rows that are missing from the
/// last groups are empty.
#[inline(always)]
fn streams<T>(
    data: &mut [T],
    stride: usize,
    rows: usize,
) -> impl Iterator<Item = [&mut [T]; STREAMS]> {
    let each = rows.div_ceil(STREAMS);
    let mut parts = data.chunks_mut((each * stride).max(1));
    let mut streams: [_; STREAMS] =
        from_fn(|_| parts.next().unwrap_or_default().chunks_mut(stride.max(1)));
    (0..each).map(move |_| from_fn(|s| streams[s].next().unwrap_or_default()))
}

/// Rows wherever they are, in groups; rows that are missing from the last group are empty.
pub(super) fn groups<'a, T: 'a>(
    mut rows: impl ExactSizeIterator<Item = &'a mut [T]>,
) -> impl Iterator<Item = [&'a mut [T]; STREAMS]> {
    let groups = rows.len().div_ceil(STREAMS);
    (0..groups).map(move |_| from_fn(|_| rows.next().unwrap_or_default()))
}
