//! Clipping by norm: the set of max-norm, for gradients.

use super::{Compat, Projection, Set};
use crate::axes::Axes;
use crate::norm::Norm;

impl Projection {
    /// Clip by norm: every slice `x` becomes `x · min(1, c / ‖x‖₂)`, as `tf.clip_by_norm` with
    /// `axes`. The same set and the same guarantees as [`Projection::max_norm`]; another name,
    /// because other systems treat gradients by another formula, which [`Projection::compat`]
    /// reproduces.
    ///
    /// ```
    /// use normproj::{Axes, Compat, Context, Projection};
    /// let context = Context::cpu();
    /// let gradient = context.upload(&[3.0, 4.0], [2])?;
    /// let clip = Projection::clip_norm(1.0, Axes::all()).compat(Compat::TensorFlow);
    /// context.project(&clip, &gradient)?;
    /// assert_eq!(gradient.read()?, [0.6, 0.8]);
    /// # Ok::<(), normproj::Error>(())
    /// ```
    pub fn clip_norm(radius: f64, axes: impl Into<Axes>) -> Self {
        Projection::new(Set::ClipNorm { norm: Norm::L2, radius }, axes.into())
    }

    /// The same clip by the formula of another system. A max-norm constraint has none yet: planning
    /// it is an error.
    #[must_use]
    pub fn compat(self, compat: Compat) -> Self {
        Projection { compat: Some(compat), ..self }
    }
}
