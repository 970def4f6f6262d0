//! Sets that are reached by scaling: a slice times one number.

use super::double::Double;
use super::exact::{exceeds_in, radius_in};
use super::quotient::Quotient;
use super::radial::Magnitude;
use crate::dtype::DType;
use crate::norm::Norm;
use crate::projection::{Formula, Place, ZeroSlice};

/// The norms that slices are to have.
#[derive(Clone, Copy)]
pub(super) struct Interval {
    pub dtype: DType,
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
    pub fn project(&self, slice: &[f64]) -> Vec<Double> {
        let n = Magnitude::new(self.norm, slice);
        let (low, high) = (radius_in(self.dtype, self.low), radius_in(self.dtype, self.high));
        let kept = || slice.iter().map(|&x| x.into()).collect();
        if n.is_zero() {
            let basis = low > 0.0 && self.zero == ZeroSlice::BasisVector;
            let first = |i| Double::from(if i == 0 { low } else { 0.0 });
            return if basis { (0..slice.len()).map(first).collect() } else { kept() };
        }
        let Formula { epsilon, place, always } = self.formula;
        let compared = if place == Place::Norm { epsilon } else { 0.0 };
        // All in units of the norm's own power of two.
        let divisor = match place {
            Place::Floor => n.value.max(n.unit(epsilon)),
            Place::Divisor | Place::Norm => n.value + n.unit(epsilon),
        };
        let still = n.value / divisor;
        let goal = match () {
            () if exceeds_in(self.norm, slice, high - compared) => high,
            () if n.value < n.unit(low) => low,
            () if always => return slice.iter().map(|&x| still * Double::from(x)).collect(),
            () => return kept(),
        };
        let (rate, rest) = (Double::from(self.rate), Double::difference(1.0, self.rate));
        let goal = Quotient::new(goal, divisor, n.exponent).part(rate);
        let still = still * rest;
        let one = |&x: &f64| {
            let moved = goal.times(x);
            // Not plus zero: it would take the sign of minus zero.
            if self.rate == 1.0 { moved } else { moved + still * Double::from(x) }
        };
        slice.iter().map(one).collect()
    }
}
