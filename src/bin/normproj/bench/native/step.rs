//! Steps of optimizers with their projection on the native CPU backend: verified, then timed.

use std::time::Instant;

use normproj::{Axes, Context, DType};

use super::streams::Same;
use crate::bench::cases::StepCase;
use crate::bench::clock::{median, milliseconds};
use crate::bench::measurement::{Apart, Measurement, Times};
use crate::bench::rounds;
use crate::bench::steps::{Start, VIOLATING, Walker};
use crate::bench::streams::Ceilings;
use crate::failure::Result;

/// Times a step where nothing violates, and where all does.
pub fn measure(
    context: &Context,
    ceilings: &Ceilings,
    case: &StepCase,
) -> Result<Vec<Measurement>> {
    let start = Start::new(context, case)?;
    VIOLATING.iter().map(|&violating| at(&start, context, ceilings, violating)).collect()
}

fn at(
    start: &Start<'_>,
    context: &Context,
    ceilings: &Ceilings,
    violating: f64,
) -> Result<Measurement> {
    let projection = start.projection(violating);
    let mut walkers = start.walkers(projection)?;
    for walker in &mut walkers {
        start.verify(walker, &projection)?;
    }
    let whole = Instant::now();
    run(start, &mut walkers)?;
    let once = milliseconds(whole.elapsed());
    let [bytes, apart_bytes] = walkers.each_ref().map(|one| one.bytes(&start.gradient, violating));
    let bytes = bytes?;
    let mut same = Same::new(bytes, true)?;
    let mut times = [vec![], vec![], vec![]];
    for _ in 0..rounds::of(once) {
        let both = run(start, &mut walkers)?.into_iter().chain([same.time()]);
        times.iter_mut().zip(both).for_each(|(times, ms)| times.push(ms));
    }
    let [ms, apart_ms, copy_ms] = times.map(median);
    let [fused, _] = &walkers;
    let plan = context.plan(&fused.optimizer.request(&start.gradient, false))?;
    let times = Times { ms, wall_ms: ms, copy_ms: Some(copy_ms), record_us: 0.0 };
    Ok(Measurement {
        id: start.case.id.clone(),
        backend: context.describe().to_string(),
        kernel: plan.schedule().to_string(),
        shape: start.case.shape.to_vec(),
        axes: Axes::from(start.case.axis).to_string(),
        dtype: DType::F32.to_string(),
        violating,
        apart: Some(Apart { bytes: apart_bytes?, ms: apart_ms, times: apart_ms / ms }),
        verified: true,
        ..Measurement::of(bytes, true, times, ceilings)
    })
}

/// One step of each from the same weights, so that what disturbs one disturbs the other.
fn run(start: &Start<'_>, walkers: &mut [Walker; 2]) -> Result<Vec<f64>> {
    let one = |walker: &mut Walker| {
        start.restore(walker)?;
        let began = Instant::now();
        walker.step(&start.gradient)?;
        Ok(milliseconds(began.elapsed()))
    };
    walkers.iter_mut().map(one).collect()
}
