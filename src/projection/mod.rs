//! What a user can ask for: plain values that say which set, over which axes, and how the edges
//! are treated. Nothing here knows of a device.

mod clip_norm;
mod compat;
mod max_norm;
mod policy;

pub use compat::Compat;
pub use policy::OnNonFinite;

use crate::axes::Axes;
use crate::error::{Error, Result};
use crate::norm::Norm;

/// How the result is rounded at the rim of the set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Rounding {
    /// What is projected lands at `c·(1 − κ)`: every slice ends inside, and projecting twice gives
    /// the same bits as once. `[3, 4]` with `c = 5` shrinks by about 1e-6.
    #[default]
    Feasible,
    /// What is projected lands at `c`, within rounding on either side; `[3, 4]` with `c = 5`
    /// stays. Neither feasible nor idempotent to the last bit.
    Nearest,
}

/// The set that slices are projected onto.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Set {
    /// `{x : ‖x‖ ≤ c}`, reached by scaling.
    MaxNorm {
        /// Which norm is bounded.
        norm: Norm,
        /// The radius c.
        radius: f64,
    },
    /// The same set for gradients, where systems differ in an ε: see [`Compat`].
    ClipNorm {
        /// Which norm is bounded.
        norm: Norm,
        /// The radius c.
        radius: f64,
    },
}

/// A projection: a set, the axes whose elements form a slice, the rounding at the rim, and what
/// becomes of slices with NaN or infinity.
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
    compat: Option<Compat>,
}

impl Projection {
    fn new(set: Set, axes: Axes) -> Self {
        let (rounding, on_non_finite) = (Rounding::default(), OnNonFinite::default());
        Projection { set, axes, rounding, on_non_finite, compat: None }
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

    /// What is added to a norm before it divides; 0 but for some of [`Compat`].
    pub fn epsilon(&self) -> f64 {
        self.compat.map_or(0.0, Compat::epsilon)
    }

    /// The norm that is computed for each slice.
    pub fn norm(&self) -> Norm {
        match self.set {
            Set::MaxNorm { norm, .. } | Set::ClipNorm { norm, .. } => norm,
        }
    }

    /// The radius of the set.
    pub fn radius(&self) -> f64 {
        match self.set {
            Set::MaxNorm { radius, .. } | Set::ClipNorm { radius, .. } => radius,
        }
    }

    /// The same projection onto a set of another radius.
    #[must_use]
    pub fn with_radius(self, radius: f64) -> Self {
        let set = match self.set {
            Set::MaxNorm { norm, .. } => Set::MaxNorm { norm, radius },
            Set::ClipNorm { norm, .. } => Set::ClipNorm { norm, radius },
        };
        Projection { set, ..self }
    }

    /// Refuses what no tensor could satisfy.
    pub(crate) fn check(&self) -> Result<()> {
        match self.set {
            Set::MaxNorm { radius, .. } => max_norm::check(radius)?,
            Set::ClipNorm { radius, .. } => max_norm::check(radius)?,
        }
        match (self.set, self.compat) {
            (Set::MaxNorm { .. }, Some(compat)) => Err(Error::Compat {
                what: "max-norm constraint".to_string(),
                compat: compat.to_string(),
            }),
            _ => Ok(()),
        }
    }
}

impl std::fmt::Display for Projection {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.set {
            Set::MaxNorm { norm, radius } => {
                write!(formatter, "max-norm {radius} in {norm} {}", self.axes)?;
            }
            Set::ClipNorm { norm, radius } => {
                write!(formatter, "clip by norm {radius} in {norm} {}", self.axes)?;
            }
        }
        match (self.compat, self.rounding) {
            (Some(compat), _) => write!(formatter, " as {compat}")?,
            (None, Rounding::Feasible) => {}
            (None, Rounding::Nearest) => formatter.write_str(", rounded to nearest")?,
        }
        match self.on_non_finite {
            OnNonFinite::Leave => Ok(()),
            policy => write!(formatter, ", non-finite: {policy}"),
        }
    }
}
