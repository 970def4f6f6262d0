//! What ranks tell each other of a tensor's slices.

use super::magnitude::Magnitude;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::norm::Norm;

/// What is known of the slices of a tensor, or of a part of it: of each a few numbers that [`merge`] with
/// those of the other parts.
///
/// Of slice i, whose part here is `x`, that is the sum of powers `sᵢ = Σ |x|ᵖ` (in L∞ the largest magnitude)
/// as `mantissa · 2^exponent`, so that neither the squares of 3e38 nor those of 1e-300 leave its range, and
/// whether an element is NaN or infinite. Merged, sums are added (in L∞ the larger is taken), and the norm of
/// the whole slice is `nᵢ = sᵢ^(1/p)`.
///
/// Merging is commutative bit for bit, and associative up to the rounding of 53 bits: ranks that gather
/// all parts and merge them in the order of ranks have the same bits, and decide alike. [`Statistics::none`]
/// is neutral.
///
/// [`merge`]: Statistics::merge
///
/// ```
/// use normproj::{DType, Norm, Statistics};
/// let mut all = Statistics::none(Norm::L2, DType::F32, 3);
/// all.merge(&Statistics::none(Norm::L2, DType::F32, 3))?;
/// assert_eq!(all.norms(), [0.0; 3]);
/// assert_eq!(all.to_bytes().len(), Statistics::bytes(3));
/// assert_eq!(Statistics::from_bytes(&all.to_bytes())?, all);
/// # Ok::<(), normproj::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Statistics {
    pub(super) norm: Norm,
    pub(super) dtype: DType,
    pub(super) error: f64,
    pub(super) length: u64,
    pub(super) slices: Vec<Slice>,
}

/// What is known of a slice.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Slice {
    /// Of the finite parts.
    pub sum: Magnitude,
    pub kind: Kind,
}

/// Which elements a slice holds; of two parts, that of the whole is the larger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) enum Kind {
    #[default]
    Finite,
    Infinite,
    Nan,
}

/// What an addition of sums or the root of one may be off by, relatively.
const ROUNDING: f64 = 2.0 * f64::EPSILON;

impl Statistics {
    /// Those of no elements: of a rank that has no part of the tensor, or has a copy of what another one
    /// counts.
    pub fn none(norm: Norm, dtype: DType, slices: usize) -> Self {
        Statistics { norm, dtype, error: 0.0, length: 0, slices: vec![Slice::default(); slices] }
    }

    /// Adds what another part holds of the same slices.
    ///
    /// # Errors
    /// [`Error::Statistics`] if the other has another norm, dtype or number of slices; nothing is changed then.
    pub fn merge(&mut self, other: &Statistics) -> Result<()> {
        self.check(other)?;
        // Nothing is rounded where one of the two has no elements.
        let rounding = if self.length > 0 && other.length > 0 { self.rounding() } else { 0.0 };
        self.error = self.error.max(other.error) + rounding;
        self.length = self.length.saturating_add(other.length);
        for (own, other) in self.slices.iter_mut().zip(&other.slices) {
            own.sum = match self.norm {
                Norm::Linf if own.sum > other.sum => own.sum,
                Norm::Linf => other.sum,
                _ => own.sum.plus(other.sum),
            };
            own.kind = own.kind.max(other.kind);
        }
        Ok(())
    }

    /// The norm.
    pub fn norm(&self) -> Norm {
        self.norm
    }

    /// The dtype of the tensor.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// How many slices there are.
    pub fn slices(&self) -> usize {
        self.slices.len()
    }

    /// How many elements a slice has in all parts so far.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// δ: the norms are within `1 ± δ` of exact. It is the worst of all parts and grows by a rounding of f64
    /// with each merge. Of f32 it is 6·10⁻⁸ in L1 and L2 on the CPU backend, at most 3·10⁻⁶ in L2 and 6·10⁻⁶ in
    /// L1 on a GPU, and 0 in L∞.
    pub fn error(&self) -> f64 {
        self.error
    }

    /// The norm of each slice: NaN with any NaN, else infinite with any infinity, or beyond f64.
    pub fn norms(&self) -> Vec<f64> {
        let number = |slice: &Slice| match slice.kind {
            Kind::Finite => self.norm_of(slice).number(),
            Kind::Infinite => f64::INFINITY,
            Kind::Nan => f64::NAN,
        };
        self.slices.iter().map(number).collect()
    }

    /// The norm of the finite parts of a slice.
    pub(super) fn norm_of(&self, slice: &Slice) -> Magnitude {
        slice.sum.power(degree(self.norm).recip())
    }

    /// What one merge adds to δ: of p < 1 the root multiplies it.
    fn rounding(&self) -> f64 {
        match self.norm {
            Norm::Linf => 0.0,
            norm => ROUNDING * degree(norm).recip().max(1.0),
        }
    }

    /// Whether two are of the same slices, and if not, why.
    pub(super) fn check(&self, other: &Statistics) -> Result<()> {
        let differs = |what: &str, own: String, other: String| {
            let reason = format!("{what} is {other} there, and {own} here");
            Err(Error::Statistics { reason })
        };
        match () {
            () if self.norm != other.norm => {
                differs("the norm", self.norm.to_string(), other.norm.to_string())
            }
            () if self.dtype != other.dtype => {
                differs("the dtype", self.dtype.to_string(), other.dtype.to_string())
            }
            () if self.slices() != other.slices() => {
                let (own, other) = (self.slices().to_string(), other.slices().to_string());
                differs("the number of slices", own, other)
            }
            () => Ok(()),
        }
    }
}

/// The power that is summed; 1 where the largest magnitude is taken.
pub(super) fn degree(norm: Norm) -> f64 {
    match norm {
        Norm::L1 | Norm::Linf => 1.0,
        Norm::L2 => 2.0,
        Norm::Lp(p) => p.value(),
    }
}
