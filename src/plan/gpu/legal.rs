//! Which schedules give the right result. A forced schedule is checked as strictly as a chosen one.

use crate::dtype::Precision;
use crate::error::{Error, Result};
use crate::plan::geometry::{Axis, Geometry, Walk};
use crate::plan::gpu::kinds::kinds;
use crate::plan::gpu::policy::{MOST_HELD, MOST_TERMS, floor_pow2};
use crate::plan::gpu::steps::{self as plan_steps, Steps};
use crate::plan::gpu::windows::cut;
use crate::plan::margin::Margin;
use crate::plan::profile::GpuLimits;
use crate::plan::request::{Output, Request};
use crate::plan::schedule::{Schedule, Tiling};
use crate::shader::variant::SetKind;

/// The longest chain of additions that the contract allows.
const LONGEST_CHAIN: u32 = 76;

/// 4 if every load of four elements stays aligned and inside a run, else 1.
pub(super) fn width(geometry: &Geometry, walk: Walk) -> u32 {
    let run = match walk {
        Walk::Rows | Walk::Strided => geometry.reduced.last(),
        Walk::Columns => geometry.kept.last(),
    };
    let Some(run) = run.filter(|run| run.source == 1 && run.target == 1) else { return 1 };
    // There are no vectors of four numbers of 64 bits that a lane could load at once.
    if geometry.dtype.precision() == Precision::Double {
        return 1;
    }
    let strides = |axis: &Axis| axis.source | axis.target | axis.direction;
    let aligned = |axis: &Axis| strides(axis).is_multiple_of(4);
    let others = geometry.kept.iter().chain(&geometry.reduced).filter(|axis| *axis != run);
    let direction = geometry.direction_offset;
    let offsets = geometry.source_offset | geometry.target_offset | direction.unwrap_or(0);
    let offsets = offsets | geometry.gradient_offset.unwrap_or(0);
    let offsets = offsets | geometry.copy.map_or(0, |(offset, _)| offset);
    let beside = direction.is_none() || run.direction == 1;
    let fits = run.size.is_multiple_of(4) && offsets.is_multiple_of(4) && beside;
    if fits && others.into_iter().all(aligned) { 4 } else { 1 }
}

/// How many loads a slice takes.
pub(super) fn steps(geometry: &Geometry, walk: Walk, width: u32) -> u64 {
    let length = geometry.length() as u64;
    if walk == Walk::Columns { length } else { length / u64::from(width) }
}

/// Strided: whether neighbouring slices are nearer in memory than neighbours within a slice.
pub(super) fn tile_fastest(geometry: &Geometry) -> bool {
    let stride = |axes: &[Axis]| axes.last().map_or(usize::MAX, |axis| axis.source);
    stride(&geometry.kept) < stride(&geometry.reduced)
}

