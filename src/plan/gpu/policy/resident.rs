//! One dispatch that holds its slices in registers.

use super::{COLUMN_LANES, Choice, LANES, LONG_ROW_LANES, NARROW_BYTES, pow2};
use crate::plan::geometry::Walk;
use crate::plan::gpu::kinds::kinds;
use crate::plan::gpu::legal;
use crate::plan::schedule::{Schedule, Tiling};
use crate::shader::variant::SetKind;

/// The most loads that a resident lane may hold.
pub(in crate::plan::gpu) const MOST_HELD: u32 = 16;
/// Loads that a lane holds, at most, where more lanes can be had. There, 65536 rows of 4096 take 0.242,
/// 0.292, 0.507 ms with 8, 4, 2 held and nothing outside, 0.528, 0.544, 0.770 ms with all.
const HELD: u32 = 8;
/// Lanes of a workgroup of rows that do not ask for more. There, 1, 2, 4, 8 rows of 128 lanes side by
/// side take 0.242, 0.242, 0.248, 0.277 ms, and 0.528, 0.527, 0.530, 0.680.
const ROW_LANES: u32 = 128;
/// Slices at or under this length stay resident however few they are: one dispatch costs less than
/// the parallelism that two would gain. By reasoning: 16 Ki elements are 64 KiB.
const SHORT: usize = 16 << 10;

impl Choice<'_> {
    /// None where a lane would hold too much, or where slices are so few that they are better cut.
    pub(super) fn resident(&self) -> Option<Schedule> {
        let (tiling, most) = match self.walk {
            Walk::Rows if self.has_few_long_rows() => return None,
            Walk::Rows => (self.rows(), MOST_HELD / legal::loads(self.request)),
            Walk::Columns => (self.columns(), self.most_held()),
            Walk::Strided => (self.strided(), self.most_held()),
        };
        let held = self.steps().div_ceil(tiling.fan.into()).max(1);
        let held = u32::try_from(held).ok().filter(|&held| held <= most)?;
        Some(Schedule::Resident { tiling, held })
    }

    /// A search costs dispatches where registers do not hold its slice.
    fn has_few_long_rows(&self) -> bool {
        let few = self.geometry.slices() * 4 < self.limits.busy_workgroups as usize;
        few && self.geometry.length() > SHORT && kinds(self.request).1 != SetKind::Shrink
    }

    fn rows(&self) -> Tiling {
        let (steps, most) = (self.steps(), self.granted(LONG_ROW_LANES));
        let least = pow2(steps).min(NARROW_BYTES / (4 * self.width));
        let fan = pow2(steps.div_ceil(u64::from(self.most_held()))).max(least).min(most);
        let tile = (ROW_LANES.min(most) / fan).max(1);
        Tiling { walk: Walk::Rows, width: self.width, tile, fan }
    }

    fn columns(&self) -> Tiling {
        let lanes = self.granted(COLUMN_LANES.min(self.lanes_of_columns()));
        let run = pow2(self.run());
        // As many rows at once as the registers ask for, the rest of the lanes across.
        let fan = pow2(self.steps().div_ceil(4)).min(lanes / self.narrow().min(run));
        let tile = (lanes / fan).min(run).min(LANES);
        Tiling { walk: Walk::Columns, width: self.width, tile, fan }
    }

    fn strided(&self) -> Tiling {
        let lanes = self.granted(LANES);
        let fan = pow2(self.steps().div_ceil(4)).min(lanes);
        Tiling { walk: Walk::Strided, width: self.width, tile: lanes / fan, fan }
    }

    /// Loads of a slice that a lane holds, at most, if the schedule is the planner's choice.
    fn most_held(&self) -> u32 {
        HELD / legal::loads(self.request)
    }
}
