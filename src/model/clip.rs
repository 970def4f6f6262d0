//! What is done to a group of tensors.

use crate::error::{Error, Result};
use crate::norm::Norm;
use crate::projection::{Compat, Formula, OnNonFinite, Place, Rounding};

/// Clipping of many tensors, as a plain value: one norm over all of them, each by its own norm, or
/// each element by itself. Tensors of any dtype may be mixed in one group: what is under one norm then has
/// the room that rounding the coarsest of them needs ([`Rounding::Feasible`]). Where f64 is among them sums,
/// norms and factors of all are f64, also on a GPU, so that a radius keeps its bits and a norm its range; every
/// element is rounded once to its own dtype. A GPU without f64 refuses such a group.
///
/// ```
/// use normproj::{Clip, Compat, Norm, OnNonFinite};
/// // As torch.nn.utils.clip_grad_norm_(parameters, 1.0).
/// let torch = Clip::global_norm(1.0).compat(Compat::Torch);
/// // Nothing compares to it natively: feasible, idempotent, and safe from overflow.
/// let native = Clip::global_norm(1.0).norm(Norm::L2).on_non_finite(OnNonFinite::Zero);
/// assert_ne!(torch, native);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Clip {
    pub(crate) kind: Kind,
    pub(crate) rounding: Rounding,
    pub(crate) on_non_finite: OnNonFinite,
    pub(crate) compat: Option<Compat>,
    pub(crate) given: Option<GivenNorm>,
    /// Whether it is only decided what tensors are multiplied by.
    pub(crate) measured: bool,
}

/// What is clipped by what.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    /// All tensors by one norm.
    Global { norm: Norm, radius: f64 },
    /// Each tensor by its own norm.
    Each { norm: Norm, radius: f64 },
    /// Each element by itself.
    Value { low: f64, high: f64 },
    /// Nothing: the norms are computed and that is all.
    Norms { norm: Norm },
}

/// A global norm that was computed elsewhere.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum GivenNorm {
    /// By the host.
    Host(f64),
    /// On the device: one element in a buffer that is bound with the tensors, f64 where any of them is, else
    /// f32. One that is negative or NaN cannot be refused without a wait: the tensors are left and counted as not finite.
    Device,
}

impl Clip {
    fn new(kind: Kind) -> Self {
        let (rounding, on_non_finite) = (Rounding::default(), OnNonFinite::default());
        Clip { kind, rounding, on_non_finite, compat: None, given: None, measured: false }
    }

    /// Clip by global norm: with `n` the norm of all tensors as one vector, each becomes
    /// `x · min(1, c / n)`. The direction of the whole is kept; `tf.clip_by_global_norm`,
    /// `torch.nn.utils.clip_grad_norm_`, `optax.clip_by_global_norm`; Pascanu et al. 2013
    /// (arXiv 1211.5063).
    ///
    /// - **Inside** (`n ≤ c`) nothing is written. What is scaled lands at `c·(1 − κ)`.
    /// - **Every finite input works**: norms beyond f32, and factors below its normal range.
    /// - **NaN and infinity**: [`Clip::on_non_finite`]; by default nothing is written.
    /// - **Cost** for f32: 4 bytes an element where nothing is clipped, 12 where it is.
    pub fn global_norm(radius: f64) -> Self {
        Clip::new(Kind::Global { norm: Norm::L2, radius })
    }

    /// Clip by norm: each tensor becomes `x · min(1, c / ‖x‖)` by its own norm, as
    /// `tf.clip_by_norm`. For slices of a tensor see
    /// [`Projection::clip_norm`](crate::Projection::clip_norm).
    pub fn each_norm(radius: f64) -> Self {
        Clip::new(Kind::Each { norm: Norm::L2, radius })
    }

    /// Clip by value: each element becomes `min(max(x, low), high)`, exactly, as
    /// `tf.clip_by_value` and `torch.nn.utils.clip_grad_value_`. NaN stays NaN with its payload,
    /// whatever the policy; infinities become a bound. One read, and a write of what changes.
    pub fn value(low: f64, high: f64) -> Self {
        Clip::new(Kind::Value { low, high })
    }