/// Refuses what would give a wrong result, or none.
pub(in crate::plan) fn check(
    schedule: &Schedule,
    geometry: &Geometry,
    request: &Request,
    limits: &GpuLimits,
) -> Result<()> {
    let illegal =
        |reason: String| Err(Error::IllegalSchedule { schedule: schedule.to_string(), reason });
    let tiling = match schedule {
        Schedule::Native { .. } => return illegal("it is one of the CPU backend".to_string()),
        Schedule::Resident { tiling, .. }
        | Schedule::Streamed { tiling }
        | Schedule::Partial { tiling, .. } => tiling,
    };
    let Tiling { walk, width, tile, fan } = *tiling;
    if walk != Walk::Strided && walk != geometry.walk() {
        return illegal(format!("these slices are {}", geometry.walk()));
    }
    if width != 1 && width != self::width(geometry, walk) {
        return illegal("loads of four elements would leave a run or be misaligned".to_string());
    }
    if !tile.is_power_of_two() || !fan.is_power_of_two() {
        return illegal("tile and fan must be powers of two".to_string());
    }
    let lanes = u64::from(tile) * u64::from(fan);
    if lanes > u64::from(limits.invocations) {
        return illegal(format!("{lanes} lanes are more than {}", limits.invocations));
    }
    let (norm, set) = kinds(request);
    let words = norm.accumulator_words(geometry.dtype.precision());
    let memory = lanes * u64::from(memory_of_lane(words * tiling.slices_per_lane())) + SHARED_BYTES;
    if memory > u64::from(limits.workgroup_memory) {
        return illegal(format!("{memory} bytes of workgroup memory are too many"));
    }
    let steps = steps(geometry, walk, width);
    match *schedule {
        Schedule::Resident { held, .. } if held == 0 || held > MOST_HELD / loads(request) => {
            let most = MOST_HELD / loads(request);
            return illegal(format!("{held} loads a lane are not in 1..={most}"));
        }
        Schedule::Resident { held, .. } if u64::from(held) * u64::from(fan) < steps => {
            return illegal(format!("a slice takes {steps} loads"));
        }
        Schedule::Streamed { .. } if matches!(set, SetKind::Shrink | SetKind::Plane) => {
            return illegal("slices are searched or moved along a direction".to_string());
        }
        Schedule::Streamed { .. } if request.update.is_some() => {
            return illegal("weights that were updated would be updated again".to_string());
        }
        Schedule::Streamed { .. } if steps.div_ceil(u64::from(fan)) > u64::from(MOST_TERMS) => {
            return illegal(format!("a lane may sum {MOST_TERMS} terms"));
        }
        Schedule::Partial { chunk, .. } if chunk == 0 || chunk.div_ceil(fan) > MOST_TERMS => {
            return illegal(format!("a lane may sum {MOST_TERMS} terms"));
        }
        Schedule::Partial { decide: false, .. } if matches!(request.output, Output::Norms(_)) => {
            return illegal("norms come out of the dispatch that decides".to_string());
        }
        Schedule::Partial { decide: false, .. } if set == SetKind::Shrink => {
            return illegal("a search begins in the dispatch that decides".to_string());
        }
        _ => {}
    }
    let may_cut = matches!(schedule, Schedule::Partial { .. });
    let whole = geometry.kept.iter().map(|axis| 0..axis.size).collect();
    if !geometry.is_empty() && cut(geometry, &whole, limits, may_cut).is_none() {
        return illegal(format!("a slice spans more than {} bytes", limits.binding_bytes));
    }
    if let Schedule::Partial { chunk, .. } = *schedule {
        let partials = plan_steps::most_partials(geometry, tiling, chunk, limits);
        let bytes = u64::from(4 * words * tiling.slices_per_lane()) * partials;
        if bytes > limits.binding_bytes {
            return illegal(format!("a lane's slices have {bytes} bytes of partial sums"));
        }
    }
    // Last, because only what passed the rest has a chain.
    let chain = chain(schedule, geometry, limits);
    if chain > LONGEST_CHAIN && !geometry.is_empty() {
        return illegal(format!("chains of {chain} additions are longer than {LONGEST_CHAIN}"));
    }
    Ok(())
}

/// Loads of one step: that of a direction too, if there is one.
pub(super) fn loads(request: &Request) -> u32 {
    1 + u32::from(request.direction.is_some())
}

/// Bytes of workgroup memory that no lane has for itself: the answer whether any lane seeks, and a bit for
/// each of at most 1024 lanes that says whether it writes.
pub(super) const SHARED_BYTES: u64 = 8 + 128;

/// Bytes of workgroup memory of a lane: so many words of accumulators, and the flag of its sector.
pub(super) fn memory_of_lane(words: u32) -> u32 {
    4 * words + 4
}

/// Refuses dispatches that the device would refuse.
pub(super) fn check_steps(schedule: &Schedule, steps: &Steps, limits: &GpuLimits) -> Result<()> {
    let illegal =
        |reason: String| Err(Error::IllegalSchedule { schedule: schedule.to_string(), reason });
    let most = limits.binding_bytes;
    let of_step = |step: &plan_steps::Step| {
        let beside = [step.radii, step.uppers, step.indices, step.gradient, step.remembered];
        let tensors = [step.source, step.target, step.direction, step.norms, step.copy];
        tensors.into_iter().chain(beside)
    };
    let windows = steps.steps.iter().flat_map(of_step);
    let windows = windows.flatten().map(|window| window.size);
    let scratch =
        [steps.partial_bytes, steps.verdict_bytes, steps.state_bytes, steps.summary_bytes];
    let bound = windows.chain(scratch);
    if let Some(bytes) = bound.max().filter(|&bytes| bytes > most) {
        return illegal(format!("{bytes} bytes are to be bound, of at most {most}"));
    }
    let groups = steps.steps.iter().flat_map(|step| step.workgroups).max().unwrap_or(0);
    if groups > limits.workgroups {
        let most = limits.workgroups;
        return illegal(format!("{groups} workgroups in one dimension, of at most {most}"));
    }
    Ok(())
}

