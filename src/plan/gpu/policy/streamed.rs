//! One dispatch that reads its slices, and those that violate again.

use super::{COLUMN_LANES, Choice, LONG_ROW_LANES};
use crate::plan::geometry::Walk;
use crate::plan::schedule::{Schedule, Tiling};

/// Bytes of columns that are streamed, at most. There, 4096 columns of 4096 in tiles of 128 bytes take 0.025,
/// 0.035, 0.052 ms with nothing, 1%, all outside, and 0.029, 0.037, 0.061 with partial sums. More are not
/// measured: its cache has 50 MiB.
const CACHED: u64 = 64 << 20;

impl Choice<'_> {
    /// None where slices are too few to keep the device busy, or lie so that a cache must have them.
    pub(super) fn streamed(&self) -> Option<Schedule> {
        let (tile, fan) = match self.walk {
            Walk::Rows => (1, self.granted(LONG_ROW_LANES)),
            Walk::Columns => {
                let lanes = self.granted(COLUMN_LANES.min(self.lanes_of_columns()));
                let tile = (2 * self.narrow()).min(lanes);
                (tile, lanes / tile)
            }
            // By the figures of columns: not measured itself.
            Walk::Strided => {
                let lanes = self.granted(LONG_ROW_LANES);
                let tile = self.strided_tile(lanes);
                (tile, lanes / tile)
            }
        };
        let tiling = Tiling { walk: self.walk, width: self.width, tile, fan };
        let slices = (tile * tiling.slices_per_lane()) as usize;
        let workgroups = self.geometry.slices() / slices;
        let busy = self.limits.busy_workgroups as usize;
        let fits = match self.walk {
            Walk::Rows => workgroups >= 2 * busy,
            Walk::Columns | Walk::Strided => {
                2 * workgroups >= busy && self.geometry.bytes() <= CACHED
            }
        };
        fits.then_some(Schedule::Streamed { tiling })
    }
}
