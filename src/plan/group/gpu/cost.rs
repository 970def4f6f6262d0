//! What the dispatches of a group move.

use crate::plan::cost::Cost;
use crate::plan::group::gpu::steps::GroupSteps;
use crate::plan::group::request::{GroupRequest, Member};
use crate::shader::group::variant::GroupKernel;

/// Bytes of a word, and of an element that is half of one.
const WORD: u64 = 4;
const HALF: u64 = 2;

/// The traffic of a request; `v` is 1 where it clips and 0 where it does not.
pub(in crate::plan::group) fn cost(request: &GroupRequest, steps: &GroupSteps) -> Cost {
    let tables = steps.steps.iter().filter(|step| step.set.is_some()).count().min(2) as u64;
    let accumulators = 3 * steps.partials + 2 * steps.segments.len() as u64;
    let tensors = native_cost(request);
    let [always, else_only] = changed(steps);
    Cost {
        dispatches: steps.steps.len() as u32,
        scratch: tables * steps.chunk_bytes() + steps.accumulator_bytes() * accumulators,
        read: tensors.read + WORD * always,
        written: tensors.written + (WORD - HALF) * always,
        read_again: tensors.read_again + WORD * else_only,
        written_again: tensors.written_again + (WORD - HALF) * else_only,
        ..tensors
    }
}

/// Elements of 16 bits that are stored one by one, which reads and writes their words: those that
/// decay, and are stored whatever the data, and the others.
fn changed(steps: &GroupSteps) -> [u64; 2] {
    let stores = |kernel| matches!(kernel, GroupKernel::Rescale | GroupKernel::Clamp);
    let mut changed = [0, 0];
    for step in steps.steps.iter().filter(|step| stores(step.variant.kernel)) {
        if step.variant.in_halves() {
            for chunk in steps.chunks_of(step) {
                changed[usize::from(chunk.rate == 0.0)] += u64::from(chunk.length);
            }
        }
    }
    changed
}

/// The traffic with the tensors, which is that of every backend.
pub(in crate::plan::group) fn native_cost(request: &GroupRequest) -> Cost {
    let of = |count: &dyn Fn(&Member) -> bool| -> u64 {
        let members = request.members.iter().filter(|member| count(member));
        members.map(|member| (member.dtype.size() * member.layout.len()) as u64).sum()
    };
    let bytes = of(&|_| true);
    let decayed = of(&|member| member.companion.is_some_and(|companion| companion.rate != 0.0));
    if let Some(sums) = &request.sums {
        let written =
            sums.tensors.iter().map(|sum| sum.member.layout.len() * sum.member.dtype.size());
        return Cost {
            elements: request.elements(),
            read: 2 * bytes,
            written: written.sum::<usize>() as u64,
            read_sector: 1,
            write_sector: 1,
            ..Cost::default()
        };
    }
    let clip = &request.clip;
    let computed = clip.norm_used().is_some() && clip.given().is_none();
    // The first pass, where there is one, and what the last pass does whatever the data: what
    // decays is written whether it is scaled or not.
    let first = if computed { bytes + decayed } else { 0 };
    let (read, written, read_again, written_again) = match (clip.writes(), clip.norm_used()) {
        (false, _) => (first, 0, 0, 0),
        (true, None) => (bytes + decayed, decayed, 0, bytes - decayed),
        (true, Some(_)) => (first + 2 * decayed, decayed, bytes - decayed, bytes - decayed),
    };
    Cost {
        elements: request.elements(),
        read,
        written,
        read_again,
        written_again,
        read_sector: 1,
        write_sector: 1,
        ..Cost::default()
    }
}
