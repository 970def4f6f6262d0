//! Slices whose elements move toward zero by one distance.

use super::is_plain;
use crate::cpu::kernel::{self, LINE, Sought};
use crate::cpu::number::Real;
use crate::cpu::outcome::{Kink, Moved, Outcomes, Shrunk};
use crate::plan::rule::Shrink;

/// Euclidean projection onto a sum: of magnitudes (ball and sphere in L1), or of what is not negative
/// (simplex).
#[derive(Debug, Clone, Copy)]
pub(in crate::cpu) struct Shrinking {
    magnitudes: bool,
    low: f64,
    high: f64,
    target: f64,
    double: bool,
}

/// Slices that can be read a second time, and what they are counted as.
pub(in crate::cpu) trait Slices: Sync {
    /// The kinks of those that are asked for.
    fn kinks(&self, shrinking: &Shrinking, powers: &[f64]) -> Vec<Kink>;

    /// The number of the slice in a slot, in row-major order of the kept axes.
    fn number(&self, slot: usize) -> usize;
}

impl Shrinking {
    pub fn new(sums: Shrink, double: bool) -> Self {
        let Shrink { magnitudes, low, high, target, .. } = sums;
        Shrinking { magnitudes, low, high, target, double }
    }

    /// What becomes of slices.
    pub fn decide<R: Real>(&self, powers: &[f64], slices: &dyn Slices) -> Outcomes<R> {
        if !powers.iter().any(|&power| self.asks(power)) {
            return Outcomes::Kept;
        }
        let (kinks, magnitudes) = (slices.kinks(self, powers), self.magnitudes);
        let moved = match magnitudes {
            true => self.moved(&kinks).map(Outcomes::Nearer),
            false => self.moved(&kinks).map(Outcomes::Lowered),
        };
        let shrunk = |kink| Shrunk { kink, magnitudes };
        moved.unwrap_or_else(|| Outcomes::Shrunk(kinks.into_iter().map(shrunk).collect()))
    }

    /// Slices in the precision of their elements, if that is enough for all.
    fn moved<R: Real, const MAGNITUDES: bool>(
        &self,
        kinks: &[Kink],
    ) -> Option<Vec<Moved<R, MAGNITUDES>>> {
        kinks.iter().map(|&kink| Moved::new(kink, self.target)).collect()
    }

    /// Whether a slice with this sum of magnitudes has to be looked at: one on the simplex may hold
    /// negative elements.
    pub fn asks(&self, power: f64) -> bool {
        let inside = self.magnitudes && (self.is_within(power) || power == 0.0);
        power.is_finite() && !inside && !(self.double && self.is_beyond(power))
    }

    /// What becomes of a slice that is asked for.
    pub fn kink<R: Real>(&self, slice: &[R], power: f64) -> Kink {
        match () {
            () if self.is_on_simplex(power) && !kernel::any_negative(slice) => Kink::KEPT,
            () if self.grows(power) => {
                let most = kernel::most(slice, self.magnitudes);
                Kink::grown::<R>(most, power, self.target, slice.len())
            }
            () => kernel::search(slice, self.sought(), power),
        }
    }

    /// As [`Shrinking::kink`], of slices side by side.
    pub fn kinks<R: Real>(
        &self,
        rows: &[[R; LINE]],
        asked: &[bool],
        powers: &[f64],
        kinks: &mut [Kink],
    ) {
        if !asked.contains(&true) {
            return kinks.fill(Kink::KEPT);
        }
        // Of the columns that are missing nothing is asked.
        let mut searched = [false; LINE];
        for (searched, (&asked, &power)) in searched.iter_mut().zip(asked.iter().zip(powers)) {
            *searched = asked && !self.grows(power);
        }
        let mut all = [0.0; LINE];
        all[..powers.len()].copy_from_slice(powers);
        let found = kernel::search_columns(rows, self.sought(), searched, all);
        for (column, (kink, &power)) in kinks.iter_mut().zip(powers).enumerate() {
            *kink = match () {
                () if !asked[column] => Kink::KEPT,
                () if self.grows(power) => {
                    Kink::grown::<R>(found[column].most, power, self.target, rows.len())
                }
                () => found[column],
            };
        }
    }

    /// Whether a slice keeps its bits unless it holds a negative element.
    pub fn is_on_simplex(&self, power: f64) -> bool {
        !self.magnitudes && self.is_within(power)
    }

    /// Whether a sum of f64 leaves the range.
    pub fn is_beyond(&self, power: f64) -> bool {
        !is_plain(power) || !is_plain(self.target)
    }

    fn is_within(&self, power: f64) -> bool {
        power >= self.low && power <= self.high
    }

    fn sought(&self) -> Sought {
        Sought { magnitudes: self.magnitudes, c: self.target }
    }

    fn grows(&self, power: f64) -> bool {
        self.magnitudes && power < self.low
    }
}
