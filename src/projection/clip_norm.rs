//! Clipping by norm: the set of max-norm, for gradients.

use super::{Projection, Set};
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

    /// Clip by average norm: every slice `x` of m elements becomes `x · min(1, c·m / ‖x‖₂)`, as the
    /// deprecated `tf.clip_by_average_norm`. That is [`Projection::clip_norm`] with `c·m`, for slices
    /// of any length.
    ///
    /// ```
    /// use normproj::{Axes, Context, Projection};
    /// let context = Context::cpu();
    /// let gradient = context.upload(&[3.0, 4.0], [2])?;
    /// context.project(&Projection::clip_average_norm(1.0, Axes::all()), &gradient)?;
    /// assert!((gradient.read()?[0] - 1.2).abs() < 1e-5); // a norm of 2
    /// # Ok::<(), normproj::Error>(())
    /// ```
    pub fn clip_average_norm(average: f64, axes: impl Into<Axes>) -> Self {
        Projection::new(Set::ClipAverageNorm { radius: average }, axes.into())
    }

    /// Clip by root mean square: every slice `x` of m elements becomes `x · min(1, c·√m / ‖x‖₂)`, as
    /// `optax.clip_by_block_rms`. The bound is on a typical element, whatever the length.
    ///
    /// ```
    /// use normproj::{Axes, Context, Projection};
    /// let context = Context::cpu();
    /// let gradient = context.upload(&[3.0, 3.0, -3.0, 3.0], [4])?;
    /// context.project(&Projection::clip_rms(1.0, Axes::all()), &gradient)?;
    /// assert!((gradient.read()?[0] - 1.0).abs() < 1e-5);
    /// # Ok::<(), normproj::Error>(())
    /// ```
    pub fn clip_rms(root_mean_square: f64, axes: impl Into<Axes>) -> Self {
        Projection::new(Set::ClipRms { radius: root_mean_square }, axes.into())
    }
}
