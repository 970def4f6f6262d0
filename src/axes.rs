//! Which axes a norm runs over.

use crate::error::{Error, Result};
use crate::layout::MAX_RANK;

/// How a framework lays out weights, which decides where the incoming weights of a unit are.
///
/// | rank | `Keras` | `Torch` | `Burn` |
/// |---|---|---|---|
/// | 2, dense | `[in, out]`: 0 | `[out, in]`: 1 | `[in, out]`: 0 |
/// | 3, convolution | `[k, in, out]`: 0, 1 | `[out, in, k]`: 1, 2 | `[out, in, k]`: 1, 2 |
/// | 4, convolution | `[h, w, in, out]`: 0, 1, 2 | `[out, in, h, w]`: 1, 2, 3 | as Torch |
/// | 5, convolution | all but the last | all but the first | all but the first |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WeightLayout {
    /// Keras and TensorFlow: units are the last axis.
    Keras,
    /// PyTorch: units are the first axis.
    Torch,
    /// Burn: units are the last axis of a dense layer, the first of a convolution.
    Burn,
}

/// A list of axes, each counted from the front (0, 1, …) or from the back (-1, -2, …).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AxisList {
    count: usize,
    values: [i32; MAX_RANK],
}

impl AxisList {
    fn new(axes: &[i32]) -> Self {
        let mut values = [0; MAX_RANK];
        let stored = axes.len().min(MAX_RANK);
        values[..stored].copy_from_slice(&axes[..stored]);
        // A longer list is remembered by its count and refused when it meets a tensor.
        AxisList { count: axes.len(), values }
    }

    fn resolve(&self, shape: &[usize]) -> Result<[bool; MAX_RANK]> {
        if self.count > MAX_RANK {
            return Err(Error::AxisCount { count: self.count, limit: MAX_RANK });
        }
        let mut named = [false; MAX_RANK];
        let rank = shape.len() as i32;
        for &axis in &self.values[..self.count] {
            let from_front = if axis < 0 { axis.saturating_add(rank) } else { axis };
            if !(0..rank).contains(&from_front) {
                return Err(Error::AxisOutOfRange { axis, shape: shape.to_vec() });
            }
            if std::mem::replace(&mut named[from_front as usize], true) {
                return Err(Error::AxisTwice { axis, shape: shape.to_vec() });
            }
        }
        Ok(named)
    }
}

/// The axes that a norm runs over. There is no default: mixing them up is the most frequent
/// mistake of this field.
///
/// For weights `w` of shape `[784, 256]` (784 inputs, 256 units):
///
/// ```text
///            256 units                 Axes::from(0)      256 slices of 784: each column, the
///         ┌─────────────┐                                 incoming weights of one unit
///     784 │ │           │              Axes::from(1)      784 slices of 256: each row
///  inputs │ │ a slice   │              Axes::all()        1 slice of 200704: the whole tensor
///         │ │ of axis 0 │              Axes::each()       200704 slices of 1: each element
///         └─────────────┘              Axes::keep(1)      the same as Axes::from(0)
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Axes {
    /// The norm runs over these (Keras, TensorFlow, NumPy). An empty list is [`Axes::Each`].
    Reduced(AxisList),
    /// The norm runs over all but these (`torch.renorm`'s `dim`).
    Kept(AxisList),
    /// One slice: the whole tensor.
    All,
    /// Every element is a slice of its own.
    Each,
    /// The incoming weights of one unit, by the rank of the tensor.
    PerUnit(WeightLayout),
}

impl Axes {
    /// The whole tensor is one slice.
    pub fn all() -> Self {
        Axes::All
    }

    /// Every element is a slice of its own.
    pub fn each() -> Self {
        Axes::Each
    }

    /// The norm runs over all axes but these: `torch.renorm`'s reading of `dim`.
    pub fn keep(axes: impl Into<AxisList>) -> Self {
        Axes::Kept(axes.into())
    }

    /// The incoming weights of one output unit, for a framework's layout; see [`WeightLayout`].
    pub fn per_unit(layout: WeightLayout) -> Self {
        Axes::PerUnit(layout)
    }

    /// Which axes of a tensor of this shape are reduced: one flag for each axis.
    ///
    /// # Errors
    /// [`Error::AxisOutOfRange`], [`Error::AxisTwice`], [`Error::AxisCount`]; [`Error::NoUnits`]
    /// for axes per unit of a tensor of rank 0 or 1.
    pub fn resolve(&self, shape: &[usize]) -> Result<Vec<bool>> {
        let rank = shape.len();
        let reduced = match self {
            Axes::Reduced(axes) => axes.resolve(shape)?,
            Axes::Kept(axes) => axes.resolve(shape)?.map(|kept| !kept),
            Axes::All => [true; MAX_RANK],
            Axes::Each => [false; MAX_RANK],
            Axes::PerUnit(_) if rank < 2 => return Err(Error::NoUnits { shape: shape.to_vec() }),
            Axes::PerUnit(layout) => {
                let last = match layout {
                    WeightLayout::Keras => true,
                    WeightLayout::Torch => false,
                    WeightLayout::Burn => rank == 2,
                };
                let mut reduced = [true; MAX_RANK];
                reduced[if last { rank - 1 } else { 0 }] = false;
                reduced
            }
        };
        Ok(reduced[..rank].to_vec())
    }
}

impl<const N: usize> From<[i32; N]> for AxisList {
    fn from(axes: [i32; N]) -> Self {
        AxisList::new(&axes)
    }
}

impl From<&[i32]> for AxisList {
    fn from(axes: &[i32]) -> Self {
        AxisList::new(axes)
    }
}

impl From<i32> for AxisList {
    fn from(axis: i32) -> Self {
        AxisList::new(&[axis])
    }
}

impl<A: Into<AxisList>> From<A> for Axes {
    fn from(axes: A) -> Self {
        Axes::Reduced(axes.into())
    }
}

impl std::fmt::Display for Axes {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let list = |axes: &AxisList| format!("{:?}", &axes.values[..axes.count.min(MAX_RANK)]);
        match self {
            Axes::Reduced(axes) => write!(formatter, "over axes {}", list(axes)),
            Axes::Kept(axes) => write!(formatter, "over all axes but {}", list(axes)),
            Axes::All => formatter.write_str("over all axes"),
            Axes::Each => formatter.write_str("of each element"),
            Axes::PerUnit(layout) => write!(formatter, "per unit as in {layout:?}"),
        }
    }
}

/// The valid axes of a tensor of this rank, as a reader expects to see them.
pub(crate) fn range(rank: usize) -> String {
    match rank {
        0 => "the empty range of a scalar".to_string(),
        rank => format!("-{rank}..={}", rank - 1),
    }
}
