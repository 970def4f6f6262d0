//! Sets that are reached by scaling: a slice times one number.

use super::exact::{exceeds_in, radius};
use super::radial::norm;
use crate::norm::Norm;
use crate::projection::{Formula, Place, ZeroSlice};

/// The norms that slices are to have.
#[derive(Clone, Copy)]
pub(super) struct Interval {
    pub norm: Norm,
    /// As the caller gave it: it is rounded here. 0 where no slice is too short.
    pub low: f64,
    /// As `low`; infinite where no slice is too long.
    pub high: f64,
    /// The part of the way that is gone.
    pub rate: f64,
    pub formula: Formula,
    pub zero: ZeroSlice,
}

impl Interval {
    /// The exact projection of a finite slice.
    pub fn project(&self, slice: &[f32]) -> Vec<f64> {
        let n = norm(self.norm, slice);
        let low = radius(self.low);
        if n == 0.0 && low > 0.0 && self.zero == ZeroSlice::BasisVector {
            let first = |i| if i == 0 { low } else { 0.0 };
            return (0..slice.len()).map(first).collect();
        }
        let factor = if n == 0.0 { 1.0 } else { self.factor(slice, n) };
        slice.iter().map(|&x| f64::from(x) * factor).collect()
    }

    fn factor(&self, slice: &[f32], n: f64) -> f64 {
        let Formula { epsilon, place, always } = self.formula;
        let (low, high) = (radius(self.low), radius(self.high));
        let compared = if place == Place::Norm { epsilon } else { 0.0 };
        let divisor = if place == Place::Floor { n.max(epsilon) } else { n + epsilon };
        let goal = match () {
            () if exceeds_in(self.norm, slice, high - compared) => high,
            () if n < low => low,
            () if always => n,
            () => return 1.0,
        };
        (self.rate * goal + (1.0 - self.rate) * n) / divisor
    }
}
