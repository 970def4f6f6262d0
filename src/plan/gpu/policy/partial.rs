//! Partial sums in one dispatch, rescaling in the next.

use super::{Choice, LANES, WIDE_TILE, pow2};
use crate::plan::geometry::Walk;
use crate::plan::gpu::kinds::kinds;
use crate::plan::request::Output;
use crate::plan::schedule::{Schedule, Tiling};
use crate::shader::variant::SetKind;

/// Reading the partial sums again may cost this fraction of reading the data,
const PROLOGUE: f64 = 0.02;
/// or this many bytes: they come from cache, in less time than another dispatch takes to start.
/// By reasoning: 8 MiB are 2 µs at 4 TB/s.
const PROLOGUE_BYTES: f64 = (8 << 20) as f64;
/// The most terms that one lane sums: the chain of additions stays under the contract's 76.
pub(in crate::plan::gpu) const MOST_TERMS: u32 = 512;
/// Terms that a lane sums, at most, if the chunks are the planner's choice. There, columns of 16384² take 0.252,
/// 0.268, 0.297 ms with 512, 128, 64 terms and nothing outside, 0.892, 0.809, 0.823 ms with all; 256 took
/// 0.807 with all.
const TERMS: u32 = 256;
/// Chunks of a slice beyond which lanes sum as many terms as they may, if they do not sooner to spare a
/// dispatch: the chain that combines the partial sums must stay short, too.
const MANY_CHUNKS: u64 = 1024;

impl Choice<'_> {
    /// Two dispatches, or three where the partial sums are many.
    pub(super) fn partial(&self) -> Schedule {
        let lanes = self.granted(LANES);
        let (tile, tiles) = match self.walk {
            Walk::Rows => (1, self.geometry.slices() as u64),
            Walk::Columns => self.tiles_of_columns(),
            Walk::Strided => {
                let tile = self.strided_tile(lanes);
                (tile, (self.geometry.slices() as u64).div_ceil(u64::from(tile)))
            }
        };
        let tiling = Tiling { walk: self.walk, width: self.width, tile, fan: lanes / tile };
        // Norms come out of the dispatch that combines partial sums, and searches begin there.
        let norms = matches!(self.request.output, Output::Norms(_));
        let decides = norms || kinds(self.request).1 == SetKind::Shrink;
        let (chunk, decide) = self.chunk(tiling, tiles);
        Schedule::Partial { tiling, chunk, decide: decide || decides }
    }

    /// How wide a tile is, and how many there are.
    fn tiles_of_columns(&self) -> (u32, u64) {
        let run = self.run();
        let outer = self.geometry.slices() as u64 / (run * u64::from(self.width));
        let tiles = |tile: u32| outer * run.div_ceil(u64::from(tile));
        let narrow = self.narrow().min(pow2(run));
        let mut tile = WIDE_TILE.min(pow2(run)).max(narrow);
        // A narrower tile gives more workgroups without more partial sums.
        let chunks = self.most_chunks().min(self.steps());
        while tile > 2 * narrow && tiles(tile) * chunks * 2 < u64::from(self.limits.busy_workgroups)
        {
            tile /= 2;
        }
        (tile, tiles(tile))
    }

    /// Steps of a chunk, so that the device is busy within what a lane may sum and the prologue may read; and
    /// whether a dispatch puts the partial sums together.
    fn chunk(&self, tiling: Tiling, tiles: u64) -> (u32, bool) {
        let steps = self.steps();
        let wanted = u64::from(self.limits.busy_workgroups).div_ceil(tiles.max(1));
        let cheap = self.most_chunks();
        // Half of what keeps the device busy is enough to do without another dispatch.
        let decide = cheap.saturating_mul(2) < wanted;
        let chunks = if decide { wanted } else { wanted.min(cheap) }.max(1);
        let fan = u64::from(tiling.fan);
        let few = cheap.saturating_mul(2).min(MANY_CHUNKS);
        let many = steps.div_ceil(fan * u64::from(TERMS)) > few;
        let most = fan * u64::from(if many { MOST_TERMS } else { TERMS });
        let chunk = steps.div_ceil(chunks).clamp(1, most).next_multiple_of(fan * 4).min(most);
        (chunk as u32, decide || steps.div_ceil(chunk) > cheap.saturating_mul(2))
    }

    /// How many chunks a slice may have: of P chunks each reads all P partial sums of 12 bytes again.
    fn most_chunks(&self) -> u64 {
        let bytes = (PROLOGUE * self.geometry.bytes() as f64).max(PROLOGUE_BYTES);
        (bytes / (12.0 * self.geometry.slices() as f64)).sqrt().max(1.0) as u64
    }
}
