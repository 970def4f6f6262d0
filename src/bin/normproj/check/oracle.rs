//! The truth, in f64 and by plain counting. The signatures are those of `normproj::reference`.

use normproj::plan::margin::toward_zero;
use normproj::{Axes, Layout, Norm, Projection, Result};

/// The exact projection of a view of `data`, in row-major order of the view.
pub fn project(projection: &Projection, data: &[f32], layout: &Layout) -> Result<Vec<f64>> {
    let view: Vec<f64> = places(layout).into_iter().map(|place| data[place].into()).collect();
    let mut projected = view.clone();
    for slice in slices(projection.axes(), layout.shape())? {
        let norm = slice.iter().map(|&i| view[i] * view[i]).sum::<f64>().sqrt();
        let radius = toward_zero(projection.radius());
        if norm.is_finite() && norm > radius {
            slice.iter().for_each(|&i| projected[i] *= radius / norm);
        }
    }
    Ok(projected)
}

/// The norm of each slice.
pub fn norms(_norm: Norm, axes: Axes, data: &[f32], layout: &Layout) -> Result<Vec<f64>> {
    let view: Vec<f64> = places(layout).into_iter().map(|place| data[place].into()).collect();
    let norm = |slice: Vec<usize>| slice.iter().map(|&i| view[i] * view[i]).sum::<f64>().sqrt();
    Ok(slices(axes, layout.shape())?.into_iter().map(norm).collect())
}

/// The row-major numbers of the elements of each slice.
pub fn slices(axes: Axes, shape: &[usize]) -> Result<Vec<Vec<usize>>> {
    let reduced = axes.resolve(shape)?;
    let kept = |d: &usize| !reduced[*d];
    let mut slices = vec![Vec::new(); (0..shape.len()).filter(kept).map(|d| shape[d]).product()];
    for element in 0..shape.iter().product() {
        let index = index_of(element, shape);
        let slice = (0..shape.len()).filter(kept).fold(0, |slice, d| slice * shape[d] + index[d]);
        slices[slice].push(element);
    }
    Ok(slices)
}

/// Where each element of a view lies in its memory.
pub fn places(layout: &Layout) -> Vec<usize> {
    let place = |element| {
        let index = index_of(element, layout.shape());
        layout.offset() + index.iter().zip(layout.strides()).map(|(i, s)| i * s).sum::<usize>()
    };
    (0..layout.len()).map(place).collect()
}

fn index_of(mut element: usize, shape: &[usize]) -> Vec<usize> {
    let mut index = vec![0; shape.len()];
    for d in (0..shape.len()).rev() {
        index[d] = element % shape[d];
        element /= shape[d];
    }
    index
}
