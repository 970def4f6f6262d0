//! The oracle: naive, in f64, one short function for each set. Never tuned, never shared with the
//! backends: it has an indexing, a summation and a rounding of the radius of its own.
//!
//! It gives the *exact* projection: no margin κ, no schedule. The one thing that it takes from the
//! library's promises is that the radius is rounded toward zero to 24 significant bits first, see
//! [`radius`]; without that a bound such as 0.1 would differ from the library's own by more than
//! the margin allows.
//!
//! ```
//! use normproj::{Layout, Projection, reference};
//! let layout = Layout::contiguous([2, 2])?;
//! let exact = reference::project(&Projection::max_norm(1.0, 0), &[3.0, 0.1, 4.0, 0.2], &layout)?;
//! assert_eq!(exact[..2], [3.0 * 0.2, f64::from(0.1f32)]);
//! # Ok::<(), normproj::Error>(())
//! ```

mod clip;
mod exact;
mod index;
mod non_finite;
mod radial;
mod scale;
mod shrink;

pub use clip::{Clipped, clip, decayed};
pub use exact::{
    bound, exact_sum_of_magnitudes, exact_sum_of_squares, exceeds, exceeds_in, radius,
};
pub use index::{places, slices};

use crate::axes::Axes;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::layout::Layout;
use crate::norm::Norm;
use crate::projection::{OnNonFinite, Projection, Set, ZeroSlice};
use scale::Interval;

/// The exact projection of a view of `data`, in row-major order of the view. Of a slice that holds
/// a NaN or an infinity becomes what the projection's policy says.
///
/// # Errors
/// As [`Axes::resolve`]; [`Error::Radius`]; [`Error::OutOfBounds`] if the view leaves `data`.
pub fn project(projection: &Projection, data: &[f32], layout: &Layout) -> Result<Vec<f64>> {
    projection.check(DType::F32)?;
    let view = gather(data, layout)?;
    let mut projected: Vec<f64> = view.iter().copied().map(f64::from).collect();
    for slice in slices(projection.axes(), layout.shape())? {
        let elements: Vec<f32> = slice.iter().map(|&i| view[i]).collect();
        let result = one(projection, &elements)?;
        slice.iter().zip(result).for_each(|(&i, y)| projected[i] = y);
    }
    Ok(projected)
}

/// The exact projection of one slice.
fn one(projection: &Projection, slice: &[f32]) -> Result<Vec<f64>> {
    let policy = projection.policy();
    if let Set::Bounds { low, high } = projection.set() {
        return Ok(clamped(slice, bound(low), bound(high), policy));
    }
    if !slice.iter().all(|x| x.is_finite()) {
        let any_nan = slice.iter().any(|x| x.is_nan());
        let replaced = |&x: &f32| non_finite::replaced(policy, any_nan, x);
        return Ok(slice.iter().map(replaced).collect());
    }
    let (formula, zero) = (projection.formula()?, projection.zero_policy());
    let interval = |norm, low, high| Interval { norm, low, high, rate: 1.0, formula, zero };
    let length = slice.len() as f64;
    Ok(match projection.set() {
        Set::MaxNorm { norm, radius } | Set::ClipNorm { norm, radius } => {
            interval(norm, 0.0, radius).project(slice)
        }
        Set::ClipAverageNorm { radius } => interval(Norm::L2, 0.0, radius * length).project(slice),
        Set::ClipRms { radius } => interval(Norm::L2, 0.0, radius * length.sqrt()).project(slice),
        Set::UnitNorm { norm, radius } => interval(norm, radius, radius).project(slice),
        Set::MinMaxNorm { low, high, rate } => {
            // Zero slices point nowhere, whatever else is asked for.
            let zero = ZeroSlice::Keep;
            Interval { rate, zero, ..interval(Norm::L2, low, high) }.project(slice)
        }
        Set::Ball { norm: Norm::L1, radius } => shrink::ball(slice, radius),
        Set::Ball { norm: Norm::Linf, radius } => {
            clamped(slice, -bound(radius), bound(radius), policy)
        }
        Set::Ball { norm, radius } => interval(norm, 0.0, radius).project(slice),
        Set::Sphere { norm: Norm::L1, radius } => shrink::sphere(slice, radius, zero),
        Set::Sphere { norm, radius } => interval(norm, radius, radius).project(slice),
        Set::Simplex { radius } => shrink::simplex(slice, radius),
        Set::Bounds { low, high } => clamped(slice, bound(low), bound(high), policy),
    })
}

/// Every element at the nearer bound; a NaN becomes what the policy makes of it.
fn clamped(slice: &[f32], low: f32, high: f32, policy: OnNonFinite) -> Vec<f64> {
    let one = |&x: &f32| match x {
        x if x.is_nan() => non_finite::replaced(policy, true, x),
        x if x < low => low.into(),
        x if x > high => high.into(),
        x => x.into(),
    };
    slice.iter().map(one).collect()
}

/// The exact norm of each slice of a view of `data`, rounded to f64, in row-major order of the kept
/// axes. An empty slice has norm 0; one with a NaN has norm NaN, one with infinities only infinity.
///
/// # Errors
/// As [`project`].
pub fn norms(norm: Norm, axes: impl Into<Axes>, data: &[f32], layout: &Layout) -> Result<Vec<f64>> {
    let view = gather(data, layout)?;
    let of_slice = |slice: Vec<usize>| {
        let elements: Vec<f32> = slice.iter().map(|&i| view[i]).collect();
        radial::norm(norm, &elements)
    };
    Ok(slices(axes, layout.shape())?.into_iter().map(of_slice).collect())
}

/// The exact norm of one slice, rounded to f64, see [`norms`].
pub fn norm(norm: Norm, slice: &[f32]) -> f64 {
    radial::norm(norm, slice)
}

/// The elements of a view in row-major order.
fn gather(data: &[f32], layout: &Layout) -> Result<Vec<f32>> {
    let size = |elements: usize| 4 * elements as u64;
    let at = |place: usize| {
        let out = Error::OutOfBounds { needed: size(layout.end()), available: size(data.len()) };
        data.get(place).copied().ok_or(out)
    };
    places(layout).into_iter().map(at).collect()
}

#[cfg(test)]
mod tests;
