//! The clip of a model by its global norm on a GPU: verified, then timed.

use normproj::plan::group::{GroupPlan, GroupRequest, GroupSchedule};
use normproj::{Clip, DeviceBuffer, Group, Layout, Model};
use rayon::prelude::*;

use super::cases::{self, uniform};
use super::projection::Bench;
use super::{Measurement, Times};
use crate::failure::{Failure, Result};

/// Of so many tensors one is read back, and of that so many elements.
const READ_BACK: usize = 7;
const MOST_READ: usize = 1 << 24;

/// A model of so many elements: in one buffer, as one tensor, or in buffers of its own.
#[derive(Debug, Clone, Copy)]
pub enum Place {
    Arena,
    One,
    Apart,
}

impl Place {
    pub const ALL: [Place; 3] = [Place::Arena, Place::One, Place::Apart];

    pub fn id(self) -> &'static str {
        match self {
            Place::Arena => "clip_300_tensors_arena",
            Place::One => "clip_1_tensor",
            Place::Apart => "clip_300_tensors_apart",
        }
    }
}

/// Times the clip where nothing is clipped, and where all is; with a grid of schedules, too, if asked.
pub fn measure(
    bench: &Bench,
    elements: usize,
    place: Place,
    schedules: bool,
) -> Result<Vec<Measurement>> {
    let sizes = cases::model(elements);
    let elements = sizes.iter().sum();
    let host = uniform(elements);
    let base = bench.context.upload(&host, [elements])?;
    let tensors = tensors(bench, &host, &sizes, place)?;
    let model = Model::unnamed(&bench.context, &tensors)?;
    let norm = host.par_iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>().sqrt();
    let mut measured = Vec::new();
    for (violating, radius) in [(0.0, 2.0 * norm), (1.0, 0.5 * norm)] {
        let request = GroupRequest::new(Clip::global_norm(radius), &model, None)?;
        let profile = bench.context.profile();
        let mut plans = vec![GroupPlan::new(request.clone(), profile)?];
        for schedule in grid().filter(|_| schedules) {
            plans.extend(GroupPlan::with_schedule(request.clone(), profile, schedule));
        }
        for (index, plan) in plans.into_iter().enumerate() {
            let kernel = plan.schedule().map_or(String::new(), |schedule| schedule.to_string());
            let clip = Group::from_plan(plan, &model, None, None)?;
            let restore = |encoder: &mut wgpu::CommandEncoder, all: bool| {
                restore(encoder, &base, &tensors, all);
            };
            let bound = clip.as_gpu().ok_or_else(|| Failure::new("no GPU"))?;
            let record = |pass: &mut wgpu::ComputePass<'_>| bound.record(pass);
            bench.clock.submit(|encoder| {
                restore(encoder, true);
                record(&mut encoder.begin_compute_pass(&Default::default()));
            });
            // The plan's own schedule in all tensors, the others of a grid by their norm.
            let read = if index == 0 { tensors.as_slice() } else { &[] };
            verify(&clip, read, &host, norm, radius)?;
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
                copy_ms: bench.streams.time_of_copy(&bench.clock, bytes)?,
                record_us: bench.clock.recording(20, &record),
            };
            measured.push(Measurement {
                id: place.id().to_string(),
                backend: bench.context.describe().to_string(),
                kernel,
                shape: vec![elements],
                axes: "all".to_string(),
                dtype: "f32",
                violating,
                dispatches: cost.dispatches,
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

fn tensors(
    bench: &Bench,
    host: &[f32],
    sizes: &[usize],
    place: Place,
) -> Result<Vec<DeviceBuffer>> {
    let mut first = 0;
    let mut next = |size| {
        first += size;
        first - size..first
    };
    let apart = |size: &usize| Ok(bench.context.upload(&host[next(*size)], [*size])?);
    Ok(match place {
        Place::One => vec![bench.context.upload(host, [host.len()])?],
        Place::Apart => sizes.iter().map(apart).collect::<Result<_>>()?,
        Place::Arena => {
            let all = bench.context.upload(host, [host.len()])?;
            let view =
                |&size: &usize| Ok(all.view(Layout::strided([size], [1], next(size).start)?)?);
            sizes.iter().map(view).collect::<Result<_>>()?
        }
    })
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

/// The norm, and the first elements of some tensors, as f64 has them.
fn verify(
    clip: &Group,
    tensors: &[DeviceBuffer],
    host: &[f32],
    norm: f64,
    radius: f64,
) -> Result<()> {
    let off = |found: f64, expected: f64| (found - expected).abs() > 1e-5 * expected.abs();
    let found = f64::from(clip.norm()?.read()?[0]);
    if off(found, norm) {
        return Err(Failure::new(format!("the norm is {found}, not {norm}")));
    }
    let factor = (radius / norm).min(1.0);
    let mut first = 0;
    for (index, tensor) in tensors.iter().enumerate() {
        let expected = &host[first..];
        first += tensor.layout().len();
        // Reading all back would take longer than all else.
        if index % READ_BACK != 0 {
            continue;
        }
        let count = tensor.layout().len().min(MOST_READ);
        let found =
            tensor.view(Layout::strided([count], [1], tensor.layout().offset())?)?.read()?;
        let wrong = |(y, x): &(&f32, &f32)| off(f64::from(**y), factor * f64::from(**x));
        if let Some((y, x)) = found.par_iter().zip(&expected[..count]).find_any(wrong) {
            return Err(Failure::new(format!("{x} became {y}, not {}", factor * f64::from(*x))));
        }
    }
    Ok(())
}
