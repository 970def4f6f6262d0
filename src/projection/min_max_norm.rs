//! The min-max-norm constraint.

use super::{Projection, Set};
use crate::axes::Axes;

impl Projection {
    /// Min-max norm: every slice `x` of norm n is scaled into `{y : lo ≤ ‖y‖₂ ≤ hi}`, to
    /// `argmin ‖y − x‖₂ = x · clamp(n, lo, hi) / n`. With a rate r below 1
    /// ([`Projection::rate`]) it goes that part of the way: `x · (r·clamp(n, lo, hi) + (1 − r)·n) / n`.
    ///
    /// - **Inside**, from `lo·(1 + κ)` to `hi·(1 − κ)`, every bit stays. Where that is empty, it is the
    ///   sphere between the two.
    /// - With rate 1 it is feasible and idempotent; with less it is neither, by its nature.
    /// - **Zero slices** stay zero: nothing says where they should point.
    /// - **A radius in device memory** multiplies both norms: slice i has `lo·rᵢ ≤ ‖y‖₂ ≤ hi·rᵢ`
    ///   ([`Request::with_radii`](crate::Request::with_radii)).
    /// - **Range, NaN, infinity, cost**: as [`Projection::max_norm`].
    ///
    /// Keras `MinMaxNorm`. `lo > hi`, a negative or NaN bound and a rate outside `[0, 1]` are refused
    /// when the projection meets a tensor.
    ///
    /// ```
    /// use normproj::{Context, Projection};
    /// let context = Context::cpu();
    /// let weights = context.upload(&[0.3, 6.0, 0.4, 8.0], [2, 2])?;
    /// context.project(&Projection::min_max_norm(1.0, 5.0, 0), &weights)?;
    /// let host = weights.read()?;
    /// assert!((host[0] - 0.6).abs() < 1e-5 && (host[1] - 3.0).abs() < 1e-5);
    /// # Ok::<(), normproj::Error>(())
    /// ```
    pub fn min_max_norm(low: f64, high: f64, axes: impl Into<Axes>) -> Self {
        Projection::new(Set::MinMaxNorm { low, high, rate: 1.0 }, axes.into())
    }

    /// The part of the way that [`Projection::min_max_norm`] goes, from 0 to 1; the others have none
    /// and stay as they are.
    #[must_use]
    pub fn rate(mut self, part: f64) -> Self {
        if let Set::MinMaxNorm { rate, .. } = &mut self.set {
            *rate = part;
        }
        self
    }
}
