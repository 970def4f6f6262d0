//! Sets that a direction defines: hyperplanes, half-spaces and lines.

use super::{Projection, Set};
use crate::axes::Axes;

impl Projection {
    /// The Euclidean projection of every slice `x` onto the hyperplane `{y : ⟨a, y⟩ = b}`,
    /// `argmin ‖y − x‖₂ = x − ((⟨a, x⟩ − b) / ‖a‖²)·a`.
    ///
    /// The direction a is a second tensor of the same dtype and shape, or with axes of length 1 where a
    /// direction is shared by slices: [`Context::project_along`], [`Request::along`]. With b = 0 it is the
    /// removal of the component along another tensor: [`Context::remove_component`].
    ///
    /// - **Residual**: `|⟨a, y⟩ − b| ≤ κ·(‖a‖·‖x‖ + |b|)`, [`Margin::along`]; elements of 16 bits add their
    ///   rounding. A second projection may change the last bits.
    /// - **Every finite input works** whose result is finite: products do not overflow. An element beyond
    ///   the dtype becomes its largest.
    /// - **A direction of zeros**, or with NaN or infinity, defines no set: its slices keep every bit, and a
    ///   report counts them. NaN and infinity in a slice follow [`OnNonFinite`].
    /// - **Reports** tell `|⟨a, x⟩| / ‖a‖`, the length of the component along a, where others tell norms.
    /// - **Cost** for f32: 8 bytes an element are read, 4 written; 8 more are read where a slice does not
    ///   stay on chip.
    /// - **Offsets in device memory**, of each slice or of all, multiply b: [`Request::with_radii`].
    ///
    /// b is rounded toward zero to 24 significant bits (not for f64); NaN and infinity are refused when the
    /// projection meets a tensor. `optax.projections.projection_hyperplane`.
    ///
    /// [`Context::project_along`]: crate::Context::project_along
    /// [`Context::remove_component`]: crate::Context::remove_component
    /// [`Request::along`]: crate::Request::along
    /// [`Request::with_radii`]: crate::Request::with_radii
    /// [`Margin::along`]: crate::plan::margin::Margin::along
    /// [`OnNonFinite`]: crate::OnNonFinite
    ///
    /// ```
    /// use normproj::{Axes, Context, Projection};
    /// let context = Context::cpu();
    /// let (x, a) = (context.upload(&[3.0, 1.0], [2])?, context.upload(&[1.0, 1.0], [2])?);
    /// context.project_along(&Projection::hyperplane(2.0, Axes::all()), &x, &a)?;
    /// assert_eq!(x.read()?, [2.0, 0.0]);
    /// # Ok::<(), normproj::Error>(())
    /// ```
    pub fn hyperplane(offset: f64, axes: impl Into<Axes>) -> Self {
        Projection::new(Set::Hyperplane { offset }, axes.into())
    }

    /// The Euclidean projection of every slice `x` onto the half-space `{y : ⟨a, y⟩ ≤ b}`: that onto its
    /// [`hyperplane`](Projection::hyperplane) where the computed `⟨a, x⟩` is above b. Every other slice
    /// keeps its bits, those within `κ·‖a‖·‖x‖` of the plane on either side may. b may be +∞.
    ///
    /// `optax.projections.projection_halfspace`.
    ///
    /// ```
    /// use normproj::{Context, Projection};
    /// let context = Context::cpu();
    /// let x = context.upload(&[3.0, 1.0, 0.5, 0.1], [2, 2])?;
    /// let a = context.upload(&[1.0, 1.0], [1, 2])?; // one direction for both rows
    /// context.project_along(&Projection::half_space(2.0, 1), &x, &a)?;
    /// assert_eq!(x.read()?, [2.0, 0.0, 0.5, 0.1]);
    /// # Ok::<(), normproj::Error>(())
    /// ```
    pub fn half_space(offset: f64, axes: impl Into<Axes>) -> Self {
        Projection::new(Set::HalfSpace { offset }, axes.into())
    }

    /// The Euclidean projection of every slice `x` onto the line `{s·a : s real}`,
    /// `argmin ‖y − x‖₂ = (⟨a, x⟩ / ‖a‖²)·a`. Otherwise as [`Projection::hyperplane`]; what is left of x is
    /// orthogonal to a: `|⟨a, x − y⟩| ≤ κ·‖a‖·‖x‖`.
    ///
    /// `optax.projections.projection_vector`.
    ///
    /// ```
    /// use normproj::{Axes, Context, Projection};
    /// let context = Context::cpu();
    /// let (x, a) = (context.upload(&[3.0, 1.0], [2])?, context.upload(&[2.0, 0.0], [2])?);
    /// context.project_along(&Projection::line(Axes::all()), &x, &a)?;
    /// assert_eq!(x.read()?, [3.0, 0.0]);
    /// # Ok::<(), normproj::Error>(())
    /// ```
    pub fn line(axes: impl Into<Axes>) -> Self {
        Projection::new(Set::Line, axes.into())
    }
}
