//! Which schedule is chosen. Every number here says where it comes from; "there" is an H200 (driver 580.159,
//! 2026-11-26), whose figures are in `benches/results/2026-11-26-h200.md`.

mod partial;
mod resident;
mod streamed;

use crate::plan::geometry::{Geometry, Walk};
use crate::plan::gpu::kinds::kinds;
use crate::plan::gpu::legal::{self, steps, width};
use crate::plan::gpu::steps::SMALL_LANES;
use crate::plan::profile::GpuLimits;
use crate::plan::request::Request;
use crate::plan::schedule::{Schedule, Tiling};

pub(super) use partial::MOST_TERMS;
pub(super) use resident::MOST_HELD;

/// Lanes of a workgroup of columns or chunks, unless a slice asks for more: a browser's limit.
const LANES: u32 = 256;
/// Lanes of the widest tile of columns: 32 vectors are 512 contiguous bytes. By reasoning.
const WIDE_TILE: u32 = 32;
/// What lanes side by side read at once, at least: 64 bytes, what memory fills at once. There, 4096 rows
/// of 32 take 0.0060, 0.0063 ms with 4, 8 lanes a row and nothing outside, 0.0075, 0.0071 with all.
const NARROW_BYTES: u32 = 64;
/// The most lanes of a workgroup that has whole columns: its accumulators are 48 bytes a lane.
const COLUMN_LANES: u32 = 512;
/// Lanes of a workgroup of rows that asks for more, which then hold up to 16 loads, or stream what they cannot
/// hold. There, 4096 rows of 32768 take 0.151 ms so with nothing outside, 0.306 with all; held by 1024 lanes
/// 0.164 and 0.311; streamed by 512 lanes 0.138 and 0.320, and by 256 0.125 and 0.373, of which a cache of
/// 50 MiB has a part; with partial sums 0.139 and 0.393.
const LONG_ROW_LANES: u32 = 512;

/// What a schedule is chosen for.
#[derive(Clone, Copy)]
struct Choice<'a> {
    geometry: &'a Geometry,
    request: &'a Request,
    limits: &'a GpuLimits,
    walk: Walk,
    /// Elements of a load.
    width: u32,
}

/// The schedule that is expected to be fastest.
pub(in crate::plan) fn choose(
    geometry: &Geometry,
    request: &Request,
    limits: &GpuLimits,
) -> Schedule {
    if geometry.is_empty() {
        let tiling = Tiling { walk: Walk::Strided, width: 1, tile: SMALL_LANES, fan: 1 };
        return Schedule::Resident { tiling, held: 1 };
    }
    let walk = geometry.walk();
    let choice = Choice { geometry, request, limits, walk, width: width(geometry, walk) };
    // The last word is that of the check that a forced schedule must pass too.
    let fits = |schedule: &Schedule| legal::check(schedule, geometry, request, limits).is_ok();
    let one_dispatch = [choice.resident(), choice.streamed()];
    if let Some(schedule) = one_dispatch.into_iter().flatten().find(fits) {
        return schedule;
    }
    let lanes = Choice { width: 4, ..choice }.lanes_of_columns();
    let limits = GpuLimits { invocations: limits.invocations.min(lanes), ..*limits };
    Choice { limits: &limits, ..choice }.partial()
}

impl Choice<'_> {
    /// How many loads a slice takes.
    fn steps(&self) -> u64 {
        steps(self.geometry, self.walk, self.width)
    }

    /// Lanes of the narrowest tile of columns.
    fn narrow(&self) -> u32 {
        NARROW_BYTES / (self.geometry.dtype.size() as u32 * self.width)
    }

    /// Loads that lie side by side in columns.
    fn run(&self) -> u64 {
        self.geometry.kept.last().map_or(1, |axis| axis.size / self.width as usize) as u64
    }

    /// Lanes of columns that fit workgroup memory, of which they need the most.
    fn lanes_of_columns(&self) -> u32 {
        let words = kinds(self.request).0.accumulator_words(self.request.dtype.precision());
        let memory = self.limits.workgroup_memory.saturating_sub(legal::SHARED_BYTES as u32);
        memory / legal::memory_of_lane(words * self.width)
    }

    /// So many lanes or fewer, a power of two that the device grants.
    fn granted(&self, lanes: u32) -> u32 {
        floor_pow2(self.limits.invocations.min(lanes))
    }

    /// How many neighbouring slices are walked by strides at once.
    fn strided_tile(&self, lanes: u32) -> u32 {
        let tile = if legal::tile_fastest(self.geometry) { WIDE_TILE } else { 1 };
        tile.min(pow2(self.geometry.slices() as u64)).min(lanes)
    }
}

/// The next power of two, at most 2³⁰.
fn pow2(value: impl Into<u64>) -> u32 {
    value.into().clamp(1, 1 << 30).next_power_of_two() as u32
}

pub(super) fn floor_pow2(value: u32) -> u32 {
    1 << value.max(1).ilog2()
}
