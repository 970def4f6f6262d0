//! Which schedule is chosen. Every number here says where it comes from.

use crate::plan::geometry::{Geometry, Walk};
use crate::plan::gpu::kinds::kinds;
use crate::plan::gpu::legal::{self, steps, width};
use crate::plan::gpu::steps::SMALL_LANES;
use crate::plan::profile::GpuLimits;
use crate::plan::request::{Output, Request};
use crate::plan::schedule::{Schedule, Tiling};
use crate::shader::variant::SetKind;

/// The most loads that a resident lane may hold.
pub(super) const MOST_HELD: u32 = 16;
/// Loads that a lane holds, at most, where more lanes can be had. On an H200 (driver 580.159, 2026-11-26),
/// 65536 rows of 4096 take 0.242, 0.292, 0.507 ms with 8, 4, 2 held and nothing outside, 0.528, 0.544, 0.770
/// ms with all.
const HELD: u32 = 8;
/// Lanes of a workgroup of rows that do not ask for more. There, 1, 2, 4, 8 rows of 128 lanes side by
/// side take 0.242, 0.242, 0.248, 0.277 ms, and 0.528, 0.527, 0.530, 0.680.
const ROW_LANES: u32 = 128;
/// Lanes of a workgroup of columns or chunks, unless a slice asks for more: a browser's limit.
const LANES: u32 = 256;
/// Lanes of the widest tile of columns: 32 vectors are 512 contiguous bytes. By reasoning.
const WIDE_TILE: u32 = 32;
/// What lanes side by side read at once, at least: 64 bytes, what memory fills at once. There, 4096 rows
/// of 32 take 0.0060, 0.0063 ms with 4, 8 lanes a row and nothing outside, 0.0075, 0.0071 with all.
const NARROW_BYTES: u32 = 64;
/// The most lanes of a resident workgroup of columns: its accumulators are 48 bytes a lane.
const COLUMN_LANES: u32 = 512;
/// Lanes of a workgroup of rows that asks for more, which then hold up to 16 loads, or stream what they cannot
/// hold. There, 4096 rows of 32768 take 0.151 ms so with nothing outside, 0.306 with all; held by 1024 lanes
/// 0.164 and 0.311; streamed by 512 lanes 0.138 and 0.320, and by 256 0.125 and 0.373, of which a cache of
/// 50 MiB has a part; with partial sums 0.139 and 0.393.
const LONG_ROW_LANES: u32 = 512;
/// Bytes of columns that are streamed, at most. There, 4096 columns of 4096 in tiles of 128 bytes take 0.025,
/// 0.035, 0.052 ms with nothing, 1%, all outside, and 0.029, 0.037, 0.061 with partial sums. More are not
/// measured: its cache has 50 MiB.
const STREAMED_COLUMNS: u64 = 64 << 20;
/// Slices at or under this length stay resident however few they are: one dispatch costs less than
/// the parallelism that two would gain. By reasoning: 16 Ki elements are 64 KiB.
const SHORT: usize = 16 << 10;
/// Reading the partial sums again may cost this fraction of reading the data,
const PROLOGUE: f64 = 0.02;
/// or this many bytes: they come from cache, in less time than another dispatch takes to start.
/// By reasoning: 8 MiB are 2 µs at 4 TB/s.
const PROLOGUE_BYTES: f64 = (8 << 20) as f64;
/// The most terms that one lane sums: the chain of additions stays under the contract's 76.
pub(super) const MOST_TERMS: u32 = 512;

/// Terms that a lane sums, at most, if the chunks are the planner's choice. On an H200 (driver 580.159,
/// 2026-11-26) columns of 16384² take 0.252, 0.268, 0.297 ms with 512, 128, 64 terms and nothing
/// outside, 0.892, 0.809, 0.823 ms with all; 256 took 0.807 with all.
const TERMS: u32 = 256;
/// Chunks of a slice beyond which lanes sum as many terms as they may, if they do not sooner to spare a
/// dispatch: the chain that combines the partial sums must stay short, too.
const MANY_CHUNKS: u64 = 1024;

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
    let width = width(geometry, walk);
    let candidates = match walk {
        Walk::Rows => {
            let streamed = streamed_rows(geometry, width, limits);
            [Some(rows(geometry, request, width, limits)), streamed]
        }
        Walk::Columns => {
            let streamed = streamed_columns(geometry, request, width, limits);
            [Some(columns(geometry, request, width, limits)), streamed]
        }
        Walk::Strided => [Some(strided(geometry, width, limits)), None],
    };
    let most = match walk {
        Walk::Rows => MOST_HELD / legal::loads(request),
        Walk::Columns | Walk::Strided => most_held(request),
    };
    let light =
        |schedule: &Schedule| !matches!(schedule, Schedule::Resident { held, .. } if *held > most);
    // The last word is that of the check that a forced schedule must pass too.
    let fits = |schedule: &Schedule| {
        light(schedule) && legal::check(schedule, geometry, request, limits).is_ok()
    };
    if let Some(schedule) = candidates.into_iter().flatten().find(fits) {
        return schedule;
    }
    let lanes = lanes_of_columns(request, 4, limits);
    let limits = GpuLimits { invocations: limits.invocations.min(lanes), ..*limits };
    partial(geometry, request, walk, width, &limits)
}

