//! Sets that a direction defines, by exact products.

use super::double::{Double, exponent};
use super::exact::{products, radius_in, squares, wide};
use super::index::{shared, slices};
use super::{gather, non_finite, of_radius};
use crate::dtype::{DType, Element};
use crate::error::{Error, Result};
use crate::layout::Layout;
use crate::projection::{Projection, Set};

/// The exact projection of a view of `data` along a direction, rounded to f64, in row-major order of the
/// view. The direction has the shape of the view, or axes of length 1 where slices share it.
///
/// ```
/// use normproj::{Layout, Projection, reference};
/// let layout = Layout::contiguous([2])?;
/// let (x, a) = ([3.0f32, 1.0], [1.0f32, 1.0]);
/// let plane = Projection::hyperplane(2.0, 0);
/// assert_eq!(reference::project_along(&plane, &x, &layout, &a, &layout)?, [2.0, 0.0]);
/// # Ok::<(), normproj::Error>(())
/// ```
///
/// # Errors
/// As [`project`](super::project); [`Error::NoDirection`], [`Error::Shape`].
pub fn project_along<T: Element>(
    projection: &Projection,
    data: &[T],
    layout: &Layout,
    direction: &[T],
    along: &Layout,
) -> Result<Vec<f64>> {
    let double = project_along_double(projection, data, layout, direction, along)?;
    Ok(double.into_iter().map(|y| y.high).collect())
}

/// [`project_along`] in twice the precision of f64, for tensors of f64.
///
/// # Errors
/// As [`project_along`].
pub fn project_along_double<T: Element>(
    projection: &Projection,
    data: &[T],
    layout: &Layout,
    direction: &[T],
    along: &Layout,
) -> Result<Vec<Double>> {
    each(projection, data, layout, direction, along, |_| Some(*projection))
}

/// [`project_along_double`] with offsets in memory, one for each slice or one for all: that of slice i is
/// `b·rᵢ`, and it keeps its elements if that is none.
///
/// # Errors
/// As [`project_along`]; [`Error::RadiusCount`].
pub fn project_along_with_radii<T: Element>(
    projection: &Projection,
    data: &[T],
    layout: &Layout,
    direction: &[T],
    along: &Layout,
    radii: &[f64],
) -> Result<Vec<Double>> {
    let (slices, found) = (slices(projection.axes(), layout.shape())?.len(), radii.len());
    if found != 1 && found != slices {
        return Err(Error::RadiusCount { slices, found });
    }
    each(projection, data, layout, direction, along, |number| {
        let r = radii[if found == 1 { 0 } else { number }];
        of_radius(projection, r, T::DTYPE).map(|(own, _)| own)
    })
}

/// Every slice by a projection of its own, or none.
fn each<T: Element>(
    projection: &Projection,
    data: &[T],
    layout: &Layout,
    direction: &[T],
    along: &Layout,
    own: impl Fn(usize) -> Option<Projection>,
) -> Result<Vec<Double>> {
    projection.check(T::DTYPE)?;
    let (shape, found) = (layout.shape(), along.shape());
    let reduced = projection.axes().resolve(shape)?;
    let fits = |d: usize| found[d] == shape[d] || found[d] == 1 && !reduced[d];
    if shape.len() != found.len() || !(0..shape.len()).all(fits) {
        let (expected, found) = (shape.to_vec(), found.to_vec());
        return Err(Error::Shape { what: "the direction", expected, found });
    }
    let (view, beside) = (gather(data, layout)?, gather(direction, along)?);
    let of = shared(shape, found);
    let mut projected: Vec<Double> = view.iter().map(|&x| x.into()).collect();
    for (number, slice) in slices(projection.axes(), shape)?.into_iter().enumerate() {
        let Some(projection) = own(number) else { continue };
        let x: Vec<f64> = slice.iter().map(|&i| view[i]).collect();
        let a: Vec<f64> = slice.iter().map(|&i| beside[of[i]]).collect();
        let result = one(&projection, &x, &a, T::DTYPE)?;
        slice.iter().zip(result).for_each(|(&i, y)| projected[i] = y);
    }
    Ok(projected)
}

/// The product of two vectors of finite values, as [`exact_sum_of_squares`](super::exact_sum_of_squares).
pub fn exact_product<T: Element>(x: &[T], a: &[T]) -> (f64, f64) {
    let product = products(&wide(x), &wide(a));
    let Double { high, low } = product.sum.rounded().times_power(product.exponent);
    (high, low)
}

/// The length of the component of a vector along another, `|⟨a, x⟩| / ‖a‖`, of finite values with `a ≠ 0`: also
/// where the product lies under f64.
pub fn component<T: Element>(x: &[T], a: &[T]) -> f64 {
    let (product, squares) = (products(&wide(x), &wide(a)), squares(&wide(a)));
    let length = product.sum.rounded() / squares.sum.rounded().root();
    length.times_power(product.exponent - squares.exponent).high.abs()
}

/// The exact projection of one slice.
fn one(projection: &Projection, x: &[f64], a: &[f64], dtype: DType) -> Result<Vec<Double>> {
    let offset = |b: f64| if b.is_infinite() { b } else { radius_in(dtype, b.abs()).copysign(b) };
    let (set, kept) = (projection.set(), || x.iter().map(|&x| x.into()).collect());
    let offset = match set {
        Set::Hyperplane { offset: b } | Set::HalfSpace { offset: b } => offset(b),
        Set::Line => 0.0,
        _ => return Err(Error::UnusedDirection { what: set.to_string() }),
    };
    if !x.iter().all(|x| x.is_finite()) {
        let any_nan = x.iter().any(|x| x.is_nan());
        let replaced = |&x: &f64| non_finite::replaced(projection.policy(), any_nan, x).into();
        return Ok(x.iter().map(replaced).collect());
    }
    if !a.iter().all(|a| a.is_finite()) || a.iter().all(|&a| a == 0.0) || offset.is_infinite() {
        return Ok(kept());
    }
    let (product, squares) = (products(x, a), squares(a));
    let (unit, product) = (product.exponent, product.sum.rounded());
    // In units of the larger: of numbers of f64 the other may lie under its range.
    let largest =
        |value: f64, unit: i32| if value == 0.0 { i32::MIN } else { unit + exponent(value.abs()) };
    let common = largest(product.high, unit).max(largest(offset, 0)).max(-4000);
    let difference = product.times_power(unit - common) - Double::from(offset).times_power(-common);
    match set {
        Set::HalfSpace { .. } if difference.high <= 0.0 => return Ok(kept()),
        _ => {}
    }
    let part = difference / squares.sum.rounded();
    let power = common - 2 * squares.exponent;
    let moved = |(&x, &a): (&f64, &f64)| {
        let step = part * Double::from(a);
        // In units of 2^8 where the way leads through numbers beyond f64.
        let high = step.high != 0.0 && exponent(step.high.abs()) + power > 1000;
        let drop = if high || x.abs() > 1e300 { 8 } else { 0 };
        let step = step.times_power(power - drop);
        match set {
            Set::Line => step.times_power(drop),
            _ => (Double::from(x).times_power(-drop) - step).times_power(drop),
        }
    };
    Ok(x.iter().zip(a).map(moved).collect())
}