    /// Nothing is clipped: the norm of all tensors and that of each are computed, as
    /// `tf.linalg.global_norm` and `torch.nn.utils.get_total_norm`; for L2 also half of the sum of
    /// squares, as `tf.nn.l2_loss`.
    pub fn norms(norm: Norm) -> Self {
        Clip::new(Kind::Norms { norm })
    }

    /// The same clip in another norm, that of any power among them; clipping by value has none. The norm
    /// of tensors is that of their norms in the same p, as in `torch.nn.utils.clip_grad_norm_`.
    #[must_use]
    pub fn norm(self, norm: Norm) -> Self {
        let kind = match self.kind {
            Kind::Global { radius, .. } => Kind::Global { norm, radius },
            Kind::Each { radius, .. } => Kind::Each { norm, radius },
            Kind::Norms { .. } => Kind::Norms { norm },
            Kind::Value { low, high } => Kind::Value { low, high },
        };
        Clip { kind, ..self }
    }

    /// The same clip with another rounding at the rim.
    #[must_use]
    pub fn rounding(self, rounding: Rounding) -> Self {
        Clip { rounding, ..self }
    }

    /// The same clip with another policy for NaN and infinity.
    #[must_use]
    pub fn on_non_finite(self, on_non_finite: OnNonFinite) -> Self {
        Clip { on_non_finite, ..self }
    }

    /// The same clip by the formula of another system.
    #[must_use]
    pub fn compat(self, compat: Compat) -> Self {
        Clip { compat: Some(compat), ..self }
    }

    /// Clips by a global norm that was computed elsewhere (`use_norm` of TensorFlow): the tensors
    /// are not read to compute it. With [`Clip::norms`] these are the two stages of
    /// `torch.nn.utils.get_total_norm` and `clip_grads_with_norm_`.
    #[must_use]
    pub fn use_norm(self, given: GivenNorm) -> Self {
        Clip { given: Some(given), ..self }
    }

    /// The same clip without its last pass: norm, factor and flag are on the device ([`Group::scale`](crate::Group::scale),
    /// [`Group::non_finite`](crate::Group::non_finite)) and the tensors keep every bit, because who reads them applies the
    /// factor, as an [`Optimizer`](crate::Optimizer) does. It then costs one read. Nothing of a clip by value.
    ///
    /// ```
    /// use normproj::{Clip, Context, Group, Model, Optimizer, Projection, Update};
    /// let context = Context::cpu();
    /// let weights = context.upload(&[0.5, 0.5], [2])?;
    /// let gradient = context.upload(&[3.0, 4.0], [2])?;
    /// let clip = Group::new(Clip::global_norm(1.0).measured(), &Model::unnamed(&context, [&gradient])?)?;
    /// let free = Projection::max_norm(f64::INFINITY, 0);
    /// let optimizer = Optimizer::new(Update::sgd(1.0), free, &weights)?;
    /// let optimizer = optimizer.factor_from(&clip.scale()?)?;
    /// let mut optimizer = optimizer.skip_from(&clip.non_finite()?)?;
    /// clip.enqueue()?;
    /// optimizer.step(&gradient)?;
    /// let after = weights.read()?;
    /// assert!((after[0] + 0.1).abs() < 1e-6 && (after[1] + 0.3).abs() < 1e-6);
    /// # Ok::<(), normproj::Error>(())
    /// ```
    #[must_use]
    pub fn measured(self) -> Self {
        Clip { measured: true, ..self }
    }

    /// The same clip at another radius; clipping by value and norms have none.
    #[must_use]
    pub fn with_radius(self, radius: f64) -> Self {
        let kind = match self.kind {
            Kind::Global { norm, .. } => Kind::Global { norm, radius },
            Kind::Each { norm, .. } => Kind::Each { norm, radius },
            kind @ (Kind::Value { .. } | Kind::Norms { .. }) => kind,
        };
        Clip { kind, ..self }
    }

    /// Which norm is computed; clipping by value computes none.
    pub fn norm_used(&self) -> Option<Norm> {
        match self.kind {
            Kind::Global { norm, .. } | Kind::Each { norm, .. } | Kind::Norms { norm } => {
                Some(norm)
            }
            Kind::Value { .. } => None,
        }
    }