fn rows(geometry: &Geometry, request: &Request, width: u32, limits: &GpuLimits) -> Schedule {
    let steps = steps(geometry, Walk::Rows, width);
    let most = floor_pow2(limits.invocations.min(LONG_ROW_LANES));
    let least = pow2(steps).min(NARROW_BYTES / (4 * width));
    let fan = pow2(steps.div_ceil(u64::from(most_held(request)))).max(least).min(most);
    let tiling = Tiling { walk: Walk::Rows, width, tile: (ROW_LANES.min(most) / fan).max(1), fan };
    let few = geometry.slices() * 4 < limits.busy_workgroups as usize;
    // A search costs dispatches where registers do not hold its slice.
    if few && geometry.length() > SHORT && kinds(request).1 != SetKind::Shrink {
        return partial_rows(geometry, width, limits);
    }
    Schedule::Resident { tiling, held: held(steps, fan) }
}

/// One workgroup a row, if rows are enough to keep the device busy.
fn streamed_rows(geometry: &Geometry, width: u32, limits: &GpuLimits) -> Option<Schedule> {
    let fan = floor_pow2(limits.invocations.min(LONG_ROW_LANES));
    let tiling = Tiling { walk: Walk::Rows, width, tile: 1, fan };
    let busy = geometry.slices() >= 2 * limits.busy_workgroups as usize;
    busy.then_some(Schedule::Streamed { tiling })
}

/// Narrow tiles of columns, if they are enough, and a cache may hold them all.
fn streamed_columns(
    geometry: &Geometry,
    request: &Request,
    width: u32,
    limits: &GpuLimits,
) -> Option<Schedule> {
    let most = lanes_of_columns(request, width, limits);
    let lanes = floor_pow2(limits.invocations.min(COLUMN_LANES).min(most));
    let tile = (2 * narrow(geometry, width)).min(lanes);
    let tiling = Tiling { walk: Walk::Columns, width, tile, fan: lanes / tile };
    let tiles = geometry.slices() / (tile * width) as usize;
    let busy = 2 * tiles >= limits.busy_workgroups as usize;
    (busy && geometry.bytes() <= STREAMED_COLUMNS).then_some(Schedule::Streamed { tiling })
}

fn columns(geometry: &Geometry, request: &Request, width: u32, limits: &GpuLimits) -> Schedule {
    let steps = steps(geometry, Walk::Columns, width);
    let most = lanes_of_columns(request, width, limits);
    let lanes = floor_pow2(limits.invocations.min(COLUMN_LANES).min(most));
    let run = pow2(geometry.kept.last().map_or(1, |axis| axis.size / width as usize) as u64);
    let narrow = narrow(geometry, width);
    // As many rows at once as the registers ask for, the rest of the lanes across.
    let fan = pow2(steps.div_ceil(4)).min(lanes / narrow.min(run));
    let tile = (lanes / fan).min(run).min(LANES);
    let tiling = Tiling { walk: Walk::Columns, width, tile, fan };
    Schedule::Resident { tiling, held: held(steps, fan) }
}

/// Loads of a slice that a lane holds, at most, if the schedule is the planner's choice.
fn most_held(request: &Request) -> u32 {
    HELD / legal::loads(request)
}

/// Lanes of the narrowest tile of columns.
fn narrow(geometry: &Geometry, width: u32) -> u32 {
    NARROW_BYTES / (geometry.dtype.size() as u32 * width)
}

/// Lanes of columns that fit workgroup memory, of which they need the most.
fn lanes_of_columns(request: &Request, width: u32, limits: &GpuLimits) -> u32 {
    let words = kinds(request).0.accumulator_words(request.dtype.precision());
    let memory = limits.workgroup_memory.saturating_sub(legal::SHARED_BYTES as u32);
    memory / legal::memory_of_lane(words * width)
}

fn strided(geometry: &Geometry, width: u32, limits: &GpuLimits) -> Schedule {
    let steps = steps(geometry, Walk::Strided, width);
    let lanes = floor_pow2(limits.invocations.min(LANES));
    let fan = pow2(steps.div_ceil(4)).min(lanes);
    let tiling = Tiling { walk: Walk::Strided, width, tile: lanes / fan, fan };
    Schedule::Resident { tiling, held: held(steps, fan) }
}

