//! The simplex.

use super::{Projection, Set};
use crate::axes::Axes;

impl Projection {
    /// The Euclidean projection of every slice `x` onto the simplex `{y : y ≥ 0, Σ y = c}`:
    /// `yᵢ = max(xᵢ − t, 0)` with the t for which the sum is c.
    ///
    /// What has no negative element and a sum within κ of c keeps every bit; the rest lands within 2κ
    /// of c, each element within 2κc of exact, and a second projection changes nothing. A slice of
    /// zeros becomes `c/m` everywhere. Cost: as the L1 [`Projection::ball`].
    ///
    /// Held et al. 1974, Duchi et al. 2008, Condat 2016; `optax.projections.projection_simplex`.
    ///
    /// ```
    /// use normproj::{Axes, Context, Projection};
    /// let context = Context::cpu();
    /// let x = context.upload(&[0.5, 0.7, -3.0], [3])?;
    /// context.project(&Projection::simplex(1.0, Axes::all()), &x)?;
    /// let y = x.read()?;
    /// assert!((y[0] - 0.4).abs() < 1e-5 && (y[1] - 0.6).abs() < 1e-5 && y[2] == 0.0);
    /// # Ok::<(), normproj::Error>(())
    /// ```
    pub fn simplex(sum: f64, axes: impl Into<Axes>) -> Self {
        Projection::new(Set::Simplex { radius: sum }, axes.into())
    }
}
