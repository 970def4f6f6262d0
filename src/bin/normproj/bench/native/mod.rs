//! The native CPU backend: its ceilings, and one projection, verified, then timed.

pub mod clip;

use std::hint::black_box;
use std::time::Instant;

use normproj::{Context, DType, Element, Layout, Norm, Projection, Request, reference};
use rayon::prelude::*;

use crate::bench::cases::{Case, halves, uniform};
use crate::bench::clock::{median, milliseconds};
use crate::bench::streams::Ceilings;
use crate::bench::{Measurement, Times};
use crate::failure::{Failure, Result};
use crate::slices;

/// Elements that a thread moves at a time: 1 MiB.
const PIECE: usize = 1 << 18;
const RUNS: usize = 15;

/// Copies and reads 512 MiB with all threads.
pub fn ceilings() -> Ceilings {
    let source = uniform(1 << 27);
    let mut sink = vec![0.0; source.len()];
    let gbps = |bytes: usize, ms: f64| bytes as f64 / ms * 1e-6;
    let copied = median_of(|| copy(&source, &mut sink));
    let read = median_of(|| read(&source));
    Ceilings { copy_gbps: gbps(8 * source.len(), copied), read_gbps: gbps(4 * source.len(), read) }
}

fn median_of(mut run: impl FnMut()) -> f64 {
    let time = |_| {
        let start = Instant::now();
        run();
        milliseconds(start.elapsed())
    };
    median((0..RUNS).map(time).collect())
}

fn copy(source: &[f32], sink: &mut [f32]) {
    let pieces = sink.par_chunks_mut(PIECE).zip(source.par_chunks(PIECE));
    pieces.for_each(|(sink, source)| sink.copy_from_slice(source));
    black_box(sink);
}

fn read(source: &[f32]) {
    let parity = |piece: &[f32]| {
        let mut lanes = [0; 64];
        for chunk in piece.as_chunks::<64>().0 {
            lanes.iter_mut().zip(chunk).for_each(|(lane, x)| *lane ^= x.to_bits());
        }
        lanes.into_iter().fold(0, |all, lane| all ^ lane)
    };
    black_box(source.par_chunks(PIECE).map(parity).reduce(|| 0, |a, b| a ^ b));
}

/// Times a case with a fraction of its slices violating.
pub fn measure(
    context: &Context,
    ceilings: &Ceilings,
    case: &Case,
    violating: f64,
) -> Result<Measurement> {
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
    violating: f64,
    host: &[T],
) -> Result<Measurement> {
    let layout = Layout::contiguous(&case.shape)?;
    let work = context.upload_as(host, &case.shape)?;
    let count = slices::kept_shape(case.axes, &case.shape)?.into_iter().product();
    let norms = context.zeros([count])?;
    context.norms(Norm::L2, case.axes, &work, &norms)?;
    let projection = Projection::max_norm(radius(norms.read()?, violating), case.axes);
    let plan = context.plan(&Request::in_place(projection, layout).of(T::DTYPE))?;
    context.project(&projection, &work)?;
    let exact = reference::project(&projection, host, &layout)?;
    // Rounded toward zero.
    let grain = T::DTYPE.grain();
    let wrong = |(&y, exact): (&T, &f64)| {
        let y: f64 = y.into();
        (y - exact).abs() > (1e-5 + 2.0 * grain.relative) * exact.abs() + 2.0 * grain.absolute
    };
    if work.read_as::<T>()?.iter().zip(&exact).any(wrong) {
        return Err(Failure::new(format!("{}: not what the oracle computes", case.id)));
    }
    drop(exact);
    let run = |_| {
        work.write(host)?;
        let start = Instant::now();
        context.project(&projection, &work)?;
        Ok(milliseconds(start.elapsed()))
    };
    let ms = median((0..RUNS).map(run).collect::<Result<_>>()?);
    let bytes = plan.cost().bytes(violating);
    let times = Times { ms, wall_ms: ms, copy_ms: None, record_us: 0.0 };
    Ok(Measurement {
        id: case.id.clone(),
        backend: context.describe().to_string(),
        kernel: plan.schedule().to_string(),
        shape: case.shape.clone(),
        axes: case.axes.to_string(),
        dtype: T::DTYPE.to_string(),
        violating,
        dispatches: 0,
        verified: true,
        ..Measurement::of(bytes, violating > 0.0, times, ceilings)
    })
}

/// A radius that this fraction of slices of these norms exceeds.
pub fn radius(mut norms: Vec<f32>, violating: f64) -> f64 {
    norms.sort_unstable_by(f32::total_cmp);
    let inside = ((1.0 - violating) * norms.len() as f64).round() as usize;
    let norm = |index: usize| norms.get(index).copied().map_or(1.0, f64::from);
    match inside {
        0 => 0.5 * norm(0),
        all if all >= norms.len() => 2.0 * norm(norms.len().saturating_sub(1)),
        some => 0.5 * (norm(some - 1) + norm(some)),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_radius_leaves_the_fraction_that_was_asked_for_outside() {
        let norms: Vec<f32> = (1..=100).rev().map(|norm| norm as f32).collect();
        for (violating, outside) in [(0.0, 0), (0.01, 1), (0.1, 10), (1.0, 100)] {
            let radius = super::radius(norms.clone(), violating);
            assert_eq!(norms.iter().filter(|&&n| f64::from(n) > radius).count(), outside);
        }
    }
}
