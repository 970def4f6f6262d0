//! What the contract grants each set: which slices keep their bits, how near the exact projection an
//! element is, and where a slice ends.

use normproj::plan::margin::{Bounds, Margin};
use normproj::{Norm, Projection, Rounding, Set, reference};

/// What one slice of a projection is judged by.
pub struct SetBounds {
    set: Set,
    norm: Norm,
    bounds: Bounds,
    unit: f64,
    /// The radius, or the upper bound, as the library works with it.
    high: f64,
    low: f64,
    rate: f64,
    feasible: bool,
    always: bool,
}

/// Below this an adapter may take elements for zero.
const TINY: f64 = f32::MIN_POSITIVE as f64;

impl SetBounds {
    /// For slices of so many elements.
    pub fn new(projection: &Projection, length: usize, margin: Margin) -> Self {
        let (set, norm, length) = (projection.set(), projection.norm(), length as f64);
        let (low, high, rate) = match set {
            Set::UnitNorm { radius, .. } | Set::Sphere { radius, .. } | Set::Simplex { radius } => {
                (radius, radius, 1.0)
            }
            Set::MinMaxNorm { low, high, rate } => (low, high, rate),
            Set::ClipAverageNorm { radius } => (0.0, radius * length, 1.0),
            Set::ClipRms { radius } => (0.0, radius * length.sqrt(), 1.0),
            _ => (0.0, projection.radius(), 1.0),
        };
        let feasible = projection.rounds() != Rounding::Nearest;
        SetBounds {
            set,
            norm,
            bounds: margin.of(norm),
            unit: margin.unit,
            high: if matches!(set, Set::Bounds { .. }) { high } else { reference::radius(high) },
            low: if matches!(set, Set::Bounds { .. }) { low } else { reference::radius(low) },
            rate,
            feasible,
            always: projection.formula().expect("valid").always,
        }
    }

    fn is_sphere(&self) -> bool {
        // Too near each other for anything to be surely between.
        let kappa = self.bounds.kappa;
        self.low > 0.0 && self.low * (1.0 + kappa) > self.high * (1.0 - kappa)
    }

    /// Whether elements of a slice are all normal numbers, or far below the largest.
    pub fn normal(&self, x: &[f32]) -> bool {
        let n = reference_norm(self.norm, x);
        let room = reference_norm(self.norm, &vec![1.0; x.len()]) * 4.0 * TINY;
        let reached = self.high == 0.0 || self.high >= room;
        reached && (n == 0.0 || n >= room || self.low == 0.0)
    }

    /// Whether a finite slice must keep every bit.
    pub fn keeps(&self, x: &[f32]) -> bool {
        let Bounds { sigma, kappa } = self.bounds;
        let n = reference_norm(self.norm, x);
        let near = |c: f64| (n / c - 1.0).abs() <= kappa - sigma - 4.0 * self.unit;
        match self.set {
            Set::Bounds { low, high } => {
                x.iter().all(|&x| f64::from(x) >= low && f64::from(x) <= high)
            }
            Set::Ball { norm: Norm::Linf, .. } => n <= self.high,
            _ if self.always => false,
            Set::Simplex { .. } => self.feasible && x.iter().all(|&x| x >= 0.0) && near(self.high),
            _ if n == 0.0 => self.low == 0.0,
            _ if self.is_sphere() => self.feasible && near(self.high),
            _ => {
                let room = if self.feasible { 2.0 * sigma } else { 2.0 * sigma + 8.0 * self.unit };
                n <= self.high * (1.0 - room)
                    && (self.low == 0.0 || n >= self.low * (1.0 + kappa + 4.0 * self.unit))
            }
        }
    }

    /// How far an element may be from the exact one.
    pub fn error(&self, exact: f64, norm: f64) -> f64 {
        let Bounds { sigma, kappa } = self.bounds;
        let c = self.high.min(f64::MAX);
        match self.set {
            Set::Bounds { .. } | Set::Ball { norm: Norm::Linf, .. } => 0.0,
            Set::Ball { norm: Norm::L1, .. }
            | Set::Sphere { norm: Norm::L1, .. }
            | Set::Simplex { .. } => {
                // Where a slice grows there is no c that bounds δ, but the exact element does.
                2.0 * kappa * c.max(exact.abs()) + 2.0 * TINY
            }
            _ => {
                let relative =
                    if self.feasible { 2.0 * kappa } else { sigma + kappa_free(self.unit) };
                // Elements that an adapter takes for zero, scaled up.
                let lost = if norm > 0.0 { TINY * (self.low / norm).max(1.0) } else { 0.0 };
                relative * exact.abs() + TINY + lost
            }
        }
    }

    /// Why a result is not where the set is.
    pub fn outside(&self, x: &[f32], y: &[f32]) -> Option<String> {
        // No norm is within reach of an empty slice.
        if y.is_empty() || !self.feasible || !self.normal(x) || self.rate < 1.0 {
            return None;
        }
        let (n, c) = (reference_norm(self.norm, y), self.high);
        let band = 2.0 * self.bounds.kappa * c + 2.0 * TINY * y.len() as f64;
        let on = |n: f64| ((n - c).abs() > band).then(|| format!("norm {n:e}, not {c:e}"));
        match self.set {
            Set::Bounds { low, high } => {
                let beyond = |y: &&f32| f64::from(**y) < low || f64::from(**y) > high;
                y.iter().find(beyond).map(|y| format!("{y:e} is beyond {low:e} and {high:e}"))
            }
            Set::Simplex { .. } if y.iter().any(|&y| y < 0.0) => Some("a negative".to_string()),
            Set::Simplex { .. } => on(y.iter().map(|&y| f64::from(y)).sum()),
            _ if x.iter().all(|&x| x == 0.0) => None,
            _ if self.is_sphere() => on(n),
            _ if exceeds(self.norm, y, c) => Some(format!("norm {n:e} over {c:e}")),
            _ if n < self.low => Some(format!("norm {n:e} under {:e}", self.low)),
            _ => None,
        }
    }

    /// Whether a second projection must change nothing.
    pub fn idempotent(&self) -> bool {
        self.feasible && self.rate == 1.0
    }
}

/// What a factor, a product and their rounding may be off by where nothing is added for safety.
fn kappa_free(unit: f64) -> f64 {
    10.0 * unit
}

fn exceeds(norm: Norm, y: &[f32], c: f64) -> bool {
    match norm {
        // No exact sum of powers is to be had: f64's error is far below ours.
        Norm::Lp(_) => reference_norm(norm, y) > c * (1.0 + 1e-13),
        _ => reference::exceeds_in(norm, y, c),
    }
}

/// The exact norm of a finite slice.
pub fn reference_norm(norm: Norm, x: &[f32]) -> f64 {
    reference::norm(norm, x)
}
