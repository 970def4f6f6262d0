//! The dispatches of a schedule: programs, windows of memory, parameters, workgroups.

use crate::error::Result;
use crate::plan::geometry::{Geometry, Walk};
use crate::plan::gpu::legal::tile_fastest;
use crate::plan::gpu::pieces::{self, Box, Piece};
use crate::plan::profile::GpuLimits;
use crate::plan::request::{Output, Request};
use crate::plan::schedule::{Schedule, Tiling};
use crate::shader::params::{self, Params};
use crate::shader::variant::{Kernel, Lane, Storage, Variant, Verdict};

/// The bytes of an accumulator: sum, exponent, largest magnitude.
pub const ACCUMULATOR_BYTES: u64 = 12;
/// The bytes of a summary of slices.
pub const SUMMARY_BYTES: u64 = 32;
/// Scratch stays under this however many slices there are; more are done in slabs. Not measured.
const SCRATCH_BYTES: u64 = 64 << 20;
/// Invocations that gather a report; the host adds up their summaries.
const SUMMARIES: u64 = 4096;
/// Lanes of the small dispatches beside the main ones.
const SMALL_LANES: u32 = 64;

/// A range of a buffer, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Window {
    /// Its start, aligned as the device asks for.
    pub offset: u64,
    /// Its length.
    pub size: u64,
}

/// One dispatch.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The program.
    pub variant: Variant,
    /// The parameters, but for the radius.
    pub params: Params,
    /// Workgroups in x and y.
    pub workgroups: [u32; 2],
    /// What is bound of the source.
    pub source: Option<Window>,
    /// What is bound of the target.
    pub target: Option<Window>,
    /// What is bound of the norms.
    pub norms: Option<Window>,
    /// Whether the partial sums are read from the verdicts, where a `decide` combined them.
    pub decided: bool,
}

/// The dispatches of a schedule, and the scratch that they share.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Steps {
    /// In the order in which they are recorded.
    pub steps: Vec<Step>,
    /// Bytes of partial sums.
    pub partial_bytes: u64,
    /// Bytes of accumulators, one for each slice of a slab.
    pub verdict_bytes: u64,
    /// Bytes of summaries.
    pub summary_bytes: u64,
}

impl Steps {
    /// Bytes of scratch that are held while the plan is prepared.
    pub fn scratch_bytes(&self) -> u64 {
        self.partial_bytes + self.verdict_bytes + self.summary_bytes
    }
}

/// The pieces of a slab that can be bound; None if slices would have to be cut and must not be.
pub(super) fn cut(
    geometry: &Geometry,
    slab: &Box,
    limits: &GpuLimits,
    may_cut_slices: bool,
) -> Option<Vec<Piece>> {
    let bytes = limits.binding_bytes.min(limits.dispatch_bytes);
    let most = (bytes / 16 * 4) as usize;
    let pieces = pieces::pieces(geometry, slab, most, may_cut_slices)?;
    let fits = |piece: &Piece| {
        let windows = Windows::new(geometry, piece, limits);
        windows.source.size.max(windows.target.size) <= bytes
    };
    if pieces.iter().all(fits) {
        return Some(pieces);
    }
    // A window starts where the device allows it to, a little before its first element.
    let slack = limits.storage_alignment.max(16) as usize / 4;
    pieces::pieces(geometry, slab, most - slack, may_cut_slices)
}

/// The lanes that combine the partial sums of one slice between the two dispatches.
pub(super) fn decide_fan(chunks: u64) -> u32 {
    chunks.clamp(1, u64::from(SMALL_LANES)).next_power_of_two() as u32
}

/// The most partial sums that a slice has, whatever the slab.
pub(super) fn most_partials(
    geometry: &Geometry,
    tiling: &Tiling,
    chunk: u32,
    limits: &GpuLimits,
) -> u64 {
    let whole: Box = geometry.kept.iter().map(|axis| 0..axis.size).collect();
    let cut = cut(geometry, &whole, limits, true).unwrap_or_default();
    // Pieces come grouped by their box of reduced axes; one of each group counts.
    let mut total = 0;
    let mut previous: Option<&Box> = None;
    for piece in &cut {
        if previous != Some(&piece.reduced) {
            total += steps_of(&piece.reduced, tiling).div_ceil(u64::from(chunk));
            previous = Some(&piece.reduced);
        }
    }
    total.max(1)
}

fn steps_of(reduced: &Box, tiling: &Tiling) -> u64 {
    let length: usize = reduced.iter().map(|range| range.len()).product();
    length as u64 / u64::from(tiling.elements_per_step())
}

