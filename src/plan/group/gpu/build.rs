//! A request → dispatches and tables.

use std::collections::HashMap;

use crate::dtype::DType;
use crate::model::{Clip, GivenNorm, Kind};
use crate::plan::gpu::grid;
use crate::plan::group::gpu::chunks::{LINE, chunks};
use crate::plan::group::gpu::parts::{Part, Rows};
use crate::plan::group::gpu::policy;
use crate::plan::group::gpu::sets::{self, Set};
use crate::plan::group::gpu::steps::{GroupStep, GroupSteps};
use crate::plan::group::request::{GroupRequest, Member};
use crate::plan::group::results::Results;
use crate::plan::group::schedule::GroupSchedule;
use crate::plan::profile::GpuLimits;
use crate::shader::group::params::{Chunk, GroupParams};
use crate::shader::group::variant::{Given, GroupKernel, GroupVariant};
use crate::shader::variant::{NormKind, Pack};

/// What addresses of 32 bits reach, and room for a run to begin anywhere in a window.
const ADDRESSABLE: u64 = 1 << 32;

/// Turns a request into dispatches.
pub(in crate::plan::group) fn build(
    request: &GroupRequest,
    schedule: &GroupSchedule,
    limits: &GpuLimits,
) -> GroupSteps {
    let precision = request.precision();
    let alignment = u64::from(limits.storage_alignment).max(LINE as u64);
    let bytes = limits.binding_bytes.min(ADDRESSABLE);
    let cell = (bytes / alignment * alignment) as usize;
    let pack = |member: &Member| Pack::from(member.dtype);
    let mut parts = Vec::new();
    for (i, member) in request.members.iter().enumerate() {
        parts.extend(Part::of(i, member, pack(member), cell));
    }
    let windows = policy::windows(limits, GroupVariant::OTHER_BINDINGS);
    let sets_of = |parts| sets::sets(parts, &request.memories, cell, windows, limits, precision);
    let mut sets = sets_of(parts);
    let tensors = sets.len();
    let mut sums = Vec::new();
    for (i, sum) in request.sums.iter().flat_map(|sums| sums.tensors.iter().enumerate()) {
        let examples = request.sums.as_ref().map_or(0, |sums| sums.examples);
        let rows = Rows { first: 0, count: examples, stride: sum.stride };
        sums.extend(Part::of_rows(i, &sum.member, pack(&sum.member), cell, rows));
    }
    // What is added to a sum is added by a later dispatch.
    passes(sums).into_iter().for_each(|parts| sets.extend(sets_of(parts)));
    let mut builder = Builder {
        request,
        limits,
        cell,
        schedule,
        tensors,
        lengths: Vec::new(),
        steps: GroupSteps { precision, ..GroupSteps::default() },
    };
    builder.tables(&sets);
    builder.dispatches(&sets);
    builder.steps
}

struct Builder<'a> {
    request: &'a GroupRequest,
    limits: &'a GpuLimits,
    cell: usize,
    schedule: &'a GroupSchedule,
    /// How many sets are of tensors; those of sums follow.
    tensors: usize,
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
        let (global, bundle) = (self.clip().is_global(), self.request.bundle());
        for (number, set) in sets.iter().enumerate() {
            let summed = number >= self.tensors;
            // A lane of a sum has one load, of many examples.
            let loads = if summed { 1 } else { self.schedule.loads };
            let length = self.schedule.lanes * set.width * loads;
            let verdict = |part: &Part| match (summed, global) {
                (true, _) => 1 + part.rows.first as u32,
                (false, true) => 0,
                (false, false) => 1 + (part.member / bundle) as u32,
            };
            let here = chunks(set, self.cell, length as usize, &verdict, &mut self.steps.boxes);
            self.lengths.push(here.len());
            if !summed {
                owners.extend(here.iter().map(|(member, _)| *member));
            }
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
        for (counts, members) in counts.chunks(bundle).zip(self.request.members.chunks(bundle)) {
            let rim = members.first().map_or(0, |member| rim_of(member.dtype));
            self.steps.segments.push([next, counts.iter().sum(), rim]);
            for count in counts {
                firsts.push(next);
                next += count;
            }
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
        let each = matches!(self.clip().kind, Kind::Each { .. }) && self.request.sums.is_none();
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
        let sums = ranges.partition_point(|range| range.set < self.tensors);
        let sums = ranges.split_off(sums);
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
        let precision = self.steps.precision;
        let region = Results::new(self.request.norms(), precision).stride() as u32;
        for (rim, dtype) in self.rims().into_iter().enumerate() {
            self.steps.steps.push(GroupStep {
                variant: GroupVariant::decide(norm.into(), given, precision, self.schedule.lanes),
                params: GroupParams { segments, region, rim: rim as u32, ..GroupParams::default() },
                workgroups: grid(segments.into(), self.limits),
                set: None,
                dtype,
            });
        }
        if self.request.sums.is_some() {
            sums.into_iter().for_each(|range| self.push(GroupKernel::Sum, range, sets));
        } else if self.clip().writes() {
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
        let decays =
            kernel != GroupKernel::Sum && set.parts.iter().any(|part| part.other.is_some());
        self.steps.steps.push(GroupStep {
            variant: GroupVariant {
                kernel,
                // A clip by value has no norm, and one program.
                norm: self.clip().norm_used().map_or(NormKind::L2, NormKind::from),
                pack: set.pack,
                precision: self.steps.precision,
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

/// Parts of sums by the dispatch that they need: those of the first examples, those that are added to
/// them, and so on.
fn passes(parts: Vec<Part>) -> Vec<Vec<Part>> {
    let mut firsts: HashMap<usize, Vec<usize>> = HashMap::new();
    for part in &parts {
        firsts.entry(part.member).or_default().push(part.rows.first);
    }
    for known in firsts.values_mut() {
        known.sort_unstable();
        known.dedup();
    }
    let mut passes: Vec<Vec<Part>> = Vec::new();
    for part in parts {
        let known = firsts.get(&part.member);
        let pass = known.map_or(0, |known| known.partition_point(|&first| first < part.rows.first));
        while passes.len() <= pass {
            passes.push(Vec::new());
        }
        passes[pass].push(part);
    }
    passes
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
    let tensors = if chunk.rate == 0.0 { 1 } else { 1 + u64::from(chunk.rows.max(1)) };
    u64::from(pack.bytes()) * tensors * u64::from(chunk.length)
}
