//! Sizes of chunks, and what they mean for the error. Not measured on hardware yet: each figure
//! says its reason.

use crate::dtype::DType;
use crate::plan::group::gpu::steps::GroupSteps;
use crate::plan::group::schedule::GroupSchedule;
use crate::plan::margin::Margin;
use crate::plan::native;
use crate::plan::profile::GpuLimits;
use crate::shader::group::variant::GroupKernel;

/// Lanes of a workgroup. Every device grants as many, and four of them fill a multiprocessor.
const LANES: u32 = 256;
/// Elements of a chunk, at least: 64 KiB, so that the reduction of a workgroup costs little beside
/// its loads.
const SHORTEST: u64 = 16 << 10;
/// Chunks that keep a device busy to the end: the last wave is a small part of all.
const WAVES: u64 = 8;
/// Additions that no chain exceeds; two more are slack, which makes the contract's 76.
const LONGEST_CHAIN: u32 = 74;
/// As in the kernels.
const CASCADE: u64 = 16;

/// The schedule that is expected to be fastest.
pub(in crate::plan::group) fn choose(elements: u64, limits: &GpuLimits) -> GroupSchedule {
    let memory = limits.workgroup_memory / 12;
    let lanes = 1 << LANES.min(limits.invocations).min(memory).max(2).ilog2();
    let wanted = elements / (WAVES * u64::from(limits.busy_workgroups.max(1)));
    let loads = wanted.max(SHORTEST) / u64::from(4 * lanes);
    GroupSchedule { lanes, loads: loads.clamp(1, 256) as u32 }
}

/// Windows that a dispatch can bind beside `others`.
pub(super) fn windows(limits: &GpuLimits, others: u32) -> usize {
    limits.storage_buffers.saturating_sub(others).clamp(2, limits.windows.max(2)) as usize
}

/// The error of norms: the longest chain of additions through chunk and decision. A norm that is
/// given may be as far off as any.
pub(in crate::plan::group) fn margin(
    steps: &GroupSteps,
    schedule: &GroupSchedule,
    given: bool,
) -> Margin {
    if given {
        return Margin::f32(LONGEST_CHAIN);
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
    Margin::f32(of_chunk + of_decision)
}

/// The error of norms on the CPU backend: of other dtypes than f64 as for slices. What is f64 alone is
/// added up in a cascade, part by part, and parts with what rounding takes of their sum.
pub(in crate::plan::group) fn native_margin(dtypes: impl IntoIterator<Item = DType>) -> Margin {
    let mut dtypes = dtypes.into_iter().peekable();
    match dtypes.peek().is_some() && dtypes.all(|dtype| dtype == DType::F64) {
        true => Margin::double(80),
        false => native::margin(DType::F32),
    }
}

/// The chain of so many terms, summed in blocks.
fn cascade(terms: u64) -> u32 {
    (terms.min(CASCADE) + terms.div_ceil(CASCADE)) as u32
}