/// Turns a schedule, checked before, into dispatches.
pub(in crate::plan) fn build(
    schedule: &Schedule,
    geometry: &Geometry,
    request: &Request,
    limits: &GpuLimits,
) -> Result<Steps> {
    if geometry.elements() == 0 {
        return Ok(Steps::default());
    }
    let (tiling, partials, decide) = match *schedule {
        Schedule::Resident { tiling, .. } => (tiling, 0, false),
        Schedule::Partial { tiling, chunk, decide } => {
            (tiling, most_partials(geometry, &tiling, chunk, limits), decide)
        }
        Schedule::Native { .. } => return Ok(Steps::default()),
    };
    let verdicts = u64::from(decide || request.report);
    let scratch = ACCUMULATOR_BYTES * partials.max(verdicts);
    let budget = SCRATCH_BYTES.min(limits.binding_bytes);
    let most = if scratch == 0 { u64::MAX } else { (budget / scratch).max(1) };
    let mut builder =
        Builder { schedule, geometry, request, limits, tiling, steps: Steps::default() };
    let mut first_norm = 0;
    for slab in pieces::slabs(&geometry.kept, usize::try_from(most).unwrap_or(usize::MAX)) {
        let slices: usize = slab.iter().map(|range| range.len()).product();
        builder.slab(&slab, slices as u64, first_norm);
        first_norm += slices as u64;
        let steps = &mut builder.steps;
        steps.partial_bytes = steps.partial_bytes.max(ACCUMULATOR_BYTES * partials * slices as u64);
        steps.verdict_bytes = steps.verdict_bytes.max(ACCUMULATOR_BYTES * verdicts * slices as u64);
    }
    Ok(builder.steps)
}

struct Builder<'a> {
    schedule: &'a Schedule,
    geometry: &'a Geometry,
    request: &'a Request,
    limits: &'a GpuLimits,
    tiling: Tiling,
    steps: Steps,
}

