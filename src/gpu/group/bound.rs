//! A prepared group bound to tensors: ready to be recorded any number of times.

use std::sync::Arc;

use crate::buffer::{DeviceBuffer, Storage};
use crate::error::{Error, Result};
use crate::gpu::device::Gpu;
use crate::gpu::dispatch::{Dispatch, Entry};
use crate::gpu::group::prepared::{PreparedGroup, given_window, variant};
use crate::gpu::group::verdicts::PendingVerdicts;
use crate::gpu::pipeline::Program;
use crate::gpu::readback::{self, Staged};
use crate::gpu::scope::scoped;
use crate::model::PendingGroupReport;
use crate::norm::Norm;
use crate::plan::gpu::steps::Window;
use crate::plan::group::{GroupStep, Region};
use crate::shader::group::params::GroupParams;
use crate::shader::group::variant::GroupSlot;

/// A prepared group bound to tensors. It owns its bind groups and keeps the tensors' memory alive;
/// a clone shares them.
#[derive(Debug, Clone)]
pub struct BoundGroup {
    prepared: PreparedGroup,
    dispatches: Arc<[Dispatch]>,
    /// What the caller's kernels read, and the byte at which it begins.
    results: (wgpu::Buffer, u64),
    names: Arc<[String]>,
}

/// The buffers that a group reads and writes.
struct Views {
    memories: Vec<wgpu::Buffer>,
    given: Option<(wgpu::Buffer, Window)>,
    results: wgpu::Buffer,
}

impl BoundGroup {
    pub(super) fn new(
        prepared: &PreparedGroup,
        memories: &[DeviceBuffer],
        names: Arc<[String]>,
        given: Option<&DeviceBuffer>,
        results: &DeviceBuffer,
    ) -> Result<Self> {
        let gpu = &prepared.gpu;
        let memories = memories.iter().map(|tensor| handle(gpu, tensor)).collect::<Result<_>>()?;
        let given = given.map(|norm| Ok((handle(gpu, norm)?, given_window(gpu, norm))));
        let given = given.transpose()?;
        let views = Views { memories, given, results: handle(gpu, results)? };
        let steps = &prepared.plan.steps().steps;
        let dispatches: Result<Vec<Dispatch>> = steps
            .iter()
            .enumerate()
            .map(|(index, step)| dispatch(prepared, &views, index, step))
            .collect();
        let first = results.dtype().size() * results.layout().offset();
        let results = (views.results, first as u64);
        let prepared = prepared.clone();
        Ok(BoundGroup { prepared, dispatches: dispatches?.into(), results, names })
    }

    /// What was bound.
    pub fn prepared(&self) -> &PreparedGroup {
        &self.prepared
    }

    /// Records the dispatches into the caller's pass. Nothing is allocated, compiled, written,
    /// submitted or waited for.
    ///
    /// What your submission holds is yours: if one of the tensors' buffers was destroyed, it is
    /// your `Queue::submit` that wgpu refuses, with a panic unless you installed an error handler.
    ///
    /// ```
    /// use normproj::{Clip, Context, Group, Model};
    /// let context = Context::new()?; // or `Context::from_wgpu`
    /// let gradients = Model::unnamed(&context, [&context.upload(&[3.0, 4.0], [2])?])?;
    /// let clip = Group::new(Clip::global_norm(1.0), &gradients)?;
    /// if let (Some(gpu), Some(bound)) = (context.as_gpu(), clip.as_gpu()) {
    ///     let mut encoder = gpu.device().create_command_encoder(&Default::default());
    ///     let mut pass = encoder.begin_compute_pass(&Default::default());
    ///     bound.record(&mut pass); // between your dispatches
    ///     drop(pass);
    ///     let report = bound.report(&mut encoder)?;
    ///     gpu.queue().submit([encoder.finish()]);
    ///     assert_eq!(report.wait()?.total().norm, 5.0); // any time later
    /// }
    /// # Ok::<(), normproj::Error>(())
    /// ```
    pub fn record(&self, pass: &mut wgpu::ComputePass<'_>) {
        self.dispatches.iter().for_each(|dispatch| dispatch.record(pass));
    }

    /// [`BoundGroup::record`] into a pass of its own.
    pub fn record_pass(&self, encoder: &mut wgpu::CommandEncoder) {
        let descriptor =
            wgpu::ComputePassDescriptor { label: Some("normproj"), timestamp_writes: None };
        self.record(&mut encoder.begin_compute_pass(&descriptor));
    }

