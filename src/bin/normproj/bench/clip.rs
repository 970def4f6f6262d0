//! The clip of a model by its global norm on a GPU: verified, then timed.

use std::time::Instant;

use normproj::plan::group::{GroupPlan, GroupRequest, GroupSchedule};
use normproj::{Clip, DType, DeviceBuffer, Group};

use super::cases::ClipCase;
use super::clock::milliseconds;
use super::measurement::{Measurement, Scratch, Times};
use super::model::Gradients;
use super::projection::Bench;
use crate::failure::{Failure, Result};

/// Times the clip where nothing is clipped, and where all is; with a grid of schedules, too, if asked.
pub fn measure(
    bench: &Bench,
    case: &ClipCase,
    elements: usize,
    schedules: bool,
) -> Result<Vec<Measurement>> {
    let gradients = Gradients::new(&bench.context, case, elements)?;
    let Gradients { host, tensors, model, .. } = &gradients;
    let base = bench.context.upload(host, [host.len()])?;
    let mut measured = Vec::new();
    for (violating, radius) in gradients.radii() {
        let request = GroupRequest::new(Clip::global_norm(radius), model, None)?;
        let profile = bench.context.profile();
        let mut plans = vec![GroupPlan::new(request.clone(), profile)?];
        for schedule in grid().filter(|_| schedules) {
            plans.extend(GroupPlan::with_schedule(request.clone(), profile, schedule));
        }
        for (index, plan) in plans.into_iter().enumerate() {
            let kernel = plan.schedule().map_or(String::new(), |schedule| schedule.to_string());
            let started = Instant::now();
            let clip = Group::from_plan(plan, model, None, None)?;
            let prepare_ms = milliseconds(started.elapsed());
            let restore = |encoder: &mut wgpu::CommandEncoder, all: bool| {
                restore(encoder, &base, tensors, all);
            };
            let bound = clip.as_gpu().ok_or_else(|| Failure::new("no GPU"))?;
            let record = |pass: &mut wgpu::ComputePass<'_>| bound.record(pass);
            bench.clock.submit(|encoder| {
                restore(encoder, true);
                record(&mut encoder.begin_compute_pass(&Default::default()));
            });
            // The plan's own schedule in its tensors, the others of a grid by their norm.
            gradients.verify(&clip, radius, index == 0)?;
            let prepare = |encoder: &mut wgpu::CommandEncoder| {
                restore(encoder, true);
                bench.streams.empty_caches(encoder);
                restore(encoder, false);
            };
            let cost = clip.plan().cost();
            let bytes = cost.bytes(violating);
            let times = Times {
                ms: bench.clock.time(bench.runs, &prepare, &record)?,
                wall_ms: bench.clock.by_wall(bench.runs.min(5), &prepare, &record)?,
                copy_ms: bench.streams.time_of_same(&bench.clock, bytes, violating > 0.0)?,
                record_us: bench.clock.recording(20, &record),
            };
            let scratch = clip.plan().steps().scratch_bytes();
            measured.push(Measurement {
                id: case.id.clone(),
                backend: bench.context.describe().to_string(),
                kernel,
                shape: vec![host.len()],
                axes: "all".to_string(),
                dtype: DType::F32.to_string(),
                violating,
                dispatches: cost.dispatches,
                prepare_ms,
                scratch: Scratch::of(scratch, (DType::F32.size() * host.len()) as u64),
                verified: true,
                ..Measurement::of(bytes, violating > 0.0, times, &bench.ceilings)
            });
        }
    }
    Ok(measured)
}

/// Sizes of chunks to choose from by measurement.
fn grid() -> impl Iterator<Item = GroupSchedule> {
    let loads = |lanes| [8, 16, 32, 64, 128].map(move |loads| GroupSchedule { lanes, loads });
    [128, 256, 512, 1024].into_iter().flat_map(loads)
}

/// Puts all back, or of each tensor one element, so that what is timed waits for the copies.
fn restore(
    encoder: &mut wgpu::CommandEncoder,
    base: &DeviceBuffer,
    tensors: &[DeviceBuffer],
    all: bool,
) {
    let mut first = 0;
    for tensor in tensors {
        let (Some((base, _)), Some((work, range))) = (base.as_wgpu(), tensor.as_wgpu()) else {
            return;
        };
        let bytes = range.end - range.start;
        encoder.copy_buffer_to_buffer(base, first, work, range.start, if all { bytes } else { 4 });
        first += bytes;
    }
}
