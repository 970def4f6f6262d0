//! Schedule → dispatches.

mod program;
mod small;

use crate::error::Result;
use crate::plan::geometry::Geometry;
use crate::plan::gpu::kinds::kinds;
use crate::plan::gpu::legal::check_steps;
use crate::plan::gpu::piece_params::of_piece;
use crate::plan::gpu::pieces::{self, Box, Piece};
use crate::plan::gpu::radii::{BoundRadii, most_slices};
use crate::plan::gpu::rows::{BoundRows, WORD, most_indices};
use crate::plan::gpu::steps::{
    Step, Steps, Window, most_partials, state_bytes, steps_of, summary_bytes,
};
use crate::plan::gpu::windows::{Beside, Windows, cut};
use crate::plan::profile::GpuLimits;
use crate::plan::request::{Output, Request};
use crate::plan::schedule::{Schedule, Tiling};
use crate::shader::params::Params;
use crate::shader::variant::{Kernel, NormKind, Pack, Radius, SetKind, Storage, Variant, Verdict};
use crate::shader::words::rounds;
use program::size_of_norm;

/// Scratch stays under this however many slices there are; more are done in slabs. Not measured.
const SCRATCH_BYTES: u64 = 64 << 20;
/// Invocations that gather a report; the host adds up their summaries.
const SUMMARIES: u64 = 4096;
/// Slices are counted in 32 bits.
const MOST_SLICES: u64 = 1 << 30;

/// Turns a schedule, checked before, into dispatches.
pub(in crate::plan) fn build(
    schedule: &Schedule,
    geometry: &Geometry,
    request: &Request,
    limits: &GpuLimits,
) -> Result<Steps> {
    let (tiling, partials, decide) = match *schedule {
        Schedule::Resident { tiling, .. } | Schedule::Streamed { tiling } => (tiling, 0, false),
        Schedule::Partial { tiling, chunk, decide } => {
            (tiling, most_partials(geometry, &tiling, chunk, limits), decide)
        }
        Schedule::Native { .. } => return Ok(Steps::default()),
    };
    let (pack, precision) = (Pack::from(geometry.dtype), geometry.dtype.precision());
    let kinds = kinds(request);
    let bytes = u64::from(4 * kinds.0.accumulator_words(precision));
    let verdicts = u64::from(decide || request.report);
    let scratch = bytes * partials.max(verdicts);
    let budget = SCRATCH_BYTES.min(limits.binding_bytes);
    let mut most = budget.checked_div(scratch).unwrap_or(MOST_SLICES).min(MOST_SLICES);
    let norms = matches!(request.output, Output::Norms(_));
    if norms {
        // Those of a slab are bound at once.
        let alignment = u64::from(limits.storage_alignment.max(16));
        most = most.min(limits.binding_bytes.saturating_sub(alignment) / size_of_norm(request));
    }
    most = most.min(most_slices(request, limits));
    if geometry.table.is_some() {
        most = most.min(most_indices(limits));
    }
    // Slices without elements: there is nothing to do, but that their norms are zero.
    if geometry.is_empty() && !(norms && geometry.slices() > 0) {
        return Ok(Steps::default());
    }
    let mut first_norm = 0;
    let slabs = pieces::slabs(&geometry.kept, most.max(tiling.slices_per_lane().into()) as usize);
    // Those of all slabs are bound at once.
    let each = limits.binding_bytes / summary_bytes(precision) / slabs.len() as u64;
    let summaries = each.clamp(1, SUMMARIES);
    let (steps, radii, rows) = (Steps::default(), None, None);
    let mut builder = Builder {
        schedule,
        geometry,
        request,
        limits,
        tiling,
        pack,
        summaries,
        kinds,
        radii,
        uppers: None,
        rows,
        steps,
    };
    if geometry.table.is_some() {
        builder.owners(Kernel::Claim, &slabs);
    }
    for slab in &slabs {
        let slices: usize = slab.iter().map(|range| range.len()).product();
        let of_slab = |radii| BoundRadii::new(radii, request, limits, first_norm, slices as u64);
        builder.radii = request.radii.as_ref().map(of_slab);
        if let Some([low, high]) = &request.limits {
            let spread =
                |limit| BoundRadii::spread(limit, request, limits, first_norm, slices as u64);
            (builder.radii, builder.uppers) = (Some(spread(low)), Some(spread(high)));
        }
        builder.rows = builder.indices(first_norm, slices as u64);
        if geometry.is_empty() {
            builder.empty(slab, slices as u64, first_norm);
        } else {
            builder.slab(slab, slices as u64, first_norm);
        }
        first_norm += slices as u64;
        let steps = &mut builder.steps;
        steps.partial_bytes = steps.partial_bytes.max(bytes * partials * slices as u64);
        steps.verdict_bytes = steps.verdict_bytes.max(bytes * verdicts * slices as u64);
        if decide && kinds.1 == SetKind::Shrink {
            steps.state_bytes = steps.state_bytes.max(state_bytes(precision) * slices as u64);
        }
    }
    if let Some(table) = geometry.table {
        builder.owners(Kernel::Release, &slabs);
        builder.steps.owner_bytes = WORD * table.rows as u64;
    }
    check_steps(schedule, &builder.steps, limits)?;
    Ok(builder.steps)
}