    /// Copies the report out, after the dispatches and before the encoder is finished. It can be
    /// waited for once the encoder's commands are submitted, or dropped.
    ///
    /// # Errors
    /// [`Error::NoReport`] of a clip by value, which computes no norm; [`Error::OutOfMemory`].
    pub fn report(&self, encoder: &mut wgpu::CommandEncoder) -> Result<PendingGroupReport> {
        let plan = &self.prepared.plan;
        if plan.request().clip.norm_used().is_none() {
            return Err(Error::NoReport);
        }
        let (gpu, verdicts) = (&self.prepared.gpu, &self.prepared.scratch.verdicts);
        let staged = Staged::copy(gpu, encoder, verdicts, 0, plan.steps().verdict_bytes())?;
        let factors = match plan.request().clip.norm_used() {
            Some(Norm::Lp(_)) => {
                let ((results, first), places) = (&self.results, plan.results());
                let word = places.dtype().size() as u64;
                let first = first + word * places.start(Region::Scale) as u64;
                let size = word * plan.steps().segments.len() as u64;
                Some(Staged::copy(gpu, encoder, results, first, size)?)
            }
            _ => None,
        };
        let (plan, names) = (Arc::clone(plan), Arc::clone(&self.names));
        Ok(PendingGroupReport::verdicts(PendingVerdicts { staged, factors, plan, names }))
    }

    /// Queues it; the host does not wait. The staging memory of a report is allocated only if one
    /// is asked for.
    pub(crate) fn submit(&self, reported: bool) -> Result<PendingGroupReport> {
        let gpu = &self.prepared.gpu;
        scoped(gpu.device(), || {
            let mut encoder = gpu.device().create_command_encoder(&Default::default());
            self.record_pass(&mut encoder);
            let report = match reported {
                true => self.report(&mut encoder)?,
                false => PendingGroupReport::none(),
            };
            gpu.queue().submit([encoder.finish()]);
            Ok(report)
        })?
    }

    /// The bytes loaded and stored since the counters were cleared; waits. For tests.
    ///
    /// # Errors
    /// [`Error::DeviceLost`].
    pub fn counters(&self) -> Result<[u32; 2]> {
        let (gpu, counters) = (&self.prepared.gpu, &self.prepared.scratch.counters);
        let bytes = pollster::block_on(readback::read(gpu, counters, 0, 8))?;
        let values: Vec<u32> = bytemuck::pod_collect_to_vec(&bytes);
        Ok([values[0], values[1]])
    }
}

fn handle(gpu: &Gpu, tensor: &DeviceBuffer) -> Result<wgpu::Buffer> {
    match (tensor.storage(), tensor.context().as_gpu()) {
        (Storage::Device(memory), Some(owner)) if owner.is(gpu) => Ok(memory.handle().clone()),
        _ => Err(Error::OtherContext {
            expected: gpu.profile().name.clone(),
            found: tensor.context().describe().to_string(),
        }),
    }
}

fn dispatch(
    prepared: &PreparedGroup,
    views: &Views,
    index: usize,
    step: &GroupStep,
) -> Result<Dispatch> {
    let gpu = &prepared.gpu;
    let variant = variant(step, prepared.counted);
    let program = Program::Group(variant);
    let scratch = &prepared.scratch;
    let mut entries: Vec<Entry> = Vec::new();
    for (slot, _) in variant.bindings() {
        let bound = match slot {
            GroupSlot::Params => {
                let size = GroupParams::size(variant.precision);
                Some((prepared.params.clone(), Some(Window { offset: 0, size })))
            }
            GroupSlot::Chunks => Some((scratch.chunks.clone(), None)),
            GroupSlot::Partials => Some((scratch.partials.clone(), None)),
            GroupSlot::Verdicts => Some((scratch.verdicts.clone(), None)),
            GroupSlot::Boxes => Some((scratch.boxes.clone(), None)),
            GroupSlot::Segments => Some((scratch.segments.clone(), None)),
            GroupSlot::Counters => Some((scratch.counters.clone(), None)),
            GroupSlot::Results => Some((views.results.clone(), None)),
            GroupSlot::Given => {
                views.given.as_ref().map(|(buffer, window)| (buffer.clone(), Some(*window)))
            }
            GroupSlot::Window(window) => {
                let set = step.set.and_then(|set| prepared.plan.steps().sets.get(set));
                let bind = set.and_then(|set| set.get(window as usize));
                bind.and_then(|bind| {
                    let memory = views.memories.get(bind.memory)?;
                    Some((memory.clone(), Some(bind.window)))
                })
            }
        };
        let Some((buffer, window)) = bound else {
            let reason = format!("{} has no {slot:?} to bind", program.label());
            return Err(Error::PlanMismatch { reason });
        };
        entries.push((slot.binding(), buffer, window));
    }
    let pipeline = gpu.pipeline(program)?;
    let offset = index as u32 * prepared.stride;
    Dispatch::new(gpu, pipeline, &program.label(), &entries, offset, step.workgroups)
}
