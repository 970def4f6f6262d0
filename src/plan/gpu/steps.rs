//! The dispatches of a schedule: programs, windows of memory, parameters, workgroups.

use crate::dtype::Precision;
use crate::plan::geometry::Geometry;
use crate::plan::gpu::pieces::Box;
use crate::plan::gpu::windows::cut;
use crate::plan::profile::GpuLimits;
use crate::plan::schedule::Tiling;
use crate::shader::params::Params;
use crate::shader::variant::Variant;

/// The bytes of an accumulator of f32: sum, exponent, largest magnitude.
pub const ACCUMULATOR_BYTES: u64 = 12;

/// The bytes of the state of a search: the height that remains, in two parts, and a flag.
pub fn state_bytes(precision: Precision) -> u64 {
    12 * u64::from(precision.words())
}

/// The bytes of a tally: a sum and a count.
pub fn tally_bytes(precision: Precision) -> u64 {
    8 * u64::from(precision.words())
}

/// The bytes of a summary of slices: eight counts; the largest norm, the sum and the
/// smallest factor, with exponents.
pub fn summary_bytes(precision: Precision) -> u64 {
    32 + 24 * u64::from(precision.words())
}

/// Lanes of the small dispatches beside the main ones.
pub(super) const SMALL_LANES: u32 = 64;

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
    /// What is bound of the source; nothing if it has no elements.
    pub source: Option<Window>,
    /// What is bound of the target.
    pub target: Option<Window>,
    /// What is bound of the direction.
    pub direction: Option<Window>,
    /// What is bound of the gradient of weights that are updated.
    pub gradient: Option<Window>,
    /// What is bound of what an update remembers, each in a buffer of its own.
    pub remembered: Option<Window>,
    /// What is bound of a copy of the weights that is written along.
    pub copy: Option<Window>,
    /// What is bound of the indices that name rows.
    pub indices: Option<Window>,
    /// What is bound of the norms.
    pub norms: Option<Window>,
    /// What is bound of the radii.
    pub radii: Option<Window>,
    /// What is bound of upper limits, beside lower ones where radii would be.
    pub uppers: Option<Window>,
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
    /// Bytes of the states of searches, one for each slice of a slab.
    pub state_bytes: u64,
    /// Bytes of summaries.
    pub summary_bytes: u64,
    /// Bytes of the owners of rows, zero between two runs.
    pub owner_bytes: u64,
}

impl Steps {
    /// Bytes of scratch that are held while the plan is prepared.
    pub fn scratch_bytes(&self) -> u64 {
        self.partial_bytes
            + self.verdict_bytes
            + self.state_bytes
            + self.summary_bytes
            + self.owner_bytes
    }
}

/// The lanes that combine the partial sums of one slice between the two dispatches.
pub(super) fn decide_fan(chunks: u64) -> u32 {
    chunks.clamp(1, u64::from(SMALL_LANES)).next_power_of_two() as u32
}

/// The most partial sums that a slice has in any slab. A narrower slab may be cut into fewer and
/// longer pieces than the whole, which chunks divide in another way.
pub(super) fn most_partials(
    geometry: &Geometry,
    tiling: &Tiling,
    chunk: u32,
    limits: &GpuLimits,
) -> u64 {
    if geometry.is_empty() {
        return 1;
    }
    let whole: Box = geometry.kept.iter().map(|axis| 0..axis.size).collect();
    let cut = cut(geometry, &whole, limits, true).unwrap_or_default();
    // Pieces come grouped by their box of reduced axes; one of each group counts.
    let (mut steps, mut boxes) = (0, 0);
    let mut previous: Option<&Box> = None;
    for piece in &cut {
        if previous != Some(&piece.reduced) {
            steps += steps_of(&piece.reduced, tiling);
            boxes += 1;
            previous = Some(&piece.reduced);
        }
    }
    // Each box begins a chunk; the sum of the rounded quotients is at most this.
    (steps.saturating_sub(boxes) / u64::from(chunk.max(1)) + boxes).max(1)
}

pub(super) fn steps_of(reduced: &Box, tiling: &Tiling) -> u64 {
    let length: usize = reduced.iter().map(|range| range.len()).product();
    length as u64 / u64::from(tiling.elements_per_step())
}