impl Builder<'_> {
    /// All dispatches of one slab of slices.
    fn slab(&mut self, slab: &Box, slices: u64, first_norm: u64) {
        let resident = matches!(self.schedule, Schedule::Resident { .. });
        // The check of the schedule made sure that this can be cut.
        let cut = cut(self.geometry, slab, self.limits, !resident).unwrap_or_default();
        let base = Params {
            slices: slices as u32,
            first_norm: self.norm_base(first_norm),
            ..Params::default()
        };
        let norms = self.norms_window(first_norm, slices);
        match *self.schedule {
            Schedule::Resident { held, .. } => {
                let storage = self.storage();
                for piece in &cut {
                    let params = self.piece_params(base, slab, piece, 1, 0, u32::MAX);
                    let variant =
                        Variant { held, ..self.variant(Kernel::Resident, storage, self.verdict()) };
                    self.push(variant, params, Some(piece), norms, false);
                }
            }
            Schedule::Partial { chunk, decide, .. } => {
                let chunks = self.chunks(&cut, chunk);
                let total = chunks.last().map_or(0, |&(first, count)| first + count);
                let base = Params { partials: total, chunk, ..base };
                let variant = self.variant(Kernel::Partial, Storage::ReadOnly, Verdict::None);
                for (piece, &(first, count)) in cut.iter().zip(&chunks) {
                    let params = self.piece_params(base, slab, piece, count, first, chunk);
                    self.push(variant, params, Some(piece), None, false);
                }
                if decide {
                    self.decide(base, slices, norms);
                }
                if !matches!(self.request.output, Output::Norms(_)) {
                    let verdict =
                        if self.request.report && !decide { Verdict::Store } else { Verdict::None };
                    let base = if decide { Params { partials: 1, ..base } } else { base };
                    let variant = self.variant(Kernel::Rescale, self.storage(), verdict);
                    // Backward, as inside each dispatch: the last piece is still in cache.
                    for (piece, &(first, count)) in cut.iter().zip(&chunks).rev() {
                        let params = self.piece_params(base, slab, piece, count, first, chunk);
                        self.push(variant, params, Some(piece), None, decide);
                    }
                }
            }
            Schedule::Native { .. } => {}
        }
        if self.request.report {
            self.summary(base, slices, first_norm);
        }
    }

    /// First chunk and number of chunks of each piece; pieces of other slices share them.
    fn chunks(&self, cut: &[Piece], chunk: u32) -> Vec<(u32, u32)> {
        let mut next = 0;
        let mut previous: Option<(&Box, (u32, u32))> = None;
        cut.iter()
            .map(|piece| {
                if let Some((reduced, chunks)) = previous
                    && *reduced == piece.reduced
                {
                    return chunks;
                }
                let count =
                    steps_of(&piece.reduced, &self.tiling).div_ceil(u64::from(chunk)) as u32;
                let chunks = (next, count);
                next += count;
                previous = Some((&piece.reduced, chunks));
                chunks
            })
            .collect()
    }

    fn decide(&mut self, base: Params, slices: u64, norms: Option<Window>) {
        let fan = decide_fan(u64::from(base.partials));
        let tile = SMALL_LANES / fan;
        let verdict = self.verdict_of_decide();
        let variant =
            Variant { tile, fan, ..self.variant(Kernel::Decide, Storage::ReadOnly, verdict) };
        let groups = (slices / u64::from(self.tiling.slices_per_lane())).div_ceil(u64::from(tile));
        let workgroups = grid(groups, self.limits);
        let (source, target) = (None, None);
        self.steps.steps.push(Step {
            variant,
            params: base,
            workgroups,
            source,
            target,
            norms,
            decided: false,
        });
    }

    fn summary(&mut self, base: Params, slices: u64, first_norm: u64) {
        let units = slices / u64::from(self.tiling.slices_per_lane());
        let summaries = SUMMARIES.min(units.next_power_of_two());
        let params = Params {
            summaries: summaries as u32,
            first_summary: (self.steps.summary_bytes / SUMMARY_BYTES) as u32,
            first_norm: first_norm as u32,
            ..base
        };
        let variant = Variant {
            tile: SMALL_LANES,
            fan: 1,
            ..self.variant(Kernel::Summary, Storage::ReadOnly, Verdict::None)
        };
        let workgroups = grid(summaries.div_ceil(u64::from(SMALL_LANES)), self.limits);
        let (source, target, norms) = (None, None, None);
        self.steps.steps.push(Step {
            variant,
            params,
            workgroups,
            source,
            target,
            norms,
            decided: false,
        });
        self.steps.summary_bytes += summaries * SUMMARY_BYTES;
    }

    fn push(
        &mut self,
        variant: Variant,
        params: Params,
        piece: Option<&Piece>,
        norms: Option<Window>,
        decided: bool,
    ) {
        let groups = u64::from(params.tiles) * u64::from(params.chunks.max(1));
        let workgroups = grid(groups, self.limits);
        let width = u64::from(self.tiling.width);
        let windows = piece.map(|piece| Windows::new(self.geometry, piece, self.limits));
        let params = Params {
            source_offset: windows.as_ref().map_or(0, |w| (w.source_base / width) as u32),
            target_offset: windows.as_ref().map_or(0, |w| (w.target_base / width) as u32),
            ..params
        };
        let target = matches!(variant.storage, Storage::Into | Storage::IntoSameBuffer);
        self.steps.steps.push(Step {
            variant,
            params,
            workgroups,
            source: windows.as_ref().map(|w| w.source),
            target: windows.as_ref().filter(|_| target).map(|w| w.target),
            norms,
            decided,
        });
    }

    fn variant(&self, kernel: Kernel, storage: Storage, verdict: Verdict) -> Variant {
        let Tiling { walk, width, tile, fan } = self.tiling;
        let lane = match (walk, width) {
            (_, 1) => Lane::One,
            (Walk::Columns, _) => Lane::FourColumns,
            _ => Lane::FourInRow,
        };
        let tile_fastest = walk == Walk::Strided && tile_fastest(self.geometry);
        Variant {
            kernel,
            lane,
            walk,
            storage,
            verdict,
            tile,
            fan,
            held: 0,
            tile_fastest,
            counted: false,
        }
    }

    fn storage(&self) -> Storage {
        match self.request.output {
            Output::InPlace => Storage::InPlace,
            Output::Into(_) => Storage::Into,
            Output::Norms(_) => Storage::ReadOnly,
        }
    }

    fn verdict(&self) -> Verdict {
        match self.request.output {
            Output::Norms(_) => Verdict::Norm,
            _ if self.request.report => Verdict::Store,
            _ => Verdict::None,
        }
    }

    fn verdict_of_decide(&self) -> Verdict {
        if matches!(self.request.output, Output::Norms(_)) { Verdict::Norm } else { Verdict::Store }
    }

    /// Where the slab's first norm is within the window that is bound.
    fn norm_base(&self, first_norm: u64) -> u32 {
        match &self.request.output {
            Output::Norms(norms) => {
                let byte = 4 * (norms.offset() as u64 + first_norm);
                (byte % u64::from(self.limits.storage_alignment) / 4) as u32
            }
            _ => first_norm as u32,
        }
    }

    fn norms_window(&self, first_norm: u64, slices: u64) -> Option<Window> {
        let Output::Norms(norms) = &self.request.output else { return None };
        let first = norms.offset() as u64 + first_norm;
        Some(Window::around(first, slices, self.limits).0)
    }

    fn piece_params(
        &self,
        base: Params,
        slab: &Box,
        piece: &Piece,
        chunks: u32,
        first_chunk: u32,
        chunk: u32,
    ) -> Params {
        let width = self.tiling.width as usize;
        let columns = self.tiling.walk == Walk::Columns;
        let last = self.geometry.kept.len().saturating_sub(1);
        let (mut kept, mut reduced) = ([params::Axis::default(); 8], [params::Axis::default(); 8]);
        let (mut slice_stride, mut first_slice) = (1, 0);
        for (d, axis) in self.geometry.kept.iter().enumerate().rev() {
            let run = columns && d == last;
            let loads = |stride: usize| (if run { 1 } else { stride / width }) as u32;
            kept[d] = params::Axis {
                size: (if run { piece.kept[d].len() / width } else { piece.kept[d].len() }) as u32,
                source_stride: loads(axis.source),
                target_stride: loads(axis.target),
                slice_stride: slice_stride as u32,
            };
            first_slice += (piece.kept[d].start - slab[d].start) * slice_stride;
            slice_stride *= slab[d].len();
        }
        for (d, axis) in self.geometry.reduced.iter().enumerate() {
            reduced[d] = params::Axis {
                size: piece.reduced[d].len() as u32,
                source_stride: (axis.source / width) as u32,
                target_stride: (axis.target / width) as u32,
                slice_stride: 0,
            };
        }
        let slices_here: usize = piece.kept.iter().map(|range| range.len()).product();
        let run = u64::from(if columns { kept[last].size } else { 1 });
        let lines = slices_here as u64 / (run * if columns { width as u64 } else { 1 });
        let tile = u64::from(self.tiling.tile);
        let tiles = if columns { lines * run.div_ceil(tile) } else { lines.div_ceil(tile) };
        let steps = steps_of(&piece.reduced, &self.tiling) as u32;
        Params {
            first_slice: first_slice as u32,
            tiles: tiles as u32,
            chunks,
            steps,
            chunk: chunk.min(steps.max(1)).max(if chunk == u32::MAX { 0 } else { chunk }),
            first_chunk,
            slices_here: slices_here as u32,
            kept_rank: self.geometry.kept.len() as u32,
            reduced_rank: self.geometry.reduced.len() as u32,
            kept,
            reduced,
            ..base
        }
    }
}

