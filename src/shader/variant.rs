//! Which fragments make a program. A variant is the key of its pipeline, so that the key cannot
//! forget what the text depends on.

use crate::plan::geometry::Walk;
pub use crate::shader::families::{
    Direction, Kernel, Lane, NormKind, Optimizer, Pack, Radius, Rows, SetKind, Storage, Verdict,
};

/// A program: which fragments, in which sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Variant {
    /// The entry point.
    pub kernel: Kernel,
    /// What a slice is reduced to.
    pub norm: NormKind,
    /// What is done to it.
    pub set: SetKind,
    /// How elements are stored; kernels that do not touch the tensor know its precision alone.
    pub pack: Pack,
    /// What one load holds.
    pub lane: Lane,
    /// How slices are walked; unused by kernels that do not touch the tensor.
    pub walk: Walk,
    /// How the tensor is bound; unused by kernels that do not touch it.
    pub storage: Storage,
    /// How the direction is bound; none for kernels that do not touch it.
    pub direction: Direction,
    /// What becomes of the accumulators.
    pub verdict: Verdict,
    /// Which rows are slices; all in kernels that do not ask.
    pub rows: Rows,
    /// Where radii are; uniform in kernels that do not decide.
    pub radius: Radius,
    /// What becomes of weights before they are projected; none in kernels that do not load them for
    /// the first time, which a resident or a partial one does.
    pub optimizer: Optimizer,
    /// What a copy of weights is stored as that is written along with them, in kernels that store them.
    pub copy: Option<Pack>,
    /// Slices (or groups of four) side by side in a workgroup.
    pub tile: u32,
    /// Lanes that share a slice.
    pub fan: u32,
    /// Loads that a lane holds, in a resident kernel.
    pub held: u32,
    /// Strided walks: whether neighbouring lanes are neighbouring slices.
    pub tile_fastest: bool,
    /// Whether loads and stores are counted, for tests.
    pub counted: bool,
}

/// How a binding is declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Access {
    /// A uniform buffer with a dynamic offset.
    Uniform,
    /// A uniform buffer that is bound whole.
    Constant,
    /// A storage buffer that is read.
    Read,
    /// A storage buffer that is read and written.
    ReadWrite,
}

/// What is bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Slot {
    /// The parameters of the dispatch.
    Params,
    /// The tensor that is read, and in place also written.
    Source,
    /// The tensor that is written.
    Target,
    /// Partial sums.
    Partials,
    /// The accumulators of slices.
    Verdicts,
    /// The caller's buffer of norms.
    Norms,
    /// The summaries of a report.
    Summaries,
    /// Counters of loads and stores.
    Counters,
    /// Where searches stand.
    States,
    /// The caller's radii, or lower limits.
    Radii,
    /// The caller's upper limits.
    UpperLimits,
    /// The direction of slices.
    Direction,
    /// The caller's indices of rows.
    Indices,
    /// Which of the indices that name a row owns it.
    Owners,
    /// The caller's gradient of the weights.
    Gradient,
    /// The first moment of an optimizer.
    First,
    /// Its second moment.
    Second,
    /// The numbers of its step.
    Coefficients,
    /// The caller's copy of the weights.
    Copy,
}

impl Slot {
    /// The number of the binding; norms and summaries never meet.
    pub fn binding(self) -> u32 {
        match self {
            Slot::Params => 0,
            Slot::Source => 1,
            Slot::Target => 2,
            Slot::Partials => 3,
            Slot::Verdicts => 4,
            Slot::Norms | Slot::Summaries => 5,
            Slot::Counters => 6,
            // No search meets limits.
            Slot::States | Slot::UpperLimits => 7,
            Slot::Radii => 8,
            Slot::Direction => 9,
            Slot::Indices => 10,
            Slot::Owners => 11,
            Slot::Gradient => 12,
            Slot::First => 13,
            Slot::Second => 14,
            Slot::Coefficients => 15,
            Slot::Copy => 16,
        }
    }
}

/// What memory writes at once, in bytes.
const SECTOR: u32 = 32;

impl Variant {
    /// Lanes whose elements are stored together: what memory writes at once. Halves of words are
    /// stored one by one.
    pub(crate) fn sector_lanes(&self) -> u32 {
        let width = if self.lane == Lane::One { 1 } else { 4 };
        if self.in_halves() { 1 } else { SECTOR / (self.pack.bytes() * width) }
    }

    /// Whether elements are halves of words that a neighbour may share.
    pub fn in_halves(&self) -> bool {
        self.pack.bytes() < 4 && self.lane == Lane::One
    }

    /// The size of the workgroup.
    pub fn lanes(&self) -> u32 {
        self.tile * self.fan
    }

