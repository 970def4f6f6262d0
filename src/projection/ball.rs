//! Euclidean projections onto balls and spheres.

use super::{Projection, Set};
use crate::axes::Axes;
use crate::norm::Norm;

impl Projection {
    /// The Euclidean projection of every slice `x` onto the ball `{y : ‖y‖ ≤ c}`,
    /// `argmin ‖y − x‖₂`:
    ///
    /// - **L2** scales: the same as [`Projection::max_norm`].
    /// - **L1** shrinks: `yᵢ = sign(xᵢ)·max(|xᵢ| − t, 0)` with the t for which `Σ |yᵢ| = c`. Small
    ///   elements become zero. t is kept as its distance from the largest magnitude, so that
    ///   `[1e19, 1]` with c = 0.3 gives `[0.3, 0]`, where Optax gives 1e12.
    /// - **Linf** clamps: `yᵢ = clamp(xᵢ, −c, c)`, exactly.
    ///
    /// In L1 and L2, what is inside keeps every bit, every slice ends inside, and a second projection
    /// changes nothing. In L1 an element is within 2κc of exact: no relative bound exists. Cost in L1:
    /// as max-norm where a slice stays on chip; else up to `log₂ m + 17` more reads of the slices that
    /// violate, which end as soon as the distance is found (10 to 13 reads in all of slices of 1,001 to
    /// 40,000 random elements on lavapipe).
    ///
    /// Other norms are refused when the projection meets a tensor. Duchi et al. 2008, Condat 2016;
    /// `optax.projections`.
    ///
    /// ```
    /// use normproj::{Axes, Context, Norm, Projection};
    /// let context = Context::cpu();
    /// let x = context.upload(&[3.0, -1.0, 0.5], [3])?;
    /// context.project(&Projection::ball(Norm::L1, 2.0, Axes::all()), &x)?;
    /// let y = x.read()?;
    /// assert!((y[0] - 2.0).abs() < 1e-5 && y[1] == 0.0 && y[2] == 0.0);
    /// # Ok::<(), normproj::Error>(())
    /// ```
    pub fn ball(norm: Norm, radius: f64, axes: impl Into<Axes>) -> Self {
        Projection::new(Set::Ball { norm, radius }, axes.into())
    }

    /// The Euclidean projection of every slice `x` onto the sphere `{y : ‖y‖ = c}` in L2 (scales, as
    /// [`Projection::unit_norm`]) or L1: `yᵢ = sign(xᵢ)·max(|xᵢ| − t, 0)` with the t, of either sign,
    /// for which `Σ |yᵢ| = c`; zeros count as positive. What is within κ of the sphere keeps every
    /// bit; the rest lands within 2κ of it.
    ///
    /// A slice of zeros has no nearest point in L2: it stays or becomes `c·e₁`
    /// ([`Projection::zero_slices`]), in L1 too.
    ///
    /// ```
    /// use normproj::{Axes, Context, Norm, Projection};
    /// let context = Context::cpu();
    /// let x = context.upload(&[0.25, -0.5], [2])?;
    /// context.project(&Projection::sphere(Norm::L1, 1.0, Axes::all()), &x)?;
    /// let y = x.read()?;
    /// assert!((y[0] - 0.375).abs() < 1e-5 && (y[1] + 0.625).abs() < 1e-5);
    /// # Ok::<(), normproj::Error>(())
    /// ```
    pub fn sphere(norm: Norm, radius: f64, axes: impl Into<Axes>) -> Self {
        Projection::new(Set::Sphere { norm, radius }, axes.into())
    }
}
