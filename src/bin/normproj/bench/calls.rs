//! What a caller waits for: the first time, and from then on.

use std::time::Instant;

use normproj::{
    Clip, Context, DType, DeviceBuffer, Group, Layout, Model, Optimizer, Projection, Request,
};

use super::cases::{Case, ClipCase, StepCase, upload};
use super::clock::{median, microseconds};
use super::model;
use super::rounds;
use crate::failure::{Failure, Result};

/// Microseconds from a call until the device is done with it; of zeros, which violate nothing.
#[derive(Debug, Clone, Copy, serde::Serialize)]
pub struct Calls {
    /// On a device that was just opened: planned, compiled, allocated, bound and carried out.
    pub first_us: f64,
    /// The same again.
    pub later_us: f64,
}

/// Of a projection.
pub fn projection(fresh: &Context, case: &Case) -> Result<Calls> {
    let tensor = zeros(fresh, &case.shape, case.dtype)?;
    let projection = Projection::max_norm(1.0, case.axes);
    let request = Request::in_place(projection, Layout::contiguous(&case.shape)?).of(case.dtype);
    time(fresh, || {
        drop(fresh.run(&fresh.plan(&request)?, &tensor, &tensor)?);
        Ok(())
    })
}

/// Of a clip, which is planned in the first call.
pub fn clip(fresh: &Context, case: &ClipCase, most: usize) -> Result<Calls> {
    let all = |elements| zeros(fresh, &[elements], DType::F32);
    let model =
        Model::unnamed(fresh, &model::tensors(&model::sizes(case, most), case.place, all)?)?;
    let mut group = None;
    time(fresh, || {
        let group = match &mut group {
            Some(group) => group,
            none => none.insert(Group::new(Clip::global_norm(1.0), &model)?),
        };
        Ok(group.enqueue()?)
    })
}

/// Of a step, whose optimizer is made in the first call.
pub fn step(fresh: &Context, case: &StepCase) -> Result<Calls> {
    let zeros = || zeros(fresh, &case.shape, DType::F32);
    let (weights, gradient) = (zeros()?, zeros()?);
    let mut optimizer = None;
    time(fresh, || {
        let optimizer = match &mut optimizer {
            Some(optimizer) => optimizer,
            none => {
                let set = Projection::max_norm(1.0, case.axis);
                none.insert(Optimizer::new(case.update, set, &weights)?)
            }
        };
        Ok(optimizer.step(&gradient)?)
    })
}

fn time(fresh: &Context, mut call: impl FnMut() -> Result<()>) -> Result<Calls> {
    wait(fresh)?;
    let mut once = || {
        let start = Instant::now();
        call()?;
        wait(fresh)?;
        Ok::<_, Failure>(microseconds(start.elapsed()))
    };
    let first_us = once()?;
    let second = once()?;
    let later = (0..rounds::of(second * 1e-3)).map(|_| once()).collect::<Result<_>>()?;
    Ok(Calls { first_us, later_us: median(later) })
}

/// Until a device has done what was queued; the CPU backend is done when it returns.
fn wait(context: &Context) -> Result<()> {
    let Some(gpu) = context.as_gpu() else { return Ok(()) };
    let waited = gpu.device().poll(wgpu::PollType::wait_indefinitely());
    waited.map(drop).map_err(|error| Failure::new(format!("the device: {error}")))
}

/// A tensor whose memory is there: systems and wgpu would clear it in the first call.
fn zeros(fresh: &Context, shape: &[usize], dtype: DType) -> Result<DeviceBuffer> {
    let Some(gpu) = fresh.as_gpu() else {
        return Ok(upload(fresh, &vec![0.0; shape.iter().product()], shape, dtype)?);
    };
    let tensor = fresh.zeros_as(shape, dtype)?;
    if let Some((buffer, _)) = tensor.as_wgpu() {
        let mut encoder = gpu.device().create_command_encoder(&Default::default());
        encoder.clear_buffer(buffer, 0, None);
        gpu.queue().submit([encoder.finish()]);
    }
    Ok(tensor)
}
