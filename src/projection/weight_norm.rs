//! Weight normalization.

use super::{Projection, Set};
use crate::axes::Axes;

impl Projection {
    /// Weight normalization: every slice v becomes `g·v / ‖v‖₂`, with a g of its own in device memory
    /// ([`Context::project_into_with_radii`](crate::Context::project_into_with_radii)), of either sign.
    /// Without radii g is 1, as [`Projection::unit_norm`] has it.
    ///
    /// - A slice that has norm g within κ keeps every bit; the rest lands within 2κ of it. `g = 0` gives
    ///   zeros; a negative g turns the slice over.
    /// - **Zero slices** stay zero and are counted, where PyTorch makes NaN of them
    ///   ([`Projection::zero_slices`] for another end).
    /// - A g that is NaN, infinite or beyond the dtype cannot be refused: the slice is left, and a report
    ///   counts it.
    /// - **Range, NaN, infinity, cost**: as [`Projection::max_norm`].
    ///
    /// Salimans and Kingma 2016 (arXiv 1602.07868); `torch.nn.utils.parametrizations.weight_norm`, whose
    /// `dim` is kept: `Axes::keep(dim)`, `Axes::all()` for None. Its g at the start are the norms of the
    /// slices ([`Context::norms`](crate::Context::norms)).
    ///
    /// ```
    /// use normproj::{Axes, Context, Projection};
    /// let context = Context::cpu();
    /// let v = context.upload(&[3.0, 4.0, 0.0, 2.0], [2, 2])?;
    /// let g = context.upload(&[10.0, -1.0], [2, 1])?;
    /// let w = context.zeros([2, 2])?;
    /// let weight_norm = Projection::weight_norm(Axes::keep(0));
    /// context.project_into_with_radii(&weight_norm, &v, &w, &g)?;
    /// assert_eq!(w.read()?, [6.0, 8.0, 0.0, -1.0]);
    /// # Ok::<(), normproj::Error>(())
    /// ```
    pub fn weight_norm(axes: impl Into<Axes>) -> Self {
        Projection::new(Set::WeightNorm { radius: 1.0 }, axes.into())
    }
}
