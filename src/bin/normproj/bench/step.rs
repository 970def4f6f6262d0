//! Steps of optimizers with their projection on a GPU: verified, then timed.

use std::time::Instant;

use normproj::gpu::Bound;
use normproj::{Axes, DType, DeviceBuffer, Optimizer};

use super::cases::StepCase;
use super::clock::milliseconds;
use super::measurement::{Apart, Measurement, Scratch, Times};
use super::projection::{Bench, copy};
use super::steps::{Start, VIOLATING, Walker};
use crate::failure::Result;

/// Times a step where nothing violates, and where all does.
pub fn measure(bench: &Bench, case: &StepCase) -> Result<Vec<Measurement>> {
    let start = Start::new(&bench.context, case)?;
    let base = bench.context.upload(&start.weights, case.shape)?;
    VIOLATING.iter().map(|&violating| at(bench, &start, &base, violating)).collect()
}

fn at(
    bench: &Bench,
    start: &Start<'_>,
    base: &DeviceBuffer,
    violating: f64,
) -> Result<Measurement> {
    let Start { case, gradient, .. } = start;
    let projection = start.projection(violating);
    let mut walkers = start.walkers(projection)?;
    for walker in &mut walkers {
        start.verify(walker, &projection)?;
    }
    let [fused, apart] = &walkers;
    let began = Instant::now();
    let bound = bind(bench, fused, gradient)?;
    let prepare_ms = milliseconds(began.elapsed());
    let both = bind(bench, apart, gradient)?;
    let time = |walker: &Walker, bound: &[Bound]| {
        let weights = walker.optimizer.weights();
        let prepare = |encoder: &mut wgpu::CommandEncoder| {
            copy(encoder, base, weights, (4 * start.layout.len()) as u64);
            bench.streams.empty_caches(encoder);
            copy(encoder, base, weights, 4);
        };
        let record =
            |pass: &mut wgpu::ComputePass<'_>| bound.iter().for_each(|one| one.record(pass));
        let bytes = walker.bytes(gradient, violating)?;
        let times = Times {
            ms: bench.clock.time(bench.runs, &prepare, &record)?,
            wall_ms: bench.clock.by_wall(bench.runs.min(5), &prepare, &record)?,
            copy_ms: bench.streams.time_of_same(&bench.clock, bytes, true)?,
            record_us: bench.clock.recording(20, &record),
        };
        Ok::<_, crate::failure::Failure>((bytes, times))
    };
    let (bytes, times) = time(fused, &bound)?;
    let (apart_bytes, of_apart) = time(apart, &both)?;
    let plan = bench.context.plan(&fused.optimizer.request(gradient, false))?;
    let data = (1 + moments(&fused.optimizer)) * base.layout().len() * DType::F32.size();
    Ok(Measurement {
        id: case.id.clone(),
        backend: bench.context.describe().to_string(),
        kernel: plan.schedule().to_string(),
        shape: case.shape.to_vec(),
        axes: Axes::from(case.axis).to_string(),
        dtype: DType::F32.to_string(),
        violating,
        dispatches: plan.cost().dispatches,
        prepare_ms,
        scratch: Scratch::of(plan.steps().scratch_bytes(), data as u64),
        apart: Some(Apart { bytes: apart_bytes, ms: of_apart.ms, times: of_apart.ms / times.ms }),
        verified: true,
        ..Measurement::of(bytes, true, times, &bench.ceilings)
    })
}

/// What a walker does, bound in its order.
fn bind(bench: &Bench, walker: &Walker, gradient: &DeviceBuffer) -> Result<Vec<Bound>> {
    let plans = walker.plans(gradient)?.into_iter().enumerate();
    let bound = |(index, plan)| {
        let prepared = bench.gpu.prepare(&plan)?;
        Ok(match index {
            0 => walker.optimizer.bind(&prepared, gradient)?,
            _ => prepared.bind(walker.optimizer.weights())?,
        })
    };
    plans.map(bound).collect()
}

fn moments(optimizer: &Optimizer) -> usize {
    [optimizer.first(), optimizer.second()].into_iter().flatten().count()
}
