//! What a user can ask for: plain values that say which set, over which axes, and how the edges
//! are treated. Nothing here knows of a device.

mod ball;
mod bounds;
mod clip_norm;
mod compat;
mod max_norm;
mod min_max_norm;
mod plane;
mod policy;
mod set;
mod simplex;
mod unit_norm;
mod weight_norm;

pub use compat::{Compat, Formula, Place};
pub use policy::{OnNonFinite, Rounding, ZeroSlice};
pub use set::Set;

use crate::axes::Axes;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::norm::Norm;

/// A projection: a set, the axes whose elements form a slice, the rounding at the rim, and what
/// becomes of slices of zeros and of slices with NaN or infinity.
///
/// ```
/// use normproj::{Axes, Projection, WeightLayout};
/// // The incoming weights of each unit of a Keras model have norm 3 at most.
/// let weights = Projection::max_norm(3.0, Axes::per_unit(WeightLayout::Keras));
/// // Each row of a table, as Keras' `MaxNorm(1.0, axis=1)`.
/// let table = Projection::max_norm(1.0, 1);
/// assert_ne!(weights, table);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Projection {
    set: Set,
    axes: Axes,
    rounding: Rounding,
    on_non_finite: OnNonFinite,
    zero: ZeroSlice,
    compat: Option<Compat>,
    epsilon: Option<f64>,
    least_radius: f64,
}

impl Projection {
    fn new(set: Set, axes: Axes) -> Self {
        Projection {
            set,
            axes,
            rounding: Rounding::default(),
            on_non_finite: OnNonFinite::default(),
            zero: ZeroSlice::default(),
            compat: None,
            epsilon: None,
            least_radius: 0.0,
        }
    }

    /// The same projection with another rounding at the rim.
    #[must_use]
    pub fn rounding(self, rounding: Rounding) -> Self {
        Projection { rounding, ..self }
    }

    /// The same projection with another policy for slices that hold NaN or infinity.
    #[must_use]
    pub fn on_non_finite(self, on_non_finite: OnNonFinite) -> Self {
        Projection { on_non_finite, ..self }
    }

    /// The same projection with another policy for slices of zeros, which no factor brings to a
    /// norm. Of meaning to [`Projection::unit_norm`] and [`Projection::sphere`] alone.
    #[must_use]
    pub fn zero_slices(self, zero: ZeroSlice) -> Self {
        Projection { zero, ..self }
    }

    /// The same projection by the formula of another system; an error when it meets a tensor, if that
    /// system has none.
    #[must_use]
    pub fn compat(self, compat: Compat) -> Self {
        Projection { compat: Some(compat), ..self }
    }

    /// The ε of the formula of another system, where its caller set one (`F.normalize(x, eps=..)`,
    /// `keras.config.set_epsilon`). Without [`Projection::compat`] it is an error.
    #[must_use]
    pub fn with_epsilon(self, epsilon: f64) -> Self {
        Projection { epsilon: Some(epsilon), ..self }
    }

    /// The same projection in another norm, for [`Projection::max_norm`], [`Projection::clip_norm`]
    /// and [`Projection::unit_norm`], which scale; the others stay as they are.
    ///
    /// ```
    /// use normproj::{Context, Norm, Projection};
    /// let context = Context::cpu();
    /// let weights = context.upload(&[3.0, -1.0], [2])?;
    /// context.project(&Projection::max_norm(2.0, 0).norm_in(Norm::L1), &weights)?;
    /// assert!((weights.read()?[0] - 1.5).abs() < 1e-5);
    /// # Ok::<(), normproj::Error>(())
    /// ```
    #[must_use]
    pub fn norm_in(mut self, other: Norm) -> Self {
        if let Set::MaxNorm { norm, .. } | Set::ClipNorm { norm, .. } | Set::UnitNorm { norm, .. } =
            &mut self.set
        {
            *norm = other;
        }
        self
    }

