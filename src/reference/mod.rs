//! The oracle: naive, in f64 and twice that for tensors of f64, one short function for each set. Never tuned, never shared with the
//! backends: it has an indexing, a summation and a rounding of the radius of its own.
//!
//! It gives the *exact* projection: no margin κ, no schedule. The one thing that it takes from the
//! library's promises is that the radius is rounded toward zero to 24 significant bits first (that of f64
//! tensors is not), see [`radius_in`]; without that a bound such as 0.1 would differ from the library's own by more than
//! the margin allows.
//!
//! ```
//! use normproj::{Layout, Projection, reference};
//! let layout = Layout::contiguous([2, 2])?;
//! let exact = reference::project(&Projection::max_norm(1.0, 0), &[3.0f32, 0.1, 4.0, 0.2], &layout)?;
//! assert_eq!(exact[..2], [0.6, f64::from(0.1f32)]);
//! # Ok::<(), normproj::Error>(())
//! ```

mod clip;
mod double;
mod exact;
mod examples;
mod index;
mod non_finite;
mod plane;
mod quotient;
mod radial;
mod rows;
mod scale;
mod shrink;
mod step;

pub use clip::{Clipped, Elements, clip, decayed};
pub use double::Double;
pub use exact::{
    bound, bound_in, exact_sum_of_magnitudes, exact_sum_of_squares, exceeds, exceeds_in, radius,
    radius_in,
};
pub use examples::{Summed, examples};
pub use index::{places, slices};
pub use plane::{
    component, exact_product, project_along, project_along_double, project_along_with_radii,
};
pub use rows::{project_rows, touched};
pub use step::step;

use crate::axes::Axes;
use crate::dtype::{DType, Element};
use crate::error::{Error, Result};
use crate::layout::Layout;
use crate::norm::Norm;
use crate::projection::{OnNonFinite, Projection, Set, ZeroSlice};
use exact::wide;
use quotient::Quotient;
use radial::Magnitude;
use scale::Interval;

/// The exact projection of a view of `data`, rounded to f64, in row-major order of the view. Of a slice
/// that holds a NaN or an infinity becomes what the projection's policy says.
///
/// # Errors
/// As [`Axes::resolve`]; [`Error::Radius`]; [`Error::OutOfBounds`] if the view leaves `data`.
pub fn project<T: Element>(
    projection: &Projection,
    data: &[T],
    layout: &Layout,
) -> Result<Vec<f64>> {
    Ok(project_double(projection, data, layout)?.into_iter().map(|y| y.high).collect())
}

/// [`project`] in twice the precision of f64, for tensors of f64.
///
/// # Errors
/// As [`project`].
pub fn project_double<T: Element>(
    projection: &Projection,
    data: &[T],
    layout: &Layout,
) -> Result<Vec<Double>> {
    each_slice(projection, data, layout, |_, slice| one(projection, slice, T::DTYPE))
}

/// [`project_double`] with radii in memory, one for each slice or one for all: slice i has the radius
/// `c·max(rᵢ, least)`, and keeps its elements if that is none. See
/// [`Request::with_radii`](crate::Request::with_radii).
///
/// # Errors
/// As [`project`]; [`Error::RadiusCount`].
pub fn project_with_radii<T: Element>(
    projection: &Projection,
    data: &[T],
    layout: &Layout,
    radii: &[f64],
) -> Result<Vec<Double>> {
    let (slices, found) = (slices(projection.axes(), layout.shape())?.len(), radii.len());
    if found != 1 && found != slices {
        return Err(Error::RadiusCount { slices, found });
    }
    each_slice(projection, data, layout, |number, slice| {
        let r = radii[if found == 1 { 0 } else { number }];
        let Some((own, turned)) = of_radius(projection, r, T::DTYPE) else {
            return Ok(slice.iter().map(|&x| x.into()).collect());
        };
        let finite = slice.iter().all(|x| x.is_finite());
        let result = one(&own, slice, T::DTYPE)?;
        let zero = slice.iter().all(|&x| x == 0.0) && projection.zero_policy() == ZeroSlice::Keep;
        let turned = turned && finite && !zero;
        Ok(if turned { result.into_iter().map(|y| -y).collect() } else { result })
    })
}