    /// The pipeline's label: `rows_resident`, `columns_rescale`, `decide`.
    pub fn label(&self) -> String {
        match self.kernel.touches_tensor() {
            true => format!("{}_{}", self.walk, self.kernel.name()),
            false => self.kernel.name().to_string(),
        }
    }

    /// What the program binds, in the order of the binding numbers.
    pub fn bindings(&self) -> Vec<(Slot, Access)> {
        let mut bindings = vec![(Slot::Params, Access::Uniform)];
        if self.kernel.touches_tensor() {
            match self.storage {
                Storage::ReadOnly => bindings.push((Slot::Source, Access::Read)),
                Storage::InPlace => bindings.push((Slot::Source, Access::ReadWrite)),
                Storage::Into => {
                    bindings
                        .extend([(Slot::Source, Access::Read), (Slot::Target, Access::ReadWrite)]);
                }
                Storage::IntoSameBuffer => bindings
                    .extend([(Slot::Source, Access::ReadWrite), (Slot::Target, Access::ReadWrite)]),
            }
        }
        match self.kernel {
            Kernel::Partial | Kernel::AlongPartial => {
                bindings.push((Slot::Partials, Access::ReadWrite));
            }
            Kernel::Decide | Kernel::Rescale | Kernel::AlongRescale => {
                bindings.push((Slot::Partials, Access::Read));
            }
            Kernel::Summary => bindings
                .extend([(Slot::Verdicts, Access::Read), (Slot::Summaries, Access::ReadWrite)]),
            Kernel::ShrinkPartial => bindings
                .extend([(Slot::Partials, Access::ReadWrite), (Slot::Verdicts, Access::Read)]),
            Kernel::ShrinkDecide => {
                bindings.extend([(Slot::Partials, Access::Read), (Slot::Verdicts, Access::Read)]);
            }
            Kernel::Resident | Kernel::AlongResident | Kernel::Streamed => {}
            Kernel::Claim | Kernel::Release => {}
        }
        match self.verdict {
            Verdict::None => {}
            Verdict::Store | Verdict::Begin => bindings.push((Slot::Verdicts, Access::ReadWrite)),
            Verdict::Norm => bindings.push((Slot::Norms, Access::ReadWrite)),
        }
        if self.counted && self.kernel.touches_tensor() {
            bindings.push((Slot::Counters, Access::ReadWrite));
        }
        if let Some(access) = self.states() {
            bindings.push((Slot::States, access));
        }
        let radii = match self.radius {
            Radius::Uniform => None,
            Radius::Read => Some(Access::Read),
            Radius::Shared => Some(Access::ReadWrite),
        };
        if self.set == SetKind::Limits {
            bindings.extend(radii.map(|access| (Slot::UpperLimits, access)));
        }
        bindings.extend(radii.map(|access| (Slot::Radii, access)));
        match self.direction {
            Direction::None => {}
            Direction::Apart => bindings.push((Slot::Direction, Access::Read)),
            Direction::SameBuffer => bindings.push((Slot::Direction, Access::ReadWrite)),
        }
        match self.rows {
            _ if self.kernel.owns_rows() => {
                bindings.extend([(Slot::Indices, Access::Read), (Slot::Owners, Access::ReadWrite)]);
            }
            Rows::All => {}
            Rows::Apart => {
                bindings.extend([(Slot::Indices, Access::Read), (Slot::Owners, Access::Read)]);
            }
            Rows::SameBuffer => {
                bindings.extend([(Slot::Indices, Access::ReadWrite), (Slot::Owners, Access::Read)]);
            }
        }
        bindings.extend(self.beside());
        bindings.extend(self.copy.map(|_| (Slot::Copy, Access::ReadWrite)));
        bindings
    }

    /// What an optimizer binds beside the weights.
    fn beside(&self) -> Vec<(Slot, Access)> {
        let gradient = (Slot::Gradient, Access::Read);
        let [first, second] = [Slot::First, Slot::Second].map(|slot| (slot, Access::ReadWrite));
        let coefficients = (Slot::Coefficients, Access::Constant);
        match self.optimizer {
            Optimizer::None => vec![],
            Optimizer::Done => vec![coefficients],
            Optimizer::Sgd => vec![gradient, coefficients],
            Optimizer::Momentum => vec![gradient, first, coefficients],
            Optimizer::Adam => vec![gradient, first, second, coefficients],
        }
    }

    /// How the states of searches are bound, if they are.
    fn states(&self) -> Option<Access> {
        match (self.set, self.kernel) {
            (SetKind::Shrink, Kernel::Rescale | Kernel::ShrinkPartial) => Some(Access::Read),
            (_, Kernel::ShrinkDecide) => Some(Access::ReadWrite),
            _ if self.verdict == Verdict::Begin => Some(Access::ReadWrite),
            _ => None,
        }
    }
}