    /// What radii in device memory are taken for at least: slice i has the radius `c·max(rᵢ, least)`,
    /// c that of the projection. Of meaning only with [`Request::with_radii`](crate::Request::with_radii),
    /// and none to planes, whose offsets have a sign;
    /// one that is negative or not finite is refused when the projection meets a tensor.
    ///
    /// Adaptive gradient clipping (Brock et al. 2021, arXiv 2102.06171; `optax.adaptive_grad_clip`) is
    /// this and the norms of weights:
    ///
    /// ```
    /// use normproj::{Axes, Context, Norm, Projection};
    /// let context = Context::cpu();
    /// let weights = context.upload(&[3.0, 0.0, 4.0, 0.0], [2, 2])?;
    /// let gradient = context.upload(&[0.3, 0.1, 0.4, 0.0], [2, 2])?;
    /// let norms = context.zeros([2])?;
    /// context.norms(Norm::L2, 0, &weights, &norms)?;
    /// let clip = Projection::clip_norm(0.01, 0).least_radius(1e-3);
    /// context.project_with_radii(&clip, &gradient, &norms)?;
    /// let clipped = gradient.read()?;
    /// assert!((clipped[0] - 0.03).abs() < 1e-6); // 0.01 of a weight of norm 5
    /// assert!((clipped[1] - 1e-5).abs() < 1e-9); // of a weight of zeros, taken for 1e-3
    /// # Ok::<(), normproj::Error>(())
    /// ```
    #[must_use]
    pub fn least_radius(self, least_radius: f64) -> Self {
        Projection { least_radius, ..self }
    }

    /// The set.
    pub fn set(&self) -> Set {
        self.set
    }

    /// The axes that a slice extends over.
    pub fn axes(&self) -> Axes {
        self.axes
    }

    /// The rounding at the rim. Other systems aim at the rim itself.
    pub fn rounds(&self) -> Rounding {
        if self.compat.is_some() { Rounding::Nearest } else { self.rounding }
    }

    /// What becomes of slices with NaN or infinity.
    pub fn policy(&self) -> OnNonFinite {
        self.on_non_finite
    }

    /// What becomes of slices of zeros.
    pub fn zero_policy(&self) -> ZeroSlice {
        self.zero
    }

    /// The formula that slices are multiplied by; our own, unless [`Projection::compat`] says
    /// otherwise.
    ///
    /// # Errors
    /// [`Error::Compat`] if the system has no such operation, or an ε is set without one;
    /// [`Error::Epsilon`] for one that is negative or not finite.
    pub fn formula(&self) -> Result<Formula> {
        let formula = match (self.compat, self.epsilon) {
            (None, None) => return Ok(Formula::OWN),
            (None, Some(_)) => {
                let what = format!("ε of {}", self.set);
                return Err(Error::Compat { what, compat: "this library".to_string() });
            }
            (Some(compat), _) => compat.formula(&self.set)?,
        };
        match self.epsilon {
            None => Ok(formula),
            Some(epsilon) if epsilon >= 0.0 && epsilon.is_finite() => {
                Ok(Formula { epsilon, ..formula })
            }
            Some(epsilon) => Err(Error::Epsilon { epsilon }),
        }
    }

    /// The norm that is computed for each slice.
    pub fn norm(&self) -> Norm {
        self.set.norm()
    }

    /// The radius of the set; the upper bound of a set that has two.
    pub fn radius(&self) -> f64 {
        self.set.radius()
    }

    /// What radii in device memory are taken for at least.
    pub fn least(&self) -> f64 {
        self.least_radius
    }

    /// The same projection onto a set of another radius, or upper bound.
    #[must_use]
    pub fn with_radius(self, radius: f64) -> Self {
        self.onto(self.set.with_radius(radius))
    }

    /// The same projection onto another set.
    pub(crate) fn onto(self, set: Set) -> Self {
        Projection { set, ..self }
    }

    /// Refuses what no tensor could satisfy.
    pub(crate) fn check(&self, dtype: DType) -> Result<()> {
        self.set.check(dtype)?;
        // Not `< 0.0`: NaN must be refused too.
        if !(self.least_radius >= 0.0 && self.least_radius.is_finite()) {
            return Err(Error::Radius { radius: self.least_radius });
        }
        self.formula().map(drop)
    }
}

impl std::fmt::Display for Projection {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}", self.set)?;
        // Bounds are of single elements, whatever the axes say.
        if !matches!(self.set, Set::Bounds { .. }) {
            write!(formatter, " {}", self.axes)?;
        }
        match (self.compat, self.rounding) {
            (Some(compat), _) => write!(formatter, " as {compat}")?,
            (None, Rounding::Feasible) => {}
            (None, Rounding::Nearest) => formatter.write_str(", rounded to nearest")?,
            (None, Rounding::TowardZero) => formatter.write_str(", rounded toward zero")?,
        }
        if self.zero == ZeroSlice::BasisVector {
            formatter.write_str(", zero slices to the first basis vector")?;
        }
        match self.on_non_finite {
            OnNonFinite::Leave => Ok(()),
            policy => write!(formatter, ", non-finite: {policy}"),
        }
    }
}
