//! A request → dispatches and tables.

use crate::dtype::DType;
use crate::dtype::Precision;
use crate::error::{Error, Result};
use crate::model::{Clip, GivenNorm, Kind};
use crate::plan::gpu::grid;
use crate::plan::group::gpu::chunks::chunks;
use crate::plan::group::gpu::parts::Part;
use crate::plan::group::gpu::policy;
use crate::plan::group::gpu::sets::{self, Set};
use crate::plan::group::gpu::steps::{GroupStep, GroupSteps};
use crate::plan::group::request::GroupRequest;
use crate::plan::group::results::Results;
use crate::plan::group::schedule::GroupSchedule;
use crate::plan::profile::GpuLimits;
use crate::shader::group::params::{Chunk, GroupParams};
use crate::shader::group::variant::{Given, GroupKernel, GroupVariant};
use crate::shader::variant::Pack;

/// What addresses of 32 bits reach, and room for a run to begin anywhere in a window.
const ADDRESSABLE: u64 = 1 << 32;

/// Turns a request into dispatches.
pub(in crate::plan::group) fn build(
    request: &GroupRequest,
    schedule: &GroupSchedule,
    limits: &GpuLimits,
) -> Result<GroupSteps> {
    let alignment = u64::from(limits.storage_alignment.max(16));
    let bytes = limits.binding_bytes.min(ADDRESSABLE);
    let cell = (bytes / alignment * alignment) as usize;
    let mut parts = Vec::new();
    for (i, member) in request.members.iter().enumerate() {
        if member.dtype.precision() == Precision::Double {
            let reason = format!("no kernel of groups knows {}", member.dtype);
            return Err(Error::IllegalSchedule { schedule: schedule.to_string(), reason });
        }
        parts.extend(Part::of(i, member, member.dtype.into(), cell));
    }
    let windows = policy::windows(limits, GroupVariant::OTHER_BINDINGS);
    let sets = sets::sets(parts, &request.memories, cell, windows, limits);
    let mut builder = Builder {
        request,
        limits,
        cell,
        schedule,
        lengths: Vec::new(),
        steps: GroupSteps::default(),
    };
    builder.tables(&sets);
    builder.dispatches(&sets);
    Ok(builder.steps)
}

struct Builder<'a> {
    request: &'a GroupRequest,
    limits: &'a GpuLimits,
    cell: usize,
    schedule: &'a GroupSchedule,
    /// How many chunks each set has.
    lengths: Vec<usize>,
    steps: GroupSteps,
}

