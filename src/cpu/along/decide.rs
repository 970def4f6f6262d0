//! How far each slice moves.

use super::super::number::{Number, Real};
use super::super::tile::Tile;
use super::sums::Sums;
use crate::cpu::radii::Radii;
use crate::plan::Plan;
use crate::plan::rule::{Plane, Rule};
use crate::report::Tally;

/// What becomes of slices.
pub(super) struct Decided {
    /// What a slice's direction is multiplied with before it is taken away; NaN of slices that stay.
    pub factors: Vec<f64>,
    /// Slices that are left to others, by their numbers in row-major order of the kept axes.
    pub odd: Vec<usize>,
    pub tally: Tally,
}

/// Where slices go.
#[derive(Debug, Clone, Copy)]
pub(super) struct Planes<'a> {
    /// What becomes of all, and of those that have offsets in memory the kind of it.
    pub all: Plane,
    pub radii: Option<Radii<'a>>,
}

impl Planes<'_> {
    /// The plane of the slice of this number; none if its offset is none.
    pub fn of(&self, number: usize) -> Option<Plane> {
        match self.radii.map(|radii| radii.rule(number)) {
            None => Some(self.all),
            Some(Some(Rule::Along(plane))) => Some(plane),
            Some(_) => None,
        }
    }

    /// What a moved slice itself is multiplied with: 1, or 0 where nothing but its component stays.
    pub fn keeps(&self) -> f64 {
        if self.all == Plane::Line { 0.0 } else { 1.0 }
    }
}

/// The multiple of the direction that a finite slice loses, unless it stays. `product` is `⟨a, x⟩`,
/// `squares` `‖a‖²`.
pub(super) fn factor(plane: Plane, product: f64, squares: f64) -> Option<f64> {
    let (difference, moves) = match plane {
        Plane::Hyperplane { offset } => (product - offset, product != offset),
        Plane::HalfSpace { offset } => (product - offset, product > offset),
        // Nothing of it stays but its part along the direction.
        Plane::Line => (-product, true),
    };
    moves.then(|| difference / squares)
}

/// Decides about every slice of a tile, by its plane.
pub(super) fn decide<T: Number>(
    plan: &Plan,
    planes: &Planes<'_>,
    tile: &Tile,
    sums: &[Sums],
) -> Decided {
    let report = plan.request().report;
    let mut factors = vec![f64::NAN; sums.len()];
    let (mut odd, mut tally) = (Vec::new(), Tally::default());
    tile.each_slice(&mut |slot, number| {
        let Sums { dot, squares } = sums[slot];
        // A report counts those that have none.
        let Some(plane) = planes.of(number) else { return odd.push(number) };
        if !is_plain::<T>(plane, dot, squares) || (report && dot == 0.0) {
            return odd.push(number);
        }
        let found = factor(plane, dot, squares);
        factors[slot] = found.unwrap_or(f64::NAN);
        if report {
            tally = tally.merge(of_slice(dot.abs() / squares.sqrt(), found.is_some()));
        }
    });
    Decided { factors, odd, tally }
}

/// The tally of a finite slice.
pub(super) fn of_slice(component: f64, changed: bool) -> Tally {
    Tally {
        slices: 1,
        changed: changed.into(),
        largest_norm: component,
        norm_sum: component,
        ..Tally::default()
    }
}

/// Whether nothing left the range of f64, and slice and direction are finite: a product of finite numbers
/// of f32 is. A direction of zeros is not plain.
fn is_plain<T: Number>(plane: Plane, dot: f64, squares: f64) -> bool {
    if !T::Real::DOUBLE {
        return dot.is_finite() && squares.is_finite() && squares > 0.0;
    }
    const RANGE: std::ops::RangeInclusive<f64> = 1e-150..=1e150;
    let offset = match plane {
        Plane::Hyperplane { offset } | Plane::HalfSpace { offset } => offset.abs(),
        Plane::Line => 0.0,
    };
    let plain = offset == 0.0 || offset == f64::INFINITY || RANGE.contains(&offset);
    plain && RANGE.contains(&squares) && RANGE.contains(&dot.abs())
}