/// Two dispatches, or three where the partial sums are many.
fn partial(
    geometry: &Geometry,
    request: &Request,
    walk: Walk,
    width: u32,
    limits: &GpuLimits,
) -> Schedule {
    let schedule = match walk {
        Walk::Rows => partial_rows(geometry, width, limits),
        Walk::Columns => partial_columns(geometry, width, limits),
        Walk::Strided => partial_strided(geometry, width, limits),
    };
    // Norms come out of the dispatch that combines partial sums, and searches begin there.
    let decides = matches!(request.output, Output::Norms(_)) || kinds(request).1 == SetKind::Shrink;
    match schedule {
        Schedule::Partial { tiling, chunk, .. } if decides => {
            Schedule::Partial { tiling, chunk, decide: true }
        }
        schedule => schedule,
    }
}

fn partial_rows(geometry: &Geometry, width: u32, limits: &GpuLimits) -> Schedule {
    let fan = floor_pow2(limits.invocations.min(LANES));
    let tiling = Tiling { walk: Walk::Rows, width, tile: 1, fan };
    chunked(tiling, geometry, limits, geometry.slices() as u64)
}

fn partial_columns(geometry: &Geometry, width: u32, limits: &GpuLimits) -> Schedule {
    let lanes = floor_pow2(limits.invocations.min(LANES));
    let steps = steps(geometry, Walk::Columns, width);
    let run = geometry.kept.last().map_or(1, |axis| axis.size / width as usize) as u64;
    let outer = geometry.slices() as u64 / (run * u64::from(width));
    let narrow = narrow(geometry, width).min(pow2(run));
    let mut tile = WIDE_TILE.min(pow2(run)).max(narrow);
    // A narrower tile gives more workgroups without more partial sums.
    let chunks = most_chunks(geometry).min(steps);
    while tile > 2 * narrow
        && outer * run.div_ceil(u64::from(tile)) * chunks * 2 < u64::from(limits.busy_workgroups)
    {
        tile /= 2;
    }
    let tiling = Tiling { walk: Walk::Columns, width, tile, fan: lanes / tile };
    chunked(tiling, geometry, limits, outer * run.div_ceil(u64::from(tile)))
}

fn partial_strided(geometry: &Geometry, width: u32, limits: &GpuLimits) -> Schedule {
    let lanes = floor_pow2(limits.invocations.min(LANES));
    let tile = if legal::tile_fastest(geometry) { WIDE_TILE } else { 1 };
    let tile = tile.min(pow2(geometry.slices() as u64)).min(lanes);
    let tiling = Tiling { walk: Walk::Strided, width, tile, fan: lanes / tile };
    chunked(tiling, geometry, limits, (geometry.slices() as u64).div_ceil(u64::from(tile)))
}

/// Chunks that keep the device busy, within what a lane may sum and the prologue may read.
fn chunked(tiling: Tiling, geometry: &Geometry, limits: &GpuLimits, tiles: u64) -> Schedule {
    let steps = steps(geometry, tiling.walk, tiling.width);
    let wanted = u64::from(limits.busy_workgroups).div_ceil(tiles.max(1));
    let cheap = most_chunks(geometry);
    // Half of what keeps the device busy is enough to do without another dispatch.
    let decide = cheap.saturating_mul(2) < wanted;
    let chunks = if decide { wanted } else { wanted.min(cheap) }.max(1);
    let fan = u64::from(tiling.fan);
    let few = cheap.saturating_mul(2).min(MANY_CHUNKS);
    let many = steps.div_ceil(fan * u64::from(TERMS)) > few;
    let most = fan * u64::from(if many { MOST_TERMS } else { TERMS });
    let chunk = steps.div_ceil(chunks).clamp(1, most).next_multiple_of(fan * 4).min(most) as u32;
    let decide = decide || steps.div_ceil(u64::from(chunk)) > cheap.saturating_mul(2);
    Schedule::Partial { tiling, chunk, decide }
}

/// How many chunks a slice may have: of P chunks each reads all P partial sums of 12 bytes again.
fn most_chunks(geometry: &Geometry) -> u64 {
    let bytes = (PROLOGUE * geometry.bytes() as f64).max(PROLOGUE_BYTES);
    (bytes / (12.0 * geometry.slices() as f64)).sqrt().max(1.0) as u64
}

fn held(steps: u64, fan: u32) -> u32 {
    // More than the limit is refused by the check, so a saturated figure is as good as any.
    u32::try_from(steps.div_ceil(u64::from(fan)).max(1)).unwrap_or(u32::MAX)
}

/// The next power of two, at most 2³⁰.
fn pow2(value: impl Into<u64>) -> u32 {
    value.into().clamp(1, 1 << 30).next_power_of_two() as u32
}

pub(super) fn floor_pow2(value: u32) -> u32 {
    1 << value.max(1).ilog2()
}
