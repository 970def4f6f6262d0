//! Boxes.

use super::{Projection, Set};
use crate::axes::Axes;

impl Projection {
    /// The box `{y : lo ≤ yᵢ ≤ hi}`: every element moves to the nearer bound, exactly and idempotent.
    /// Every element is a slice of its own: NaN keeps its bits (or follows the policy), an infinity is
    /// clamped like any number, and a report counts elements.
    ///
    /// Bounds are rounded toward zero to f32; `lo > hi` and NaN are refused when the projection meets
    /// a tensor. Cost: one dispatch, 4 bytes an element and 4 more for those that move.
    ///
    /// `optax.projection_box`, `projection_hypercube`, `tf.clip_by_value`, `clip_grad_value_`.
    ///
    /// ```
    /// use normproj::{Context, Projection};
    /// let context = Context::cpu();
    /// let x = context.upload(&[-3.0, 0.25, 7.0], [3])?;
    /// context.project(&Projection::bounds(-1.0, 1.0), &x)?;
    /// assert_eq!(x.read()?, [-1.0, 0.25, 1.0]);
    /// # Ok::<(), normproj::Error>(())
    /// ```
    pub fn bounds(low: f64, high: f64) -> Self {
        Projection::new(Set::Bounds { low, high }, Axes::each())
    }

    /// [`Projection::bounds`] from 0 to infinity: Keras `NonNeg`, `optax.projection_non_negative`.
    /// Minus zero keeps its sign.
    ///
    /// ```
    /// use normproj::{Context, Projection};
    /// let context = Context::cpu();
    /// let x = context.upload(&[-3.0, 2.0], [2])?;
    /// context.project(&Projection::non_negative(), &x)?;
    /// assert_eq!(x.read()?, [0.0, 2.0]);
    /// # Ok::<(), normproj::Error>(())
    /// ```
    pub fn non_negative() -> Self {
        Projection::bounds(0.0, f64::INFINITY)
    }
}
