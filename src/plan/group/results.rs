//! Where the results of a group are in the buffer that holds them.

use crate::dtype::{DType, Precision};

/// The results of a group: a region for each kind, in each the value of all tensors and then that
/// of each. Regions start where every device lets a binding start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Results {
    tensors: usize,
    precision: Precision,
}

/// One kind of result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Region {
    /// Norms.
    Norm,
    /// Factors.
    Scale,
    /// Half of the sums of squares.
    HalfSquare,
    /// 1.0 where NaN or infinity was found, else zero bits.
    NonFinite,
}

/// The largest alignment of a storage binding that WebGPU allows, in elements.
const ALIGNMENT: usize = 64;

impl Results {
    pub(crate) fn new(tensors: usize, precision: Precision) -> Self {
        Results { tensors, precision }
    }

    /// What they are: f64 where any tensor is, else f32.
    pub fn dtype(&self) -> DType {
        match self.precision {
            Precision::Single => DType::F32,
            Precision::Double => DType::F64,
        }
    }

    /// From one region to the next, in elements.
    pub fn stride(&self) -> usize {
        (1 + self.tensors).next_multiple_of(ALIGNMENT)
    }

    /// The first element of a region: the value of all tensors.
    pub fn start(&self, region: Region) -> usize {
        region as usize * self.stride()
    }

    /// The elements of all regions.
    pub fn elements(&self) -> usize {
        4 * self.stride()
    }
}