struct Builder<'a> {
    schedule: &'a Schedule,
    geometry: &'a Geometry,
    request: &'a Request,
    limits: &'a GpuLimits,
    tiling: Tiling,
    pack: Pack,
    /// Summaries of a slab, at most.
    summaries: u64,
    kinds: (NormKind, SetKind),
    /// Those of the slab, if they are in memory.
    radii: Option<BoundRadii>,
    /// Upper limits, beside lower ones where radii would be.
    uppers: Option<BoundRadii>,
    /// The indices of the slab, if they name its slices.
    rows: Option<BoundRows>,
    steps: Steps,
}

/// The pieces of a slab, with the first chunk and the number of chunks of each.
struct Parts<'a> {
    slab: &'a Box,
    cut: &'a [Piece],
    chunks: &'a [(u32, u32)],
}

impl Builder<'_> {
    /// The norms of a slab of slices without elements.
    fn empty(&mut self, slab: &Box, slices: u64, first_norm: u64) {
        let reduced = vec![0..0; self.geometry.reduced.len()];
        let piece = Piece { kept: slab.clone(), reduced, rows: None };
        let first = self.norm_base(first_norm);
        let base = Params { first_norm: first, chunks: 1, ..Params::default() };
        let params = of_piece(self.geometry, &self.tiling, base, slab, &piece);
        let resident = self.variant(Kernel::Resident, Storage::ReadOnly, Verdict::Norm);
        let norms = self.norms_window(first_norm, slices);
        self.push(Variant { held: 1, ..resident }, params, None, norms, false);
    }

    /// All dispatches of one slab of slices.
    fn slab(&mut self, slab: &Box, slices: u64, first_norm: u64) {
        let may_cut = matches!(self.schedule, Schedule::Partial { .. });
        let [resident, partial, rescale] = match self.kinds.1 {
            SetKind::Plane => [Kernel::AlongResident, Kernel::AlongPartial, Kernel::AlongRescale],
            _ => [Kernel::Resident, Kernel::Partial, Kernel::Rescale],
        };
        // The check of the schedule made sure that this can be cut.
        let cut = cut(self.geometry, slab, self.limits, may_cut).unwrap_or_default();
        let base = Params {
            slices: slices as u32,
            first_norm: self.norm_base(first_norm),
            ..Params::default()
        };
        let norms = self.norms_window(first_norm, slices);
        match *self.schedule {
            Schedule::Resident { held, .. } => {
                let whole = self.variant(resident, self.storage(), self.verdict());
                self.whole(Variant { held, ..whole }, base, slab, &cut, norms);
            }
            Schedule::Streamed { .. } => {
                let whole = self.variant(Kernel::Streamed, self.storage(), self.verdict());
                self.whole(whole, base, slab, &cut, norms);
            }
            Schedule::Partial { chunk, decide, .. } => {
                let chunks = self.chunks(&cut, chunk);
                let total = chunks.last().map_or(0, |&(first, count)| first + count);
                let base = Params { partials: total, chunk, ..base };
                let parts = Parts { slab, cut: &cut, chunks: &chunks };
                let storage = match self.request.update {
                    Some(_) => Storage::InPlace,
                    None => Storage::ReadOnly,
                };
                let partial = self.variant(partial, storage, Verdict::None);
                self.over(&parts, partial, base, false);
                if decide {
                    self.decide(Kernel::Decide, self.verdict_of_decide(), base, slices, norms);
                }
                if self.kinds.1 == SetKind::Shrink {
                    self.search(&parts, base, slices);
                }
                if !matches!(self.request.output, Output::Norms(_)) {
                    let verdict =
                        if self.request.report && !decide { Verdict::Store } else { Verdict::None };
                    let base = if decide { Params { partials: 1, ..base } } else { base };
                    let rescale = self.variant(rescale, self.storage(), verdict);
                    self.over(&parts, rescale, base, decide);
                }
            }
            Schedule::Native { .. } => {}
        }
        if self.request.report {
            self.summary(base, slices, first_norm);
        }
    }

    /// One dispatch over each piece of whole slices.
    fn whole(
        &mut self,
        variant: Variant,
        base: Params,
        slab: &Box,
        cut: &[Piece],
        norms: Option<Window>,
    ) {
        for piece in cut {
            let base = Params { chunks: 1, ..base };
            let params = of_piece(self.geometry, &self.tiling, base, slab, piece);
            self.push(variant, params, Some(piece), norms, false);
        }
    }

    /// One dispatch over each piece; those that rewrite go backward, as inside each of them: the last
    /// piece is still in cache.
    fn over(&mut self, parts: &Parts<'_>, variant: Variant, base: Params, decided: bool) {
        let push = |(piece, &(first, count)): (&Piece, &(u32, u32))| {
            let base = Params { chunks: count, first_chunk: first, ..base };
            let params = of_piece(self.geometry, &self.tiling, base, parts.slab, piece);
            self.push(variant, params, Some(piece), None, decided);
        };
        let pieces = parts.cut.iter().zip(parts.chunks);
        match variant.kernel {
            Kernel::Rescale | Kernel::AlongRescale => pieces.rev().for_each(push),
            _ => pieces.for_each(push),
        }
    }

    /// The rounds of a search. Where it has ended a dispatch loads nothing: it cannot be known before.
    fn search(&mut self, parts: &Parts<'_>, base: Params, slices: u64) {
        let partial = self.variant(Kernel::ShrinkPartial, Storage::ReadOnly, Verdict::None);
        for _ in 0..rounds(self.geometry.length(), self.precision()) {
            self.over(parts, partial, base, false);
            self.decide(Kernel::ShrinkDecide, Verdict::None, base, slices, None);
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
            direction_offset: windows.as_ref().map_or(0, |w| (w.direction_base / width) as u32),
            ..params
        };
        let (updates, copies) = (variant.optimizer.updates(), variant.copy.is_some());
        let params = match windows.as_ref().filter(|_| updates || copies) {
            None => params,
            Some(w) => {
                // From a place of a weight to that of its gradient, which may lie before it in its window.
                let at = |base: u64| (base / width) as u32;
                let shift = |of: &Beside| at(of.base).wrapping_sub(at(w.source_base));
                Params {
                    gradient_shift: shift(&w.gradient),
                    first_shift: shift(&w.remembered),
                    second_shift: shift(&w.remembered),
                    copy_shift: shift(&w.copy),
                    ..params
                }
            }
        };
        let (params, [radii, uppers]) = self.beside(&variant, params);
        let params = self.rows.map_or(params, |rows| rows.of(params));
        let rows = piece.and_then(|piece| piece.rows.clone()).unwrap_or_default();
        let params =
            Params { first_row: rows.start as u32, rows_here: rows.len() as u32, ..params };
        let target = matches!(variant.storage, Storage::Into | Storage::IntoSameBuffer);
        self.steps.steps.push(Step {
            variant,
            params,
            workgroups,
            source: windows.as_ref().map(|w| w.source),
            target: windows.as_ref().filter(|_| target).map(|w| w.target),
            direction: windows.as_ref().and_then(|w| w.direction),
            gradient: windows.as_ref().filter(|_| updates).and_then(|w| w.gradient.window),
            remembered: windows.as_ref().filter(|_| updates).and_then(|w| w.remembered.window),
            copy: windows.as_ref().filter(|_| copies).and_then(|w| w.copy.window),
            indices: self.rows.map(|rows| rows.window),
            norms,
            radii,
            uppers,
            decided,
        });
    }

    /// The parameters with the places of radii or limits, and what is bound of them, where a program asks.
    fn beside(&self, variant: &Variant, params: Params) -> (Params, [Option<Window>; 2]) {
        if variant.radius == Radius::Uniform {
            return (params, [None; 2]);
        }
        let params = self.radii.map_or(params, |radii| radii.of(params));
        let params = self.uppers.map_or(params, |uppers| uppers.upper_of(params));
        (params, [self.radii, self.uppers].map(|bound| bound.map(|bound| bound.window)))
    }
}

/// Workgroups in x and y, as square as it takes.
pub(in crate::plan) fn grid(groups: u64, limits: &GpuLimits) -> [u32; 2] {
    let most = u64::from(limits.workgroups);
    let rows = groups.div_ceil(most).max(1);
    [groups.div_ceil(rows) as u32, rows as u32]
}
