//! Sizes of chunks, and what they mean for the error. Each figure says its measurement or its reason.

use crate::dtype::{DType, Precision};
use crate::plan::group::gpu::steps::GroupSteps;
use crate::plan::group::request::GroupRequest;
use crate::plan::group::schedule::{GroupSchedule, MEMORY_OF_LANE};
use crate::plan::margin::Margin;
use crate::plan::native;
use crate::plan::profile::GpuLimits;
use crate::shader::group::variant::{GroupKernel, GroupVariant};

/// Lanes of a workgroup. Every device grants as many, and four of them fill a multiprocessor.
const LANES: u32 = 256;
/// Elements of a chunk, at least: 64 KiB of f32, so that the reduction of a workgroup costs little beside
/// its loads.
const SHORTEST: u64 = 16 << 10;
/// Chunks of a dispatch for each workgroup that keeps a device busy: the last wave is a small part of all. An
/// arena of a billion elements in chunks of 1 MiB takes 0.89 ms on an H200 (driver 580.159, 2026-11-26) with
/// nothing clipped, 3.14 with all; smaller ones are not measured there.
const WAVES: u64 = 8;
/// Additions that no chain exceeds; two more are slack, which makes the contract's 76.
const LONGEST_CHAIN: u32 = 74;
/// As in the kernels.
const CASCADE: u64 = 16;

/// The schedule that is expected to be fastest.
pub(in crate::plan::group) fn choose(request: &GroupRequest, limits: &GpuLimits) -> GroupSchedule {
    let memory = limits.workgroup_memory / MEMORY_OF_LANE;
    let lanes = 1 << LANES.min(limits.invocations).min(memory).max(2).ilog2();
    // Each dispatch is to keep the device busy alone: what follows may wait for it.
    let bound = windows(limits, GroupVariant::OTHER_BINDINGS);
    let dispatches = request.memories.len().div_ceil(bound).max(1) as u64;
    let wanted =
        request.elements() / (dispatches * WAVES * u64::from(limits.busy_workgroups.max(1)));
    let width = match request.precision() {
        Precision::Single => 4,
        Precision::Double => 1,
    };
    let loads = wanted.max(SHORTEST) / u64::from(width * lanes);
    GroupSchedule { lanes, loads: loads.clamp(1, 256) as u32 }
}

/// Windows that a dispatch can bind beside `others`.
pub(super) fn windows(limits: &GpuLimits, others: u32) -> usize {
    limits.storage_buffers.saturating_sub(others).clamp(2, limits.windows.max(2)) as usize
}

/// The error of norms of tensors of these dtypes, by the longest chain of additions.
pub(in crate::plan::group) fn margin(chain: u32, precision: Precision, dtypes: &[DType]) -> Margin {
    match (precision, are_double(dtypes)) {
        (Precision::Single, _) => Margin::f32(chain),
        (Precision::Double, false) => Margin::f64(chain),
        (Precision::Double, true) => Margin::double(chain),
    }
}

/// The longest chain of additions through chunk and decision. A norm that is given may be as far off as
/// any.
pub(in crate::plan::group) fn chain(
    steps: &GroupSteps,
    schedule: &GroupSchedule,
    given: bool,
) -> u32 {
    if given {
        return LONGEST_CHAIN;
    }
    let lanes = u64::from(schedule.lanes);
    let tree = lanes.ilog2();
    let sums = steps.steps.iter().filter(|step| step.variant.kernel == GroupKernel::Partial);
    let loads = sums.map(|step| {
        let length =
            steps.chunks_of(step).iter().map(|chunk| u64::from(chunk.length)).max().unwrap_or(0);
        length.div_ceil(lanes * u64::from(step.variant.width))
    });
    // An edge, and the four elements of a load.
    let of_chunk = cascade(loads.max().unwrap_or(0)) + 1 + 2 + tree;
    let of_decision = cascade(steps.partials.div_ceil(lanes)) + tree;
    of_chunk + of_decision
}

/// The error of norms on the CPU backend: of other dtypes than f64 as for slices. What is f64 alone is
/// added up in a cascade, part by part, and parts with what rounding takes of their sum.
pub(in crate::plan::group) fn native_margin(dtypes: &[DType]) -> Margin {
    match are_double(dtypes) {
        true => Margin::double(80),
        false if dtypes.iter().any(|dtype| dtype.size() == 2) => native::margin(DType::F16),
        false => native::margin(DType::F32),
    }
}

/// Whether there are any, and all of them f64.
fn are_double(dtypes: &[DType]) -> bool {
    !dtypes.is_empty() && dtypes.iter().all(|&dtype| dtype == DType::F64)
}

/// The chain of so many terms, summed in blocks.
fn cascade(terms: u64) -> u32 {
    (terms.min(CASCADE) + terms.div_ceil(CASCADE)) as u32
}