struct Windows {
    source: Window,
    source_base: u64,
    target: Window,
    target_base: u64,
}

impl Windows {
    fn new(geometry: &Geometry, piece: &Piece, limits: &GpuLimits) -> Self {
        let axes = || {
            let ranges = piece.kept.iter().chain(&piece.reduced);
            geometry.kept.iter().chain(&geometry.reduced).zip(ranges)
        };
        let start = |stride: fn(&crate::plan::geometry::Axis) -> usize| -> u64 {
            axes().map(|(axis, range)| (range.start * stride(axis)) as u64).sum()
        };
        let span = |stride: fn(&crate::plan::geometry::Axis) -> usize| -> u64 {
            axes().map(|(axis, range)| ((range.len() - 1) * stride(axis)) as u64).sum::<u64>() + 1
        };
        let first = geometry.source_offset as u64 + start(|axis| axis.source);
        let (source, source_base) = Window::around(first, span(|axis| axis.source), limits);
        let first = geometry.target_offset as u64 + start(|axis| axis.target);
        let (target, target_base) = Window::around(first, span(|axis| axis.target), limits);
        Windows { source, source_base, target, target_base }
    }
}

impl Window {
    /// The window around `count` elements from `first`, and where the first of them is in it.
    fn around(first: u64, count: u64, limits: &GpuLimits) -> (Self, u64) {
        let alignment = u64::from(limits.storage_alignment.max(16));
        let offset = 4 * first / alignment * alignment;
        let base = first - offset / 4;
        (Window { offset, size: 4 * (base + count) }, base)
    }
}

/// Workgroups in x and y, as square as it takes.
fn grid(groups: u64, limits: &GpuLimits) -> [u32; 2] {
    let most = u64::from(limits.workgroups);
    let rows = groups.div_ceil(most).max(1);
    [groups.div_ceil(rows) as u32, rows as u32]
}
