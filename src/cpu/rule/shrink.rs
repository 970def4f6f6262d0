//! Slices whose elements move toward zero by one distance.

use super::is_plain;
use crate::cpu::kernel::{self, Columns, Sought};
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
    /// NaN of a slice that is kept.
    target: f64,
    double: bool,
}

/// What is done to slices that are counted from one on: to all the same, or to each its own.
#[derive(Debug, Clone, Copy)]
pub(in crate::cpu) enum Shrinkings<'a> {
    All(&'a Shrinking),
    Each(&'a [Shrinking]),
}

/// Slices that can be read a second time, and what they are counted as.
pub(in crate::cpu) trait Slices: Sync {
    /// The kinks of those that are asked for.
    fn kinks(&self, shrinkings: Shrinkings<'_>, powers: &[f64]) -> Vec<Kink>;

    /// The number of the slice in a slot, in row-major order of the kept axes.
    fn number(&self, slot: usize) -> usize;
}

impl Shrinking {
    pub fn new(sums: Shrink, double: bool) -> Self {
        let Shrink { magnitudes, low, high, target, .. } = sums;
        Shrinking { magnitudes, low, high, target, double }
    }

    /// Whether magnitudes shrink; else elements do.
    pub fn magnitudes(&self) -> bool {
        self.magnitudes
    }

    /// Of a slice that keeps its bits.
    pub fn none(magnitudes: bool, double: bool) -> Self {
        Shrinking { magnitudes, low: 0.0, high: 0.0, target: f64::NAN, double }
    }

    /// Whether a slice with this sum of magnitudes has to be looked at: one on the simplex may hold
    /// negative elements.
    pub fn asks(&self, power: f64) -> bool {
        let inside = self.magnitudes && (self.is_within(power) || power == 0.0);
        let none = self.target.is_nan() || self.double && self.is_beyond(power);
        power.is_finite() && !inside && !none
    }

    /// What becomes of a slice that is asked for.
    pub fn kink<R: Real>(&self, slice: &[R], power: f64) -> Kink {
        self.known(|| slice, power).unwrap_or_else(|| {
            let [kink] =
                kernel::search([slice], Shrinkings::All(self).sought_in(&[0], &[power], None));
            kink
        })
    }

    /// As [`Shrinking::kink`], unless the slice has to be searched.
    pub fn known<'a, R: Real>(&self, slice: impl FnOnce() -> &'a [R], power: f64) -> Option<Kink> {
        if self.grows(power) {
            let slice = slice();
            let most = kernel::most(slice, self.magnitudes);
            return Some(Kink::grown::<R>(most, power, self.target, slice.len()));
        }
        (self.is_on_simplex(power) && !kernel::any_negative(slice())).then_some(Kink::KEPT)
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

    fn grows(&self, power: f64) -> bool {
        self.magnitudes && power < self.low
    }
}

impl Shrinkings<'_> {
    /// Those from a slice on.
    pub fn from(self, first: usize) -> Self {
        match self {
            Shrinkings::All(_) => self,
            Shrinkings::Each(own) => Shrinkings::Each(&own[first..]),
        }
    }

    /// That of a slice.
    pub fn of(&self, slot: usize) -> &Shrinking {
        match self {
            Shrinkings::All(shrinking) => shrinking,
            Shrinkings::Each(own) => &own[slot],
        }
    }

    /// Whether a slice with this sum of magnitudes has to be looked at: see [`Shrinking::asks`].
    pub fn ask(&self, powers: &[f64]) -> bool {
        powers.iter().enumerate().any(|(slot, &power)| self.of(slot).asks(power))
    }

    /// What becomes of slices.
    pub fn decide<R: Real>(self, powers: &[f64], slices: &dyn Slices) -> Outcomes<R> {
        if !self.ask(powers) {
            return Outcomes::Kept;
        }
        let (kinks, magnitudes) = (slices.kinks(self, powers), self.of(0).magnitudes);
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
        let one = |(slot, &kink): (usize, &Kink)| Moved::new(kink, self.of(slot).target);
        kinks.iter().enumerate().map(one).collect()
    }

    /// Which slices side by side have to be searched: those on the simplex only if they hold a negative
    /// element, which is looked up if there are any.
    pub fn asked(&self, powers: &[f64], negative: impl FnOnce() -> Vec<bool>) -> Vec<bool> {
        let each = powers.iter().enumerate();
        let mut asked: Vec<bool> = each.map(|(i, &power)| self.of(i).asks(power)).collect();
        let on_simplex = |i: usize| self.of(i).is_on_simplex(powers[i]);
        if (0..powers.len()).any(on_simplex) {
            let with_negative = negative().into_iter().enumerate();
            with_negative.for_each(|(i, negative)| asked[i] &= negative || !on_simplex(i));
        }
        asked
    }

    /// What is sought of slices in these slots.
    pub fn sought_in<const N: usize>(
        self,
        slots: &[usize; N],
        powers: &[f64],
        like: Option<f64>,
    ) -> Sought<N> {
        let magnitudes = self.of(0).magnitudes;
        let mut sought =
            Sought { magnitudes, asked: [true; N], powers: [0.0; N], c: [0.0; N], like };
        for (i, &slot) in slots.iter().enumerate() {
            (sought.powers[i], sought.c[i]) = (powers[slot], self.of(slot).target);
        }
        sought
    }

    /// What is sought of slices side by side that are asked for and do not grow.
    pub fn sought<const N: usize>(self, asked: &[bool], powers: &[f64]) -> Sought<N> {
        let magnitudes = self.of(0).magnitudes;
        // Of the columns that are missing nothing is asked.
        let mut sought =
            Sought { magnitudes, asked: [false; N], powers: [0.0; N], c: [1.0; N], like: None };
        for (column, &power) in powers.iter().enumerate().filter(|(column, _)| asked[*column]) {
            let own = self.of(column);
            sought.asked[column] = !own.grows(power);
            (sought.powers[column], sought.c[column]) = (power, own.target);
        }
        sought
    }

    /// As [`Shrinking::kink`], of slices side by side that are asked for.
    pub fn kinks<R: Real>(
        self,
        columns: Columns<'_, R>,
        asked: &[bool],
        powers: &[f64],
        kinks: &mut [Kink],
    ) {
        if !asked.contains(&true) {
            return;
        }
        let found = kernel::search_columns(columns, self.sought(asked, powers));
        for (column, (kink, &power)) in kinks.iter_mut().zip(powers).enumerate() {
            let (own, length) = (self.of(column), columns.rows.len());
            match () {
                () if !asked[column] => (),
                () if own.grows(power) => {
                    *kink = Kink::grown::<R>(found[column].most, power, own.target, length);
                }
                () => *kink = found[column],
            }
        }
    }
}
