//! One projection on the native CPU backend: verified, then timed.

use std::time::Instant;

use normproj::{Context, DType, DeviceBuffer, Element, Layout, Norm, Projection, Request};

use super::radius;
use super::streams::Same;
use crate::bench::bands::Norms;
use crate::bench::cases::{Case, halves, uniform};
use crate::bench::clock::milliseconds;
use crate::bench::measurement::{Measurement, Times};
use crate::bench::rounds;
use crate::bench::streams::Ceilings;
use crate::failure::Result;
use crate::slices;

/// Times a case with each of these fractions of its slices violating.
pub fn measure(
    context: &Context,
    ceilings: &Ceilings,
    case: &Case,
    violating: &[f64],
) -> Result<Vec<Measurement>> {
    let host = uniform(case.elements());
    match case.dtype {
        DType::F16 => of(context, ceilings, case, violating, &halves(&host)),
        _ => of(context, ceilings, case, violating, &host),
    }
}

fn of<T: Element>(
    context: &Context,
    ceilings: &Ceilings,
    case: &Case,
    violating: &[f64],
    host: &[T],
) -> Result<Vec<Measurement>> {
    let work = context.upload_as(host, &case.shape)?;
    let norms = slices::compute_norms(Norm::L2, case.axes, &work)?;
    let exact = Norms::new(host, &Layout::contiguous(&case.shape)?, case.axes)?;
    let tensor = Tensor { context, ceilings, case, host, work, norms, exact };
    violating.iter().map(|&violating| tensor.measure(violating)).collect()
}

struct Tensor<'a, T> {
    context: &'a Context,
    ceilings: &'a Ceilings,
    case: &'a Case,
    host: &'a [T],
    work: DeviceBuffer,
    norms: Vec<f64>,
    exact: Norms,
}

impl<T: Element> Tensor<'_, T> {
    fn measure(&self, violating: f64) -> Result<Measurement> {
        let Tensor { context, case, host, work, .. } = self;
        let layout = Layout::contiguous(&case.shape)?;
        let radius = radius(self.norms.clone(), violating);
        let projection = Projection::max_norm(radius, case.axes);
        let plan = context.plan(&Request::in_place(projection, layout).of(T::DTYPE))?;
        let run = || {
            work.write(host)?;
            let start = Instant::now();
            context.project(&projection, work)?;
            Ok(milliseconds(start.elapsed()))
        };
        let start = Instant::now();
        run()?;
        let once = milliseconds(start.elapsed());
        let (after, kappa) = (work.read_as::<T>()?, plan.margin().kappa);
        let verified = self.exact.verify(radius, host, &after, kappa);
        verified.map_err(|failure| failure.within(&case.id))?;
        drop(after);
        let bytes = plan.cost().bytes(violating);
        let mut same = Same::new(bytes, violating > 0.0)?;
        let times = Times::beside(&mut same, rounds::of(once), run)?;
        Ok(Measurement {
            id: case.id.clone(),
            backend: context.describe().to_string(),
            kernel: plan.schedule().to_string(),
            shape: case.shape.clone(),
            axes: case.axes.to_string(),
            dtype: T::DTYPE.to_string(),
            violating,
            verified: true,
            ..Measurement::of(bytes, violating > 0.0, times, self.ceilings)
        })
    }
}
