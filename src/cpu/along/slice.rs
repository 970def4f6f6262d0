//! One slice by itself: at the ends of the range of f64, or not finite.

use super::super::general::elements::{exponent, largest, sum, times_power};
use super::super::general::replaced;
use super::super::memory::Memory;
use super::super::number::Number;
use super::super::rule::is_cut;
use super::decide::{Planes, factor, of_slice};
use crate::plan::Plan;
use crate::plan::geometry::{Axis, Geometry};
use crate::plan::rule::Plane;
use crate::report::Tally;

/// Projects the slice of this number in row-major order of the kept axes.
pub(super) fn project<T: Number>(
    plan: &Plan,
    planes: &Planes<'_>,
    memory: &mut Memory<'_, T>,
    along: &[T],
    number: usize,
) -> Tally {
    let geometry = plan.geometry();
    let read = |data: &[T], stride: fn(&Axis) -> usize| -> Vec<f64> {
        places(geometry, number, stride).map(|place| data[place].wide()).collect()
    };
    let x = read(memory.source(), |axis| axis.source);
    let a = read(along, |axis| axis.direction);
    let (result, tally) = match planes.of(number) {
        Some(plane) => decide(plan, plane, &x, &a, number as u64),
        None => {
            let (_, tally) = decide(plan, planes.all, &x, &a, number as u64);
            (None, Tally { changed: 0, invalid: 1, ..tally })
        }
    };
    let (Some(result), Memory::InPlace(target) | Memory::Apart(_, target)) = (result, memory)
    else {
        return tally;
    };
    for (place, y) in places(geometry, number, |axis| axis.target).zip(result) {
        target[place] = T::narrow(y, is_cut(plan));
    }
    tally
}

/// What becomes of a slice, unless it stays.
fn decide(
    plan: &Plan,
    plane: Plane,
    x: &[f64],
    a: &[f64],
    number: u64,
) -> (Option<Vec<f64>>, Tally) {
    let (most, other) = (largest(x), largest(a));
    if !most.is_finite() {
        let first_non_finite = Some(number);
        let tally = Tally { slices: 1, non_finite: 1, first_non_finite, ..Tally::default() };
        return (replaced(plan.policy(), most.is_nan(), x), tally);
    }
    let zero = u64::from(most == 0.0);
    if !other.is_finite() || other == 0.0 {
        return (None, Tally { slices: 1, zero, degenerate: 1, ..Tally::default() });
    }
    let unit = if most == 0.0 { 0 } else { exponent(most) };
    let unit_a = exponent(other);
    let pairs = x.iter().zip(a);
    let products: Vec<f64> =
        pairs.map(|(x, a)| times_power(*x, -unit) * times_power(*a, -unit_a)).collect();
    let (product, squares) =
        (sum(&products, &|p| p), sum(a, &|a| times_power(a, -unit_a) * times_power(a, -unit_a)));
    // Product and offset in the larger of their units.
    let offset = |b: f64| if b == 0.0 || b.is_infinite() { i32::MIN } else { exponent(b.abs()) };
    let (own, far) = (unit + unit_a, product == 0.0);
    let common = match plane {
        Plane::Hyperplane { offset: b } | Plane::HalfSpace { offset: b } if far => {
            offset(b).max(-4000)
        }
        Plane::Hyperplane { offset: b } | Plane::HalfSpace { offset: b } => offset(b).max(own),
        Plane::Line => own,
    };
    let in_common = |b: f64| if b.is_infinite() { b } else { times_power(b, -common) };
    let plane = match plane {
        Plane::Hyperplane { offset } => Plane::Hyperplane { offset: in_common(offset) },
        Plane::HalfSpace { offset } => Plane::HalfSpace { offset: in_common(offset) },
        Plane::Line => Plane::Line,
    };
    let found = factor(plane, times_power(product, own - common), squares);
    let component = times_power(product.abs() / squares.sqrt(), unit).min(f64::MAX);
    let tally = Tally { zero, ..of_slice(component, found.is_some()) };
    let keeps = if plane == Plane::Line { 0.0 } else { 1.0 };
    let power = common - unit_a;
    let moved = |factor: f64| {
        let one = |(x, a): (&f64, &f64)| {
            // By its own exponent: beside the largest it may lie under f64, and the product does not.
            let own_unit = if *a == 0.0 { 0 } else { exponent(a.abs()) };
            let part = factor * times_power(*a, -own_unit);
            // In units of 2^8 where the way leads through numbers beyond f64.
            let drop = if power > 1000 || unit > 1000 { 8 } else { 0 };
            let part = times_power(part, power + own_unit - unit_a - drop);
            let sum = keeps * times_power(*x, -drop) - part;
            times_power(sum, drop)
        };
        x.iter().zip(a).map(one).collect()
    };
    (found.map(moved), tally)
}

/// The places of the elements of a slice, in row-major order of the reduced axes.
fn places(
    geometry: &Geometry,
    number: usize,
    stride: fn(&Axis) -> usize,
) -> impl Iterator<Item = usize> {
    let first: usize =
        geometry.kept.iter().map(|axis| number / axis.slice % axis.size * stride(axis)).sum();
    (0..geometry.length()).map(move |mut index| {
        let mut place = first;
        for axis in geometry.reduced.iter().rev() {
            place += index % axis.size * stride(axis);
            index /= axis.size;
        }
        place
    })
}
