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
    let slice = |index: &[usize]| {
        (0..shape.len()).filter(kept).fold(0, |slice, d| slice * shape[d] + index[d])
    };
    let slice_of = each_index(shape, slice);
    slice_of.into_iter().enumerate().for_each(|(element, slice)| slices[slice].push(element));
    Ok(slices)
}

/// Where each element of a view lies in its buffer, in row-major order of the view.
pub fn places(layout: &Layout) -> Vec<usize> {
    each_index(layout.shape(), |index| {
        layout.offset() + index.iter().zip(layout.strides()).map(|(i, s)| i * s).sum::<usize>()
    })
}

/// For each element of a tensor of this shape, the row-major number of the one in a view with the same
/// shape, or with axes of length 1 that its elements share.
pub(super) fn shared(shape: &[usize], view: &[usize]) -> Vec<usize> {
    each_index(shape, |index| {
        let along = index.iter().zip(view);
        along.fold(0, |number, (&i, &size)| number * size + if size == 1 { 0 } else { i })
    })
}

/// Something of the index of every element of a shape, in row-major order.
fn each_index(shape: &[usize], of: impl Fn(&[usize]) -> usize) -> Vec<usize> {
    let (count, mut index) = (shape.iter().product(), vec![0; shape.len()]);
    let mut found = Vec::with_capacity(count);
    while found.len() < count {
        found.push(of(&index));
        // As an odometer: the last axis turns fastest.
        for d in (0..shape.len()).rev() {
            index[d] += 1;
            if index[d] < shape[d] {
                break;
            }
            index[d] = 0;
        }
    }
    found
}