/// The longest chain of additions of a schedule.
fn chain(schedule: &Schedule, geometry: &Geometry, limits: &GpuLimits) -> u32 {
    match schedule {
        Schedule::Native { .. } => 0,
        Schedule::Resident { tiling, held } => {
            ceil_log2(*held) + folded(tiling) + tiling.fan.ilog2()
        }
        Schedule::Streamed { tiling } => {
            let terms = steps(geometry, tiling.walk, tiling.width).div_ceil(tiling.fan.into());
            cascade(terms as u32) + folded(tiling) + tiling.fan.ilog2()
        }
        Schedule::Partial { tiling, chunk, decide } => {
            let lane = cascade(chunk.div_ceil(tiling.fan));
            let chunks = plan_steps::most_partials(geometry, tiling, *chunk, limits);
            let fan = if *decide { plan_steps::decide_fan(chunks) } else { tiling.fan };
            let serial = u32::try_from(chunks.div_ceil(u64::from(fan))).unwrap_or(u32::MAX);
            let tree = folded(tiling) + tiling.fan.ilog2() + fan.ilog2();
            (lane + tree).saturating_add(serial)
        }
    }
}

/// The chain of so many terms of a lane: blocks of 16, then a sum of blocks.
fn cascade(terms: u32) -> u32 {
    terms.min(16) + terms.div_ceil(16)
}

/// The additions that fold four elements of one slice.
fn folded(tiling: &Tiling) -> u32 {
    if tiling.elements_per_step() == 4 { 2 } else { 0 }
}

fn ceil_log2(value: u32) -> u32 {
    value.max(1).next_power_of_two().ilog2()
}

/// The error bounds of a schedule.
pub(in crate::plan) fn margin(
    schedule: &Schedule,
    geometry: &Geometry,
    limits: &GpuLimits,
) -> Margin {
    let chain = chain(schedule, geometry, limits);
    match geometry.dtype.precision() {
        Precision::Single => Margin::f32(chain),
        Precision::Double => Margin::double(chain),
    }
}

/// Schedules of every legal kind, in sizes that are chosen to reach every branch of the kernels.
pub(in crate::plan) fn schedules(
    geometry: &Geometry,
    request: &Request,
    limits: &GpuLimits,
) -> Vec<Schedule> {
    let mut all = Vec::new();
    let mut walks = vec![Walk::Strided];
    if geometry.walk() != Walk::Strided {
        walks.push(geometry.walk());
    }
    let most = floor_pow2(limits.invocations);
    for walk in walks {
        for width in [1, 4] {
            // By strides, slices that lie better are walked for the sake of those that do not.
            if walk == Walk::Strided && walk != geometry.walk() && width == 4 {
                continue;
            }
            for (tile, fan) in [(1, most), (32, most / 32), (most, 1), (4, 16), (2, 4)] {
                let tiling = Tiling { walk, width, tile, fan };
                let steps = steps(geometry, walk, width).max(1);
                let held = u32::try_from(steps.div_ceil(u64::from(fan))).unwrap_or(u32::MAX);
                all.push(Schedule::Resident { tiling, held });
                // Streaming differs from two passes in where it begins, not by sizes.
                if tile == if walk == Walk::Rows { 1 } else { 32 } {
                    all.push(Schedule::Streamed { tiling });
                }
                for (chunk, decide) in [(fan, true), (fan * 7 + 3, false), (fan * 256, true)] {
                    all.push(Schedule::Partial { tiling, chunk, decide });
                }
            }
        }
    }
    all.retain(|schedule| check(schedule, geometry, request, limits).is_ok());
    all
}