impl Builder<'_> {
    fn clip(&self) -> &Clip {
        &self.request.clip
    }

    /// Chunks of all sets, and where the partial sums of each norm are: those of a tensor side by
    /// side, tensors in their order, so that the order of additions does not depend on the sets.
    fn tables(&mut self, sets: &[Set]) {
        let mut owners = Vec::new();
        for set in sets {
            let length = self.schedule.lanes * set.width * self.schedule.loads;
            let global = self.clip().is_global();
            let here = chunks(set, self.cell, length as usize, global, &mut self.steps.boxes);
            self.lengths.push(here.len());
            owners.extend(here.iter().map(|(member, _)| *member));
            self.steps.chunks.extend(here.into_iter().map(|(_, chunk)| chunk));
            self.steps.sets.push(set.binds.clone());
        }
        let mut counts = vec![0u32; self.request.members.len()];
        owners.iter().for_each(|&member| counts[member] += 1);
        let rims = self.rims();
        let rim_of = |dtype| rims.iter().position(|&rim| rim == dtype).unwrap_or_default() as u32;
        self.steps.segments.push([0, owners.len() as u32, 0]);
        let mut next = 0;
        let mut firsts = Vec::with_capacity(counts.len());
        for (&count, member) in counts.iter().zip(&self.request.members) {
            self.steps.segments.push([next, count, rim_of(member.dtype)]);
            firsts.push(next);
            next += count;
        }
        for (chunk, &member) in self.steps.chunks.iter_mut().zip(&owners) {
            chunk.partial = firsts[member];
            firsts[member] += 1;
        }
        self.steps.partials = owners.len() as u64;
    }

    /// The dtypes that norms are decided for, one dispatch each: all by one rim, unless each tensor
    /// has its own norm.
    fn rims(&self) -> Vec<DType> {
        let each = matches!(self.clip().kind, Kind::Each { .. });
        let mut rims: Vec<DType> = Vec::new();
        for member in &self.request.members {
            if rims.is_empty() || (each && !rims.contains(&member.dtype)) {
                rims.push(member.dtype);
            }
        }
        if rims.is_empty() { vec![DType::F32] } else { rims }
    }

    fn dispatches(&mut self, sets: &[Set]) {
        let mut ranges = self.ranges(sets);
        let Some(norm) = self.clip().norm_used() else {
            ranges.into_iter().for_each(|range| self.push(GroupKernel::Clamp, range, sets));
            return;
        };
        let given = match self.clip().given() {
            None => Given::Computed,
            Some(GivenNorm::Host(_)) => Given::Host,
            Some(GivenNorm::Device) => Given::Device,
        };
        if given == Given::Computed {
            ranges.iter().for_each(|&range| self.push(GroupKernel::Partial, range, sets));
        } else {
            // The tensors were not read: there is one norm.
            self.steps.segments.truncate(1);
            self.steps.partials = 0;
        }
        let segments = self.steps.segments.len() as u32;
        let region = Results::new(self.request.members.len()).stride() as u32;
        for (rim, dtype) in self.rims().into_iter().enumerate() {
            self.steps.steps.push(GroupStep {
                variant: GroupVariant::decide(norm, given, self.schedule.lanes),
                params: GroupParams { segments, region, rim: rim as u32, ..GroupParams::default() },
                workgroups: grid(segments.into(), self.limits),
                set: None,
                dtype,
            });
        }
        if self.clip().writes() {
            // Backward, as inside each dispatch: the last is still in cache.
            ranges.reverse();
            ranges.into_iter().for_each(|range| self.push(GroupKernel::Rescale, range, sets));
        }
    }

    /// Chunks that share a dispatch: those of a set, but no more bytes than a watchdog allows.
    fn ranges(&self, sets: &[Set]) -> Vec<Range> {
        let mut ranges: Vec<Range> = Vec::new();
        let (mut at, mut bytes) = (0, 0);
        for (set, &length) in self.lengths.iter().enumerate() {
            for (place, chunk) in self.steps.chunks[at..at + length].iter().enumerate() {
                let here = cost(chunk, sets[set].pack);
                if place == 0 || bytes + here > self.limits.dispatch_bytes {
                    ranges.push(Range { set, first: at + place, count: 0 });
                    bytes = 0;
                }
                bytes += here;
                if let Some(range) = ranges.last_mut() {
                    range.count += 1;
                }
            }
            at += length;
        }
        ranges
    }

    fn push(&mut self, kernel: GroupKernel, range: Range, sets: &[Set]) {
        let set = &sets[range.set];
        let decays = set.parts.iter().any(|part| part.other.is_some());
        self.steps.steps.push(GroupStep {
            variant: GroupVariant {
                kernel,
                // A clip by value has no norm, and one program.
                norm: self.clip().norm_used().unwrap_or(crate::norm::Norm::L2),
                pack: set.pack,
                width: set.width,
                shared: kernel != GroupKernel::Partial && set.shares_words(),
                windows: set.binds.len() as u32,
                decays,
                given: Given::Computed,
                lanes: self.schedule.lanes,
                counted: false,
            },
            params: GroupParams {
                first_chunk: range.first as u32,
                chunks: range.count,
                ..GroupParams::default()
            },
            workgroups: grid(range.count.into(), self.limits),
            set: Some(range.set),
            dtype: set.pack.dtype(),
        });
    }
}

/// Chunks of one set, side by side.
#[derive(Debug, Clone, Copy)]
struct Range {
    set: usize,
    first: usize,
    count: u32,
}

/// The bytes that a chunk reads.
fn cost(chunk: &Chunk, pack: Pack) -> u64 {
    let tensors = if chunk.rate == 0.0 { 1 } else { 2 };
    u64::from(pack.bytes()) * tensors * u64::from(chunk.length)
}
