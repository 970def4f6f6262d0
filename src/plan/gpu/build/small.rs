//! The small dispatches beside the main ones.

use super::{Builder, grid};
use crate::plan::gpu::pieces::Box;
use crate::plan::gpu::rows::BoundRows;
use crate::plan::gpu::steps::{SMALL_LANES, Step, Window, decide_fan, summary_bytes};
use crate::shader::params::Params;
use crate::shader::variant::{Kernel, Storage, Variant, Verdict};

impl Builder<'_> {
    /// The indices of so many slices from the `first` on, if they name them.
    pub(super) fn indices(&self, first: u64, slices: u64) -> Option<BoundRows> {
        let (table, indices) = self.geometry.table.zip(self.request.rows)?;
        Some(BoundRows::new(indices.offset(), table.rows, self.limits, first, slices))
    }

    /// A dispatch over the indices of each slab, which finds an owner for each row that they name, or takes
    /// it away. Owners are found for all before the first row is projected.
    pub(super) fn owners(&mut self, kernel: Kernel, slabs: &[Box]) {
        let mut first = 0;
        for slab in slabs {
            let slices: usize = slab.iter().map(|range| range.len()).product();
            let rows = self.indices(first, slices as u64);
            first += slices as u64;
            let params = Params { slices: slices as u32, ..Params::default() };
            let variant = Variant {
                tile: SMALL_LANES,
                fan: 1,
                ..self.variant(kernel, Storage::ReadOnly, Verdict::None)
            };
            let groups = (slices as u64).div_ceil(u64::from(SMALL_LANES));
            self.steps.steps.push(Step {
                variant,
                params: rows.map_or(params, |rows| rows.of(params)),
                workgroups: grid(groups, self.limits),
                source: None,
                target: None,
                direction: None,
                gradient: None,
                remembered: None,
                copy: None,
                indices: rows.map(|rows| rows.window),
                norms: None,
                radii: None,
                uppers: None,
                decided: false,
            });
        }
    }

    pub(super) fn decide(
        &mut self,
        kernel: Kernel,
        verdict: Verdict,
        base: Params,
        slices: u64,
        norms: Option<Window>,
    ) {
        let fan = decide_fan(u64::from(base.partials));
        let tile = SMALL_LANES / fan;
        let variant = Variant { tile, fan, ..self.variant(kernel, Storage::ReadOnly, verdict) };
        let groups = (slices / u64::from(self.tiling.slices_per_lane())).div_ceil(u64::from(tile));
        let workgroups = grid(groups, self.limits);
        let (params, [radii, uppers]) = self.beside(&variant, base);
        let (source, target) = (None, None);
        self.steps.steps.push(Step {
            variant,
            params,
            workgroups,
            source,
            target,
            direction: None,
            gradient: None,
            remembered: None,
            copy: None,
            indices: None,
            norms,
            radii,
            uppers,
            decided: false,
        });
    }

    pub(super) fn summary(&mut self, base: Params, slices: u64, first_norm: u64) {
        let units = slices / u64::from(self.tiling.slices_per_lane());
        let summaries = self.summaries.min(units.next_power_of_two());
        let params = Params {
            summaries: summaries as u32,
            first_summary: (self.steps.summary_bytes / summary_bytes(self.precision())) as u32,
            first_norm: first_norm as u32,
            ..base
        };
        let params = self.rows.map_or(params, |rows| rows.of(params));
        let variant = Variant {
            tile: SMALL_LANES,
            fan: 1,
            ..self.variant(Kernel::Summary, Storage::ReadOnly, Verdict::None)
        };
        let (params, [radii, uppers]) = self.beside(&variant, params);
        let workgroups = grid(summaries.div_ceil(u64::from(SMALL_LANES)), self.limits);
        let (source, target, norms) = (None, None, None);
        self.steps.steps.push(Step {
            variant,
            params,
            workgroups,
            source,
            target,
            direction: None,
            gradient: None,
            remembered: None,
            copy: None,
            indices: self.rows.map(|rows| rows.window),
            norms,
            radii,
            uppers,
            decided: false,
        });
        self.steps.summary_bytes += summaries * summary_bytes(self.precision());
    }
}
