//! The norms of slices: their shape, and how to compute them.

use normproj::plan::request::Request;
use normproj::{
    Axes, Context, DType, DeviceBuffer, Layout, Norm, Plan, Projection, Report, Result,
};

/// The lengths of the axes that are kept: what an array of the norms looks like.
pub fn kept_shape(axes: Axes, shape: &[usize]) -> Result<Vec<usize>> {
    let reduced = axes.resolve(shape)?;
    let kept = shape.iter().zip(reduced).filter(|(_, reduced)| !reduced);
    Ok(kept.map(|(&size, _)| size).collect())
}

/// A report on the norms of a view that leaves them as they are: a ball without a rim. Unlike the
/// norms themselves it tells a norm beyond f32 from an infinite one.
pub fn survey(norm: Norm, axes: Axes, layout: Layout, dtype: DType) -> Request {
    let ball = Projection::max_norm(f64::INFINITY, axes).norm_in(norm);
    Request::in_place(ball, layout).of(dtype).with_report()
}

/// The survey of a view by the norm and the axes of another plan.
pub fn survey_like(plan: &Plan, context: &Context, view: &DeviceBuffer) -> Result<Report> {
    let request = plan.request();
    let survey = survey(request.norm(), request.axes(), request.source, request.dtype);
    context.run(&context.plan(&survey)?, view, view)?.wait()
}

/// The norms of the slices of a view, one after the other.
pub fn norms(norm: Norm, axes: Axes, layout: Layout) -> Result<Request> {
    let slices: usize = kept_shape(axes, layout.shape())?.into_iter().product();
    Ok(Request::norms(norm, axes, layout, Layout::contiguous([slices])?))
}

/// Computes the norms of the slices of a view.
pub fn compute_norms(norm: Norm, axes: Axes, view: &DeviceBuffer) -> Result<Vec<f64>> {
    let context = view.context();
    let request = norms(norm, axes, *view.layout())?.of(view.dtype());
    let norms = context.zeros_as(request.target().shape(), request.target_dtype())?;
    drop(context.run(&context.plan(&request)?, view, &norms)?);
    match norms.dtype() {
        DType::F64 => norms.read_as(),
        _ => Ok(norms.read()?.into_iter().map(f64::from).collect()),
    }
}
