//! What the dispatches of a schedule move.

use crate::plan::cost::Cost;
use crate::plan::geometry::{Geometry, Walk};
use crate::plan::gpu::kinds::kinds;
use crate::plan::gpu::legal::loads;
use crate::plan::gpu::steps::{Step, Steps, state_bytes, tally_bytes};
use crate::plan::request::{Output, Request};
use crate::plan::schedule::Schedule;
use crate::shader::variant::{Kernel, SetKind, Verdict};
use crate::shader::words::rounds;

/// What memory reads at once, in bytes.
const READ_SECTOR: u32 = 64;
/// What memory writes at once, in bytes.
const WRITE_SECTOR: u32 = 32;
/// What is read and written where half of a word changes, in bytes.
const WORD: u64 = 4;

/// The traffic of a schedule and its dispatches.
pub(in crate::plan) fn cost(
    schedule: &Schedule,
    geometry: &Geometry,
    request: &Request,
    steps: &Steps,
) -> Cost {
    // Those of the direction are read beside those of the tensor, each time.
    let own = geometry.bytes();
    let bytes = u64::from(loads(request)) * own;
    let size = geometry.dtype.size() as u32;
    let (resident, tiling) = match schedule {
        Schedule::Resident { tiling, .. } => (true, *tiling),
        Schedule::Streamed { tiling } | Schedule::Partial { tiling, .. } => (false, *tiling),
        Schedule::Native { .. } => return Cost::default(),
    };
    let side_by_side = tiling.walk == Walk::Columns;
    // Elements of less than a word that are stored one by one: a neighbour may share the word.
    let halves = tiling.width == 1 && u64::from(size) < WORD;
    let changed = if halves { WORD * geometry.elements() as u64 } else { 0 };
    let stored = if halves { changed } else { own };
    // A search reads at most once a round; those that end sooner read nothing more.
    let rounds = match kinds(request).1 {
        SetKind::Shrink => u64::from(rounds(geometry.length(), geometry.dtype.precision())),
        _ => 0,
    };
    let again = if resident { 0 } else { bytes };
    let sought = again * rounds;
    let (read, written, read_again, written_again) = match request.output {
        Output::InPlace if request.update.is_some() => {
            // What is remembered is read and stored beside the weights, which are stored whatever they are.
            let both = 1 + request.remembers();
            // A copy is written where the weights are.
            let [seen, copied] = copied(geometry, tiling.width);
            let (read, written) = (own + both * (own + changed) + seen, both * stored + copied);
            match resident {
                true => (read, written, 0, 0),
                false => (read, written, again + sought + changed + seen, stored + copied),
            }
        }
        Output::InPlace => (bytes, 0, again + sought + changed, stored),
        Output::Into(_) => (bytes + again + changed, stored, sought, 0),
        Output::Norms(_) => (bytes, 0, 0, 0),
    };
    Cost {
        // An update makes its numbers ready first.
        dispatches: (steps.steps.len() + usize::from(request.update.is_some())) as u32,
        elements: geometry.elements() as u64,
        read,
        written,
        read_again,
        written_again,
        read_sector: if side_by_side { READ_SECTOR / size } else { 1 },
        write_sector: if side_by_side && !halves { WRITE_SECTOR / size } else { 1 },
        scratch: scratch(steps),
    }
}

/// Bytes that are read and written where the copy of weights in 16 bits is written, if there is one.
fn copied(geometry: &Geometry, width: u32) -> [u64; 2] {
    let elements = geometry.elements() as u64;
    match (geometry.copy, width) {
        (None, _) => [0, 0],
        (Some(_), 1) => [WORD * elements; 2],
        (Some((_, dtype)), _) => [0, dtype.size() as u64 * elements],
    }
}

/// Bytes of accumulators, states and tallies that the dispatches write and read.
fn scratch(steps: &Steps) -> u64 {
    steps.steps.iter().map(scratch_of).sum()
}

fn scratch_of(step: &Step) -> u64 {
    let params = &step.params;
    let precision = step.variant.pack.precision();
    let accumulator = u64::from(4 * step.variant.norm.accumulator_words(precision));
    let tally = tally_bytes(precision);
    let (here, slices) = (u64::from(params.slices_here), u64::from(params.slices));
    let (partials, chunks) = (u64::from(params.partials), u64::from(params.chunks));
    let stored = u64::from(matches!(step.variant.verdict, Verdict::Store | Verdict::Begin));
    let state = if step.variant.set == SetKind::Shrink { state_bytes(precision) } else { 0 };
    match step.variant.kernel {
        Kernel::Resident | Kernel::Streamed | Kernel::AlongResident => here * stored * accumulator,
        Kernel::Partial | Kernel::AlongPartial => here * chunks * accumulator,
        Kernel::Decide => slices * ((partials + stored) * accumulator + state),
        Kernel::Rescale | Kernel::AlongRescale => {
            here * ((chunks * partials + stored) * accumulator + chunks * state)
        }
        Kernel::Summary => slices * accumulator,
        // An index, and the owner of its row.
        Kernel::Claim | Kernel::Release => slices * 8,
        Kernel::ShrinkPartial => here * chunks * (accumulator + state + tally),
        Kernel::ShrinkDecide => slices * (partials * tally + accumulator + 2 * state),
    }
}
