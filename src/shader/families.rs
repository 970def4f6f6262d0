//! The families of fragments: one name for each file that says the same thing in another way.

use crate::dtype::{DType, Precision};
use crate::norm::Norm;
use crate::update::Memory;

/// An entry point: one file of `shaders/kernel`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "described in the files of the same name")]
pub enum Kernel {
    Resident,
    Streamed,
    Partial,
    Decide,
    Rescale,
    Summary,
    ShrinkPartial,
    ShrinkDecide,
    AlongResident,
    AlongPartial,
    AlongRescale,
    Claim,
    Release,
}

/// What a slice is reduced to: files of `shaders/norm`. Numbers, as the p of `Lp`, are parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "described in the files of the same name")]
pub enum NormKind {
    L1,
    L2,
    Linf,
    Lp,
    Outside,
    Signed,
    Along,
}

/// What is done to a slice: one file of `shaders/set`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "described in the files of the same name")]
pub enum SetKind {
    Ball,
    Interval,
    Clamp,
    Cube,
    Shrink,
    Plane,
    Limits,
}

/// How elements are stored: one file of `shaders/pack`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[allow(missing_docs, reason = "described in the files of the same name")]
pub enum Pack {
    #[default]
    F32,
    F16,
    Bf16,
    F64,
}

/// What one load holds: one file of `shaders/lane`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "described in the files of the same name")]
pub enum Lane {
    One,
    FourInRow,
    FourColumns,
}

/// How the tensor is bound: one file of `shaders/storage`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "described in the files of the same name")]
pub enum Storage {
    ReadOnly,
    InPlace,
    Into,
    IntoSameBuffer,
}

/// What becomes of the accumulators of slices: one file of `shaders/verdict`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "described in the files of the same name")]
pub enum Verdict {
    None,
    Store,
    Norm,
    Begin,
}

/// Where the radii of slices are, or the limits of elements: files of `shaders/radius`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Radius {
    /// One for all, in the parameters.
    #[default]
    Uniform,
    /// In memory that is read alone.
    Read,
    /// In memory of a tensor that is written.
    Shared,
}

/// How the direction of slices is bound, if they have one: files of `shaders/along`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[allow(missing_docs, reason = "described in the files of the same name")]
pub enum Direction {
    #[default]
    None,
    Apart,
    /// In a buffer that the dispatch writes, which it must bind in one way.
    SameBuffer,
}

/// Which rows of a table are slices: files of `shaders/rows`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Rows {
    /// Slices are those of the tensor.
    #[default]
    All,
    /// Those that indices name, in memory that is read alone.
    Apart,
    /// Those that indices name, in memory of the tensor.
    SameBuffer,
}

/// What becomes of weights before they are projected: files of `shaders/optimizer`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Optimizer {
    /// They are projected as they are.
    #[default]
    None,
    /// They go along their gradient.
    Sgd,
    /// They go along a mean of their gradients.
    Momentum,
    /// They go along that mean over the root of the mean of squares.
    Adam,
    /// They were updated by a dispatch before, unless that was skipped.
    Done,
}

impl Kernel {
    /// Whether the kernel reads or writes the tensor itself.
    pub fn touches_tensor(self) -> bool {
        matches!(self, Kernel::Resident | Kernel::Streamed | Kernel::Partial | Kernel::Rescale)
            || self == Kernel::ShrinkPartial
            || self.touches_direction()
    }

    /// Whether it reads the direction of slices beside them.
    pub fn touches_direction(self) -> bool {
        matches!(self, Kernel::AlongResident | Kernel::AlongPartial | Kernel::AlongRescale)
    }

    /// Whether the kernel asks which rows are slices, where indices name them.
    pub fn asks_rows(self) -> bool {
        self.touches_tensor() || self == Kernel::Summary
    }

    /// Whether the kernel finds owners of rows, or takes them away.
    pub fn owns_rows(self) -> bool {
        matches!(self, Kernel::Claim | Kernel::Release)
    }

    /// Whether the kernel decides what becomes of slices, for which it asks their radii; where a search
    /// begins, that is with their verdict.
    pub fn asks_radii(self, verdict: Verdict) -> bool {
        match self {
            Kernel::Partial | Kernel::AlongPartial | Kernel::Claim | Kernel::Release => false,
            Kernel::Decide => verdict == Verdict::Begin,
            Kernel::Resident | Kernel::Streamed | Kernel::Rescale | Kernel::Summary => true,
            Kernel::ShrinkPartial | Kernel::ShrinkDecide => true,
            Kernel::AlongResident | Kernel::AlongRescale => true,
        }
    }

    /// The name of the file and of the entry point.
    pub fn name(self) -> &'static str {
        match self {
            Kernel::Resident => "resident",
            Kernel::Streamed => "streamed",
            Kernel::Partial => "partial",
            Kernel::Decide => "decide",
            Kernel::Rescale => "rescale",
            Kernel::Summary => "summary",
            Kernel::ShrinkPartial => "shrink_partial",
            Kernel::ShrinkDecide => "shrink_decide",
            Kernel::AlongResident => "along_resident",
            Kernel::AlongPartial => "along_partial",
            Kernel::AlongRescale => "along_rescale",
            Kernel::Claim => "claim",
            Kernel::Release => "release",
        }
    }
}

impl Pack {
    /// What is stored so.
    pub fn dtype(self) -> DType {
        match self {
            Pack::F32 => DType::F32,
            Pack::F16 => DType::F16,
            Pack::Bf16 => DType::BF16,
            Pack::F64 => DType::F64,
        }
    }

    /// What elements are worked with in.
    pub fn precision(self) -> Precision {
        self.dtype().precision()
    }

    /// The bytes of an element.
    pub fn bytes(self) -> u32 {
        self.dtype().size() as u32
    }

    /// What stands for all of a precision in kernels that do not touch a tensor.
    pub fn alone(precision: Precision) -> Self {
        match precision {
            Precision::Single => Pack::F32,
            Precision::Double => Pack::F64,
        }
    }
}

impl From<DType> for Pack {
    fn from(dtype: DType) -> Self {
        match dtype {
            DType::F32 => Pack::F32,
            DType::F16 => Pack::F16,
            DType::BF16 => Pack::Bf16,
            DType::F64 => Pack::F64,
        }
    }
}

impl Optimizer {
    /// Whether weights are updated where they are loaded.
    pub fn updates(self) -> bool {
        !matches!(self, Optimizer::None | Optimizer::Done)
    }
}

impl From<Memory> for Optimizer {
    fn from(memory: Memory) -> Self {
        match memory {
            Memory::None => Optimizer::Sgd,
            Memory::First => Optimizer::Momentum,
            Memory::Both => Optimizer::Adam,
        }
    }
}

impl From<Norm> for NormKind {
    fn from(norm: Norm) -> Self {
        match norm {
            Norm::L1 => NormKind::L1,
            Norm::L2 => NormKind::L2,
            Norm::Linf => NormKind::Linf,
            Norm::Lp(_) => NormKind::Lp,
        }
    }
}

impl NormKind {
    /// The words of an accumulator of one slice.
    pub fn accumulator_words(self, precision: Precision) -> u32 {
        precision.words()
            * match self {
                NormKind::Signed | NormKind::Along => 4,
                _ => 3,
            }
    }
}
