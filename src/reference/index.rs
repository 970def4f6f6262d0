//! Which elements belong to a slice, and where the elements of a view lie: by plain counting.

use crate::axes::Axes;
use crate::error::Result;
use crate::layout::Layout;

/// The slices of a tensor of this shape, in row-major order of the kept axes. Each is a list of
/// row-major element numbers of the view, in row-major order of the reduced axes.
///
/// # Errors
/// As [`Axes::resolve`].
pub fn slices(axes: impl Into<Axes>, shape: &[usize]) -> Result<Vec<Vec<usize>>> {
    let reduced = axes.into().resolve(shape)?;
    let kept = |d: &usize| !reduced[*d];
    let count = (0..shape.len()).filter(kept).map(|d| shape[d]).product();
    let mut slices = vec![Vec::new(); count];
    for element in 0..shape.iter().product() {
        let index = index_of(element, shape);
        let slice = (0..shape.len()).filter(kept).fold(0, |slice, d| slice * shape[d] + index[d]);
        slices[slice].push(element);
    }
    Ok(slices)
}

/// Where each element of a view lies in its buffer, in row-major order of the view.
pub fn places(layout: &Layout) -> Vec<usize> {
    let place = |element| {
        let index = index_of(element, layout.shape());
        layout.offset() + index.iter().zip(layout.strides()).map(|(i, s)| i * s).sum::<usize>()
    };
    (0..layout.len()).map(place).collect()
}

/// For each element of a tensor of this shape, the row-major number of the one in a view with the same
/// shape, or with axes of length 1 that its elements share.
pub(super) fn shared(shape: &[usize], view: &[usize]) -> Vec<usize> {
    let number = |element| {
        let index = index_of(element, shape);
        let along = index.iter().zip(view);
        along.fold(0, |number, (&i, &size)| number * size + if size == 1 { 0 } else { i })
    };
    (0..shape.iter().product()).map(number).collect()
}

/// The index of the element with this row-major number.
fn index_of(mut element: usize, shape: &[usize]) -> Vec<usize> {
    let mut index = vec![0; shape.len()];
    for d in (0..shape.len()).rev() {
        index[d] = element % shape[d];
        element /= shape[d];
    }
    index
}
