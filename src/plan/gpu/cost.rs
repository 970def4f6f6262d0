//! What the dispatches of a schedule move.

use crate::plan::cost::Cost;
use crate::plan::geometry::{Geometry, Walk};
use crate::plan::gpu::steps::{ACCUMULATOR_BYTES, Steps};
use crate::plan::request::{Output, Request};
use crate::plan::schedule::Schedule;
use crate::shader::variant::{Kernel, Verdict};

/// Slices that share 64 bytes, what memory reads at once, where they lie side by side.
const READ_SECTOR: u32 = 16;
/// Slices that share 32 bytes, what memory writes at once.
const WRITE_SECTOR: u32 = 8;

/// The traffic of a schedule and its dispatches.
pub(in crate::plan) fn cost(
    schedule: &Schedule,
    geometry: &Geometry,
    request: &Request,
    steps: &Steps,
) -> Cost {
    let bytes = 4 * geometry.elements() as u64;
    let (resident, tiling) = match schedule {
        Schedule::Resident { tiling, .. } => (true, *tiling),
        Schedule::Partial { tiling, .. } => (false, *tiling),
        Schedule::Native { .. } => return Cost::default(),
    };
    let side_by_side = tiling.walk == Walk::Columns;
    let again = if resident { 0 } else { bytes };
    let (read, written, read_again, written_again) = match request.output {
        Output::InPlace => (bytes, 0, again, bytes),
        Output::Into(_) => (bytes + again, bytes, 0, 0),
        Output::Norms(_) => (bytes, 0, 0, 0),
    };
    Cost {
        dispatches: steps.steps.len() as u32,
        elements: geometry.elements() as u64,
        read,
        written,
        read_again,
        written_again,
        read_sector: if side_by_side { READ_SECTOR } else { 1 },
        write_sector: if side_by_side { WRITE_SECTOR } else { 1 },
        scratch: scratch(steps),
    }
}

/// Bytes of accumulators that the dispatches write and read.
fn scratch(steps: &Steps) -> u64 {
    let accumulators: u64 = steps
        .steps
        .iter()
        .map(|step| {
            let params = &step.params;
            let here = u64::from(params.slices_here);
            let slices = u64::from(params.slices);
            let (partials, chunks) = (u64::from(params.partials), u64::from(params.chunks));
            let stored = u64::from(step.variant.verdict == Verdict::Store);
            match step.variant.kernel {
                Kernel::Resident => here * stored,
                Kernel::Partial => here * chunks,
                Kernel::Decide => slices * (partials + stored),
                Kernel::Rescale => here * (chunks * partials + stored),
                Kernel::Summary => slices,
            }
        })
        .sum();
    accumulators * ACCUMULATOR_BYTES
}
