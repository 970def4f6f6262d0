//! The norms of slices: their shape, and the requests for them.

use normproj::plan::request::Request;
use normproj::{Axes, Layout, Norm, Projection, Result};

/// The lengths of the axes that are kept: what an array of the norms looks like.
pub fn kept_shape(axes: Axes, shape: &[usize]) -> Result<Vec<usize>> {
    let reduced = axes.resolve(shape)?;
    let kept = shape.iter().zip(reduced).filter(|(_, reduced)| !reduced);
    Ok(kept.map(|(&size, _)| size).collect())
}

/// The norms of the slices of a view, one after the other.
pub fn norms(norm: Norm, axes: Axes, layout: Layout) -> Result<Request> {
    let slices = kept_shape(axes, layout.shape())?.into_iter().product();
    Ok(Request::norms(norm, axes, layout, Layout::contiguous([slices])?))
}

/// A report on the L2 norms of a view that leaves them as they are: a ball without a rim. Unlike the
/// norms themselves it tells a norm beyond f32 from an infinite one.
pub fn survey(axes: Axes, layout: Layout) -> Request {
    Request::in_place(Projection::max_norm(f64::INFINITY, axes), layout).with_report()
}