    /// The radius c, where there is one.
    pub fn radius(&self) -> Option<f64> {
        match self.kind {
            Kind::Global { radius, .. } | Kind::Each { radius, .. } => Some(radius),
            Kind::Value { .. } | Kind::Norms { .. } => None,
        }
    }

    /// What becomes of groups with NaN or infinity.
    pub fn policy(&self) -> OnNonFinite {
        self.on_non_finite
    }

    /// The rounding at the rim. Other systems aim at the rim itself.
    pub fn rounds(&self) -> Rounding {
        if self.compat.is_some() { Rounding::Nearest } else { self.rounding }
    }

    /// What is added to a norm before it is compared and divides.
    pub fn epsilon(&self) -> f64 {
        self.compat.map_or(0.0, Compat::clip_epsilon)
    }

    pub(crate) fn formula(&self) -> Formula {
        Formula { epsilon: self.epsilon(), place: Place::Norm, always: false }
    }

    /// The global norm that was computed elsewhere, if so.
    pub fn given(&self) -> Option<GivenNorm> {
        self.given
    }

    /// Whether one norm runs over all tensors.
    pub fn is_global(&self) -> bool {
        matches!(self.kind, Kind::Global { .. } | Kind::Norms { .. })
    }

    /// Whether tensors may be written.
    pub fn writes(&self) -> bool {
        match self.kind {
            Kind::Norms { .. } => false,
            Kind::Value { .. } => true,
            Kind::Global { .. } | Kind::Each { .. } => !self.measured,
        }
    }

    /// Refuses what makes no sense for any tensor.
    pub(crate) fn check(&self) -> Result<()> {
        match self.kind {
            // Not `radius < 0.0`: NaN must be refused too.
            Kind::Global { radius, .. } | Kind::Each { radius, .. } if radius >= 0.0 => {}
            Kind::Global { radius, .. } | Kind::Each { radius, .. } => {
                return Err(Error::Radius { radius });
            }
            // Beyond the largest value a lower bound could not be met.
            Kind::Value { low, high }
                if low <= high && low <= f64::from(f32::MAX) && high >= f64::from(f32::MIN) => {}
            Kind::Value { low, high } => return Err(Error::Bounds { low, high }),
            Kind::Norms { .. } => {}
        }
        let mismatch = |what: &str| Err(Error::PlanMismatch { reason: what.to_string() });
        match (self.given, self.kind) {
            (None, _) => Ok(()),
            (Some(GivenNorm::Host(norm)), Kind::Global { .. }) if norm >= 0.0 => Ok(()),
            (Some(GivenNorm::Host(norm)), Kind::Global { .. }) => Err(Error::GivenNorm { norm }),
            (Some(GivenNorm::Device), Kind::Global { .. }) => Ok(()),
            _ => mismatch("a norm is given only to a clip by global norm"),
        }
    }
}

impl std::fmt::Display for Clip {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.kind {
            Kind::Global { norm, radius } => {
                write!(formatter, "clip by global norm {radius} in {norm}")?;
            }
            Kind::Each { norm, radius } => {
                write!(formatter, "clip each tensor by norm {radius} in {norm}")?;
            }
            Kind::Value { low, high } => write!(formatter, "clip by value {low} to {high}")?,
            Kind::Norms { norm } => write!(formatter, "{norm} norms")?,
        }
        match self.given {
            Some(GivenNorm::Host(norm)) => write!(formatter, ", norm {norm} given")?,
            Some(GivenNorm::Device) => formatter.write_str(", norm given on the device")?,
            None => {}
        }
        match (self.compat, self.rounding) {
            (Some(compat), _) => write!(formatter, " as {compat}")?,
            (None, Rounding::Feasible) => {}
            (None, Rounding::Nearest) => formatter.write_str(", rounded to nearest")?,
            (None, Rounding::TowardZero) => formatter.write_str(", rounded toward zero")?,
        }
        match self.on_non_finite {
            OnNonFinite::Leave => Ok(()),
            policy => write!(formatter, ", non-finite: {policy}"),
        }
    }
}
