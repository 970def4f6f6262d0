//! The sets that slices are projected onto.

use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::norm::Norm;

/// The set that slices are projected onto, and how it is reached.
///
/// *Radial* sets are reached by scaling a slice; *Euclidean* ones by the nearest point in L2. For the
/// L2 norm the two are the same.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Set {
    /// `{x : ‖x‖ ≤ c}`, radial.
    MaxNorm {
        /// Which norm is bounded.
        norm: Norm,
        /// The radius c.
        radius: f64,
    },
    /// The same set for gradients, where systems differ in an ε: see [`Compat`](crate::Compat).
    ClipNorm {
        /// Which norm is bounded.
        norm: Norm,
        /// The radius c.
        radius: f64,
    },
    /// `{x : ‖x‖₂ / m ≤ c}` for slices of m elements, radial.
    ClipAverageNorm {
        /// The bound c of the average norm.
        radius: f64,
    },
    /// `{x : ‖x‖₂ / √m ≤ c}` for slices of m elements, radial.
    ClipRms {
        /// The bound c of the root of the mean square.
        radius: f64,
    },
    /// `{x : ‖x‖ = c}`, radial.
    UnitNorm {
        /// Which norm is fixed.
        norm: Norm,
        /// The radius c.
        radius: f64,
    },
    /// `{x : ‖x‖₂ = |c|}`, radial, turned over where c is negative, as a radius in device memory may be.
    WeightNorm {
        /// The radius c; with radii in device memory what they are multiplied by.
        radius: f64,
    },
    /// `{x : lo ≤ ‖x‖₂ ≤ hi}`, radial, of which a part of the way is gone.
    MinMaxNorm {
        /// The least norm, lo.
        low: f64,
        /// The largest norm, hi.
        high: f64,
        /// Which part of the way is gone: 1 all of it, 0 none.
        rate: f64,
    },
    /// `{x : ‖x‖ ≤ c}` in L1, L2 or Linf, Euclidean.
    Ball {
        /// Which norm is bounded.
        norm: Norm,
        /// The radius c.
        radius: f64,
    },
    /// `{x : ‖x‖ = c}` in L1 or L2, Euclidean.
    Sphere {
        /// Which norm is fixed.
        norm: Norm,
        /// The radius c.
        radius: f64,
    },
    /// `{x : x ≥ 0, Σ x = c}`, Euclidean.
    Simplex {
        /// The sum c.
        radius: f64,
    },
    /// `{x : lo ≤ xᵢ ≤ hi}`, Euclidean.
    Bounds {
        /// The lower bound lo.
        low: f64,
        /// The upper bound hi.
        high: f64,
    },
    /// `{x : ⟨a, x⟩ = b}` for a direction a, Euclidean.
    Hyperplane {
        /// The offset b.
        offset: f64,
    },
    /// `{x : ⟨a, x⟩ ≤ b}` for a direction a, Euclidean.
    HalfSpace {
        /// The offset b.
        offset: f64,
    },
    /// `{s·a}` for a direction a, Euclidean.
    Line,
}

impl Set {
    /// The norm that decides what becomes of a slice. Of the simplex it is L1: what is inside has no
    /// negative element; of bounds it is the largest magnitude. Along a direction it is the L2 norm of the
    /// component.
    pub fn norm(&self) -> Norm {
        match *self {
            Set::MaxNorm { norm, .. }
            | Set::ClipNorm { norm, .. }
            | Set::UnitNorm { norm, .. }
            | Set::Ball { norm, .. }
            | Set::Sphere { norm, .. } => norm,
            Set::ClipAverageNorm { .. }
            | Set::ClipRms { .. }
            | Set::WeightNorm { .. }
            | Set::MinMaxNorm { .. } => Norm::L2,
            Set::Hyperplane { .. } | Set::HalfSpace { .. } | Set::Line => Norm::L2,
            Set::Simplex { .. } => Norm::L1,
            Set::Bounds { .. } => Norm::Linf,
        }
    }

    /// Whether a direction defines the set, which a request then needs.
    pub fn needs_direction(&self) -> bool {
        matches!(self, Set::Hyperplane { .. } | Set::HalfSpace { .. } | Set::Line)
    }

    /// The radius; the upper bound of sets that have two, the offset of planes, 0 of a line.
    pub fn radius(&self) -> f64 {
        match *self {
            Set::MaxNorm { radius, .. }
            | Set::ClipNorm { radius, .. }
            | Set::ClipAverageNorm { radius }
            | Set::ClipRms { radius }
            | Set::UnitNorm { radius, .. }
            | Set::WeightNorm { radius }
            | Set::Ball { radius, .. }
            | Set::Sphere { radius, .. }
            | Set::Simplex { radius } => radius,
            Set::MinMaxNorm { high, .. } | Set::Bounds { high, .. } => high,
            Set::Hyperplane { offset } | Set::HalfSpace { offset } => offset,
            Set::Line => 0.0,
        }
    }