/// The exact projection of a view between limits in memory, one lower and one upper for each element in
/// row-major order; an element keeps its bits if nothing lies between them. See
/// [`Request::with_limits`](crate::Request::with_limits).
///
/// # Errors
/// As [`project`].
pub fn project_with_limits<T: Element>(
    projection: &Projection,
    data: &[T],
    layout: &Layout,
    [lower, upper]: [&[f64]; 2],
) -> Result<Vec<f64>> {
    let exact = each_slice(projection, data, layout, |number, slice| {
        match limits_of(projection, lower[number], upper[number], T::DTYPE) {
            None => Ok(slice.iter().map(|&x| x.into()).collect()),
            Some((low, high)) => {
                let (low, high) = (bound_in(T::DTYPE, low), bound_in(T::DTYPE, high));
                Ok(clamped(slice, low, high, projection.policy()))
            }
        }
    })?;
    Ok(exact.into_iter().map(|y| y.high).collect())
}

/// The bounds of an element with these limits; none if nothing lies between them.
pub fn limits_of(
    projection: &Projection,
    lower: f64,
    upper: f64,
    dtype: DType,
) -> Option<(f64, f64)> {
    let Set::Bounds { low, high } = projection.set() else { return None };
    let (low, high) = (bound_in(dtype, low), bound_in(dtype, high));
    let low = if lower > low { lower } else { low };
    let high = if upper < high { upper } else { high };
    let largest = dtype.largest();
    let numbers = !lower.is_nan() && !upper.is_nan();
    (numbers && low <= high && low <= largest && high >= -largest).then_some((low, high))
}

/// The projection of a slice whose radius in memory is r, and whether that turns the slice over; none if it
/// is no radius. Of a plane r is signed, and multiplies the offset.
///
/// ```
/// use normproj::{DType, Projection, reference};
/// let band = Projection::min_max_norm(0.5, 2.0, 0);
/// let (own, _) = reference::of_radius(&band, 3.0, DType::F32).expect("a radius");
/// assert_eq!(own, Projection::min_max_norm(1.5, 6.0, 0));
/// assert_eq!(reference::of_radius(&band, f64::NAN, DType::F32), None);
/// ```
pub fn of_radius(projection: &Projection, r: f64, dtype: DType) -> Option<(Projection, bool)> {
    let (set, most) = (projection.set(), r.abs().max(projection.least()));
    let (c, largest) = (set.radius() * most, dtype.largest());
    let reached = |c: f64| c >= 0.0 && c <= largest;
    let (own, fits) = match set {
        Set::WeightNorm { .. } => (set.with_radius(c), reached(c) && !r.is_nan()),
        Set::UnitNorm { .. } | Set::Sphere { .. } | Set::Simplex { .. } => {
            (set.with_radius(c), reached(c) && r >= 0.0)
        }
        Set::MinMaxNorm { low, high, rate } => {
            let low = if low > 0.0 { low * most } else { 0.0 };
            let high = if high < f64::INFINITY { high * most } else { high };
            (Set::MinMaxNorm { low, high, rate }, reached(low) && high >= 0.0 && r >= 0.0)
        }
        Set::Hyperplane { offset } => (set.with_radius(offset * r), (offset * r).is_finite()),
        Set::HalfSpace { offset } => (set.with_radius(offset * r), offset * r > f64::NEG_INFINITY),
        _ => (set.with_radius(c), c >= 0.0 && r >= 0.0),
    };
    let turned = matches!(set, Set::WeightNorm { .. }) && r < 0.0 && c > 0.0;
    fits.then(|| (projection.onto(own), turned))
}

fn each_slice<T: Element>(
    projection: &Projection,
    data: &[T],
    layout: &Layout,
    one: impl Fn(usize, &[f64]) -> Result<Vec<Double>>,
) -> Result<Vec<Double>> {
    projection.check(T::DTYPE)?;
    let view = gather(data, layout)?;
    let mut projected: Vec<Double> = view.iter().map(|&x| x.into()).collect();
    for (number, slice) in slices(projection.axes(), layout.shape())?.into_iter().enumerate() {
        let elements: Vec<f64> = slice.iter().map(|&i| view[i]).collect();
        let result = one(number, &elements)?;
        slice.iter().zip(result).for_each(|(&i, y)| projected[i] = y);
    }
    Ok(projected)
}

