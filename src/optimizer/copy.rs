//! A copy of the weights that their steps write along.

use super::{Device, Optimizer};
use crate::buffer::DeviceBuffer;
use crate::error::{Error, Result};

impl Optimizer {
    /// Keeps a copy of f32 weights in f16 or bf16, as a forward pass in mixed precision reads it: each step writes
    /// `copy ← narrow(w)` of its weights w after update and projection, rounded to nearest, ties to even.
    ///
    /// `copy` has the shape and the strides of the weights, and is in a buffer of its own. It is the weights that are
    /// inside the set: an element of the copy is off by one rounding, 2⁻¹¹ of it in f16 and 2⁻⁸ in bf16, and more where
    /// it is subnormal, so that a norm may be that much over its radius. What is beyond the dtype is infinite, NaN is NaN.
    ///
    /// Nothing is written here: before the first step the copy is what the caller made it. A step that is skipped
    /// ([`Optimizer::skip_from`]) leaves every bit of it, which is then still the copy of the weights.
    ///
    /// Cost: 2 bytes an element, read by nobody, without a dispatch or a sweep of its own; of weights in two passes 2
    /// more where slices violate. On a GPU that is so where weights are stored four at a time and `copy` begins at a
    /// multiple of four elements; else elements are exchanged within their words, at 8 bytes each
    /// ([`Cost`](crate::plan::cost::Cost)). On the CPU backend weights that do not fit a cache are read once more.
    ///
    /// ```
    /// use normproj::{Context, DType, Optimizer, Projection, Update, bf16};
    /// let context = Context::cpu();
    /// let weights = context.upload(&[3.0, 4.0, 0.1, 0.1], [2, 2])?;
    /// let gradient = context.upload(&[0.0, 0.0, 0.0, -1.0], [2, 2])?;
    /// let copy = context.zeros_as([2, 2], DType::BF16)?;
    /// let optimizer = Optimizer::new(Update::sgd(0.1), Projection::max_norm(1.0, 1), &weights)?;
    /// let mut optimizer = optimizer.copy_to(&copy)?;
    /// optimizer.step(&gradient)?;
    /// let narrowed: Vec<bf16> = weights.read()?.into_iter().map(bf16::from_f32).collect();
    /// assert_eq!(copy.read_as::<bf16>()?, narrowed);
    /// # Ok::<(), normproj::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Shape`]; [`Error::PlanMismatch`] for other strides; [`Error::Dtype`] for another copy than of f16 or bf16,
    /// or weights that are not f32; [`Error::OtherContext`]; [`Error::Unsupported`] for a copy in the buffer of the
    /// weights, [`Error::OutOfBounds`] where its last word of 32 bits is not all there on a GPU. A step then returns
    /// [`Error::Unsupported`] for a gradient in the buffer of the copy.
    pub fn copy_to(self, copy: &DeviceBuffer) -> Result<Self> {
        if !self.weights.context().is(copy.context()) {
            return Err(self.other(copy));
        }
        self.apart(copy, &self.weights, "weights and their copy in one buffer")?;
        copy.check_words()?;
        // What was bound has another copy, or none.
        let device = self.device.map(|device| Device { bound: None, ..device });
        let copied = Optimizer { copy: Some(copy.clone()), device, ..self };
        copied.request(&copied.weights, false).geometry()?;
        Ok(copied)
    }

    /// The copy of the weights.
    pub fn copy(&self) -> Option<&DeviceBuffer> {
        self.copy.as_ref()
    }

    /// Refuses two tensors in one buffer: a dispatch binds it in one way, and one lock is not held twice.
    pub(super) fn apart(&self, one: &DeviceBuffer, other: &DeviceBuffer, what: &str) -> Result<()> {
        if !one.shares_memory_with(other) {
            return Ok(());
        }
        let device = self.weights.context().profile().name.clone();
        Err(Error::Unsupported { device, what: what.to_string() })
    }
}