    /// The same set with another radius, upper bound or offset; a line has none and stays.
    #[must_use]
    pub fn with_radius(mut self, c: f64) -> Self {
        match &mut self {
            Set::MaxNorm { radius, .. }
            | Set::ClipNorm { radius, .. }
            | Set::ClipAverageNorm { radius }
            | Set::ClipRms { radius }
            | Set::UnitNorm { radius, .. }
            | Set::WeightNorm { radius }
            | Set::Ball { radius, .. }
            | Set::Sphere { radius, .. }
            | Set::Simplex { radius } => *radius = c,
            Set::MinMaxNorm { high, .. } | Set::Bounds { high, .. } => *high = c,
            Set::Hyperplane { offset } | Set::HalfSpace { offset } => *offset = c,
            Set::Line => {}
        }
        self
    }

    /// The same set with its radius, both of its norms or its offset times a number. A least norm of 0 and
    /// a largest that is infinite bound nothing, and stay.
    pub(crate) fn times(self, factor: f64) -> Self {
        match self {
            Set::MinMaxNorm { low, high, rate } => Set::MinMaxNorm {
                low: if low == 0.0 { low } else { low * factor },
                high: if high.is_infinite() { high } else { high * factor },
                rate,
            },
            set => set.with_radius(set.radius() * factor),
        }
    }

    /// Whether its radii may be in device memory: one number has to say where the set is.
    pub(crate) fn takes_radii(&self) -> bool {
        !matches!(self, Set::Bounds { .. } | Set::Line)
    }

    /// Refuses what no slice could satisfy.
    pub(crate) fn check(&self, dtype: DType) -> Result<()> {
        let exactly = |radius| exactly(radius, dtype);
        match *self {
            Set::MaxNorm { radius, .. }
            | Set::ClipNorm { radius, .. }
            | Set::ClipAverageNorm { radius }
            | Set::ClipRms { radius } => at_most(radius),
            Set::UnitNorm { radius, .. } | Set::WeightNorm { radius } | Set::Simplex { radius } => {
                exactly(radius)
            }
            Set::MinMaxNorm { low, high, rate } => {
                exactly(low)?;
                at_most(high)?;
                if low > high {
                    return Err(Error::Bounds { low, high });
                }
                // Not `rate < 0.0 || rate > 1.0`: NaN must be refused too.
                if (0.0..=1.0).contains(&rate) { Ok(()) } else { Err(Error::Rate { rate }) }
            }
            Set::Ball { norm: Norm::Lp(p), .. } => Err(Error::NoProjection { norm: Norm::Lp(p) }),
            Set::Ball { radius, .. } => at_most(radius),
            Set::Sphere { norm: Norm::L1 | Norm::L2, radius } => exactly(radius),
            Set::Sphere { norm, .. } => Err(Error::NoProjection { norm }),
            Set::Bounds { low, high } => {
                // Negated, so that NaN fails it.
                let largest = dtype.largest();
                let ordered = low <= high && low <= largest && high >= -largest;
                if ordered { Ok(()) } else { Err(Error::Bounds { low, high }) }
            }
            // Everything is in the half-space below infinity.
            Set::HalfSpace { offset: f64::INFINITY } | Set::Line => Ok(()),
            Set::Hyperplane { offset } | Set::HalfSpace { offset } => {
                if offset.is_finite() {
                    Ok(())
                } else {
                    Err(Error::Offset { offset })
                }
            }
        }
    }
}

/// A bound from above: infinity bounds nothing.
fn at_most(radius: f64) -> Result<()> {
    // Not `radius < 0.0`: NaN must be refused too.
    if radius >= 0.0 { Ok(()) } else { Err(Error::Radius { radius }) }
}

/// What a norm must be, or be at least: it has to be reached.
fn exactly(radius: f64, dtype: DType) -> Result<()> {
    at_most(radius)?;
    let largest = dtype.largest();
    if radius <= largest { Ok(()) } else { Err(Error::RadiusBeyond { radius, largest }) }
}

impl std::fmt::Display for Set {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Set::MaxNorm { norm, radius } => write!(formatter, "max-norm {radius} in {norm}"),
            Set::ClipNorm { norm, radius } => write!(formatter, "clip by norm {radius} in {norm}"),
            Set::ClipAverageNorm { radius } => write!(formatter, "clip by average norm {radius}"),
            Set::ClipRms { radius } => write!(formatter, "clip by root mean square {radius}"),
            Set::UnitNorm { norm, radius } => write!(formatter, "norm {radius} in {norm}"),
            Set::WeightNorm { radius } => write!(formatter, "weight norm {radius}"),
            Set::MinMaxNorm { low, high, rate } => {
                write!(formatter, "norm from {low} to {high} at rate {rate}")
            }
            Set::Ball { norm, radius } => write!(formatter, "{norm} ball of radius {radius}"),
            Set::Sphere { norm, radius } => write!(formatter, "{norm} sphere of radius {radius}"),
            Set::Simplex { radius } => write!(formatter, "simplex of sum {radius}"),
            Set::Bounds { low, high } => write!(formatter, "bounds {low} and {high}"),
            Set::Hyperplane { offset } => write!(formatter, "hyperplane of offset {offset}"),
            Set::HalfSpace { offset } => write!(formatter, "half-space of offset {offset}"),
            Set::Line => formatter.write_str("line"),
        }
    }
}
