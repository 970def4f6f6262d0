//! The max-norm constraint.

use super::{Projection, Set};
use crate::axes::Axes;
use crate::norm::Norm;

impl Projection {
    /// Max-norm: every slice `x` is scaled into `{y : ‖y‖₂ ≤ c}`, to
    /// `argmin ‖y − x‖₂ = x · min(1, c / ‖x‖₂)`. In other norms ([`Projection::norm_in`]) it is
    /// scaled by the same rule, which is then not the nearest point: that is [`Projection::ball`].
    ///
    /// A slice is the set of elements that share their index on the axes that are kept. With
    /// `axes = 0` and weights `[in, out]` that is one column, the incoming weights of a unit.
    ///
    /// - **Inside** nothing changes, bit for bit. What is scaled lands at `c·(1 − κ)`, so that the
    ///   result is feasible and a second projection changes nothing; [`Plan::explain`] prints κ
    ///   (about 4e-7 on the CPU, 1.1e-6 for 16 bits, at most 8e-6 on a GPU).
    /// - **Every finite input works**: squares do not overflow or underflow.
    /// - **NaN and infinity**: a slice that holds one keeps every bit, and a report counts it.
    /// - **c = 0** gives zeros that keep their signs; **c = ∞** changes nothing.
    /// - **Cost** for f32: 4 bytes an element where nothing violates, and 8 where everything does
    ///   and a slice stays on chip (12 otherwise); one to three dispatches.
    ///
    /// Hinton et al. 2012 (arXiv 1207.0580), Srivastava et al. 2014 §5.1; Keras `MaxNorm`,
    /// `torch.renorm`. Hinton bounds the *squared* length: his 15 is `c = √15` here.
    ///
    /// A negative or NaN radius is refused when the projection meets a tensor.
    ///
    /// [`Plan::explain`]: crate::Plan::explain
    ///
    /// ```
    /// use normproj::{Context, Projection};
    /// let context = Context::cpu();
    /// let weights = context.upload(&[3.0, 0.1, 4.0, 0.2], [2, 2])?;
    /// context.project(&Projection::max_norm(1.0, 0), &weights)?;
    /// let host = weights.read()?;
    /// assert!((host[0] - 0.6).abs() < 1e-6 && host[1] == 0.1); // the second column is inside
    /// # Ok::<(), normproj::Error>(())
    /// ```
    pub fn max_norm(radius: f64, axes: impl Into<Axes>) -> Self {
        Projection::new(Set::MaxNorm { norm: Norm::L2, radius }, axes.into())
    }
}
