//! One projection on a GPU: verified, then timed.

use std::time::Instant;

use normproj::gpu::{Bound, Gpu};
use normproj::{Context, DType, DeviceBuffer, Layout, Norm, Plan, Projection, Request, Schedule};

use super::cases::{Case, uniform, upload};
use super::clock::{Clock, milliseconds};
use super::measurement::{Measurement, Scratch, Times};
use super::native;
use super::streams::{self, Streams};
use crate::failure::{Failure, Result};
use crate::slices;

/// A GPU and what is measured with it.
pub struct Bench {
    pub context: Context,
    pub gpu: Gpu,
    pub clock: Clock,
    pub streams: Streams,
    pub ceilings: streams::Ceilings,
    pub runs: u32,
}

/// A tensor on the device, a copy to restore it from, and the norms that the native backend finds.
pub struct Tensor<'a> {
    bench: &'a Bench,
    case: &'a Case,
    layout: Layout,
    base: DeviceBuffer,
    work: DeviceBuffer,
    norms: Vec<f64>,
}

impl<'a> Tensor<'a> {
    pub fn new(bench: &'a Bench, case: &'a Case) -> Result<Self> {
        let layout = Layout::contiguous(&case.shape)?;
        let (native, elements) = (Context::cpu(), uniform(layout.len()));
        let host = upload(&native, &elements, &case.shape, case.dtype)?;
        let norms = slices::compute_norms(Norm::L2, case.axes, &host)?;
        let base = upload(&bench.context, &elements, &case.shape, case.dtype)?;
        let work = bench.context.zeros_as(&case.shape, case.dtype)?;
        Ok(Tensor { bench, case, layout, base, work, norms })
    }

    pub fn request(&self, violating: f64) -> Request {
        let radius = native::radius(self.norms.clone(), violating);
        let projection = Projection::max_norm(radius, self.case.axes);
        Request::in_place(projection, self.layout).of(self.case.dtype)
    }

    /// Runs a plan and compares what comes out with the native backend's norms; then times it.
    pub fn measure(&self, violating: f64, schedule: Option<Schedule>) -> Result<Measurement> {
        let Tensor { bench, case, .. } = self;
        let (request, profile) = (self.request(violating), bench.context.profile());
        let plan = match schedule {
            Some(schedule) => Plan::with_schedule(&request, profile, schedule)?,
            None => Plan::new(&request, profile)?,
        };
        let started = Instant::now();
        let bound = bench.gpu.prepare(&plan)?.bind(&self.work)?;
        let prepare_ms = milliseconds(started.elapsed());
        self.verify(&bound, violating)?;
        let prepare = |encoder: &mut wgpu::CommandEncoder| {
            self.restore(encoder);
            bench.streams.empty_caches(encoder);
            self.touch(encoder);
        };
        let record = |pass: &mut wgpu::ComputePass<'_>| bound.record(pass);
        let cost = plan.cost();
        let bytes = cost.bytes(violating);
        // One schedule of a grid needs no more than to be told from the next.
        let (runs, alone) = match schedule {
            Some(_) => (bench.runs.min(15), false),
            None => (bench.runs, true),
        };
        let same = || bench.streams.time_of_same(&bench.clock, bytes, violating > 0.0);
        let times = Times {
            ms: bench.clock.time(runs, &prepare, &record)?,
            wall_ms: bench.clock.by_wall(if alone { 5 } else { 1 }, &prepare, &record)?,
            copy_ms: alone.then(same).transpose()?.flatten(),
            record_us: bench.clock.recording(20, &record),
        };
        Ok(Measurement {
            id: case.id.clone(),
            backend: bench.context.describe().to_string(),
            kernel: plan.schedule().to_string(),
            shape: case.shape.clone(),
            axes: case.axes.to_string(),
            dtype: case.dtype.to_string(),
            violating,
            dispatches: cost.dispatches,
            prepare_ms,
            scratch: Scratch::of(plan.steps().scratch_bytes(), self.bytes()),
            verified: true,
            ..Measurement::of(bytes, violating > 0.0, times, &bench.ceilings)
        })
    }

    fn bytes(&self) -> u64 {
        (self.case.dtype.size() * self.layout.len()) as u64
    }

    fn verify(&self, bound: &Bound, violating: f64) -> Result<()> {
        let Bench { context, gpu, clock, .. } = self.bench;
        let radius = native::radius(self.norms.clone(), violating);
        let factor = |&norm: &f64| (radius / norm).min(1.0) as f32;
        let factors: Vec<f32> = self.norms.iter().map(factor).collect();
        let slices = factors.len();
        let factors = context.upload(&factors, [slices])?;
        let count = context.zeros([1])?;
        let (inner, all) = (self.case.inner()?, self.layout.len());
        // 2κ of the exact projection, what f32 makes of factor and product, and rounding toward zero.
        let own = 2.0 * bound.prepared().plan().margin().kappa + 4.0 * f64::from(f32::EPSILON);
        let fraction = own + 2.0 * self.case.dtype.grain().relative;
        let halves = self.case.dtype == DType::F16;
        let all = if halves { all / 2 } else { all };
        // A binding holds less than the largest tensors.
        let half = all / 2 / 64 * 64;
        let mut parts = Vec::new();
        for part in [0..half, half..all].into_iter().filter(|part| !part.is_empty()) {
            let constants = [
                ("HALVES", f64::from(u8::from(halves))),
                ("FIRST", part.start as f64),
                ("INNER", inner as f64),
                ("SLICES", slices as f64),
                ("FRACTION", fraction),
            ];
            let pipeline =
                streams::pipeline(gpu, include_str!("differ.wgsl"), "differ", &constants);
            let buffers = [
                (&self.work, part.clone()),
                (&self.base, part),
                (&factors, 0..slices),
                (&count, 0..1),
            ];
            let group = streams::bind(gpu, &pipeline, &buffers)?;
            parts.push((pipeline, group));
        }
        clock.submit(|encoder| {
            self.restore(encoder);
            let mut pass = encoder.begin_compute_pass(&Default::default());
            bound.record(&mut pass);
            for (pipeline, group) in &parts {
                pass.set_pipeline(pipeline);
                pass.set_bind_group(0, group, &[]);
                pass.dispatch_workgroups(4096, 1, 1);
            }
        });
        match count.read()?[0].to_bits() {
            0 => Ok(()),
            found => Err(Failure::new(format!(
                "{}: {}: {found} elements are wrong",
                self.case.id,
                bound.prepared().plan().schedule(),
            ))),
        }
    }

    fn restore(&self, encoder: &mut wgpu::CommandEncoder) {
        copy(encoder, &self.base, &self.work, self.bytes());
    }

    /// Puts one element back, so that what is timed waits for all copies before.
    fn touch(&self, encoder: &mut wgpu::CommandEncoder) {
        copy(encoder, &self.base, &self.work, 4);
    }
}

/// Records a copy of the first bytes of a tensor.
pub fn copy(
    encoder: &mut wgpu::CommandEncoder,
    base: &DeviceBuffer,
    work: &DeviceBuffer,
    bytes: u64,
) {
    let (Some((base, _)), Some((work, _))) = (base.as_wgpu(), work.as_wgpu()) else { return };
    encoder.copy_buffer_to_buffer(base, 0, work, 0, bytes);
}