/// The exact projection of one slice.
fn one(projection: &Projection, slice: &[f64], dtype: DType) -> Result<Vec<Double>> {
    let (policy, set) = (projection.policy(), projection.set());
    let radius = |c: f64| radius_in(dtype, c);
    if let Set::Bounds { low, high } = set {
        return Ok(clamped(slice, bound_in(dtype, low), bound_in(dtype, high), policy));
    }
    if !slice.iter().all(|x| x.is_finite()) {
        let any_nan = slice.iter().any(|x| x.is_nan());
        let replaced = |&x: &f64| non_finite::replaced(policy, any_nan, x).into();
        return Ok(slice.iter().map(replaced).collect());
    }
    let (formula, zero) = (projection.formula()?, projection.zero_policy());
    let interval = |norm, low, high| Interval { dtype, norm, low, high, rate: 1.0, formula, zero };
    let length = slice.len() as f64;
    Ok(match set {
        Set::MaxNorm { norm, radius } | Set::ClipNorm { norm, radius } => {
            interval(norm, 0.0, radius).project(slice)
        }
        Set::ClipAverageNorm { radius } => interval(Norm::L2, 0.0, radius * length).project(slice),
        Set::ClipRms { radius } => interval(Norm::L2, 0.0, radius * length.sqrt()).project(slice),
        Set::UnitNorm { norm, radius } => interval(norm, radius, radius).project(slice),
        Set::WeightNorm { radius } => interval(Norm::L2, radius, radius).project(slice),
        Set::MinMaxNorm { low, high, rate } => {
            // Zero slices point nowhere, whatever else is asked for.
            let zero = ZeroSlice::Keep;
            Interval { rate, zero, ..interval(Norm::L2, low, high) }.project(slice)
        }
        Set::Ball { norm: Norm::L1, radius: c } => shrink::ball(slice, radius(c)),
        Set::Ball { norm: Norm::Linf, radius: c } => {
            let high = bound_in(dtype, c.abs());
            clamped(slice, -high, high, policy)
        }
        Set::Ball { norm, radius } => interval(norm, 0.0, radius).project(slice),
        Set::Sphere { norm: Norm::L1, radius: c } => shrink::sphere(slice, radius(c), zero),
        Set::Sphere { norm, radius } => interval(norm, radius, radius).project(slice),
        Set::Simplex { radius: c } => shrink::simplex(slice, radius(c)),
        Set::Bounds { low, high } => clamped(slice, low, high, policy),
        Set::Hyperplane { .. } | Set::HalfSpace { .. } | Set::Line => {
            return Err(Error::NoDirection { what: set.to_string() });
        }
    })
}

/// Every element at the nearer bound; a NaN becomes what the policy makes of it.
fn clamped(slice: &[f64], low: f64, high: f64, policy: OnNonFinite) -> Vec<Double> {
    let one = |&x: &f64| match x {
        x if x.is_nan() => non_finite::replaced(policy, true, x),
        x if x < low => low,
        x if x > high => high,
        x => x,
    };
    slice.iter().map(|x| one(x).into()).collect()
}

/// The exact norm of each slice of a view of `data`, rounded to f64 (beyond it infinite), in row-major
/// order of the kept axes. An empty slice has norm 0; one with a NaN has norm NaN, one with infinities
/// only infinity.
///
/// # Errors
/// As [`project`].
pub fn norms<T: Element>(
    norm: Norm,
    axes: impl Into<Axes>,
    data: &[T],
    layout: &Layout,
) -> Result<Vec<f64>> {
    let view = gather(data, layout)?;
    let of_slice = |slice: Vec<usize>| {
        let elements: Vec<f64> = slice.iter().map(|&i| view[i]).collect();
        Magnitude::new(norm, &elements).number()
    };
    Ok(slices(axes, layout.shape())?.into_iter().map(of_slice).collect())
}

/// The exact norm of one slice, rounded to f64, see [`norms`].
pub fn norm<T: Element>(norm: Norm, slice: &[T]) -> f64 {
    Magnitude::new(norm, &wide(slice)).number()
}

/// `c / ‖x‖` of one finite slice that is not zero, rounded to f64: its norm may lie beyond that. c is finite.
pub fn ratio<T: Element>(c: f64, norm: Norm, slice: &[T]) -> f64 {
    let Magnitude { value, exponent } = Magnitude::new(norm, &wide(slice));
    Quotient::new(c, value, exponent).number()
}

/// The elements of a view in row-major order, as f64.
fn gather<T: Element>(data: &[T], layout: &Layout) -> Result<Vec<f64>> {
    let size = |elements: usize| (size_of::<T>() * elements) as u64;
    let at = |place: usize| {
        let out = Error::OutOfBounds { needed: size(layout.end()), available: size(data.len()) };
        data.get(place).map(|&x| x.into()).ok_or(out)
    };
    places(layout).into_iter().map(at).collect()
}

#[cfg(test)]
mod tests;
