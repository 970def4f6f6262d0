//! Spheres that are reached by scaling.

use super::{Projection, Set};
use crate::axes::Axes;
use crate::norm::Norm;

impl Projection {
    /// Unit norm: every slice `x` is scaled onto `{y : ‖y‖₂ = 1}`, to `x / ‖x‖₂`, its nearest point
    /// there. [`Projection::with_radius`] takes another radius c, [`Projection::norm_in`] another
    /// norm (then by the same rule, which is not the nearest point).
    ///
    /// - **Inside**, where `|n/c − 1| ≤ κ` for the computed norm n, every bit stays; what is scaled
    ///   lands within 2κ of c, and a second projection changes nothing.
    /// - **Zero slices** stay zero and are counted, or become `c·e₁`: [`Projection::zero_slices`].
    /// - **Range, NaN, infinity, cost**: as [`Projection::max_norm`].
    ///
    /// Keras `UnitNorm`, `F.normalize`, `tf.math.l2_normalize`, scikit-learn `normalize`.
    ///
    /// ```
    /// use normproj::{Context, Projection};
    /// let context = Context::cpu();
    /// let weights = context.upload(&[3.0, 0.0, 4.0, 0.0], [2, 2])?;
    /// context.project(&Projection::unit_norm(0), &weights)?;
    /// assert_eq!(weights.read()?, [0.6, 0.0, 0.8, 0.0]);
    /// # Ok::<(), normproj::Error>(())
    /// ```
    pub fn unit_norm(axes: impl Into<Axes>) -> Self {
        Projection::new(Set::UnitNorm { norm: Norm::L2, radius: 1.0 }, axes.into())
    }
}
