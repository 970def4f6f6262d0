//! A prepared plan bound to the caller's tensors: ready to be recorded any number of times.

use std::sync::Arc;

use crate::buffer::{DeviceBuffer, Storage};
use crate::error::{Error, Result};
use crate::gpu::advance::Advance;
use crate::gpu::device::Gpu;
use crate::gpu::dispatch::Dispatch;
use crate::gpu::pipeline::{Program, params_size};
use crate::gpu::prepared::Prepared;
use crate::gpu::readback::{self, PendingSummaries};
use crate::operands::Operands;
use crate::pending::PendingReport;
use crate::plan::gpu::steps::{Step, Window};
use crate::shader::variant::{self, Access, Direction, Radius, Rows, Slot, Variant};

/// A prepared plan bound to tensors. It owns its bind groups and keeps the tensors' memory alive;
/// a clone shares them.
#[derive(Debug, Clone)]
pub struct Bound {
    prepared: Prepared,
    dispatches: Arc<[Dispatch]>,
}

/// The buffers that a request reads and writes.
pub(super) struct Views {
    source: wgpu::Buffer,
    target: wgpu::Buffer,
    /// Radii, or lower limits.
    radii: Option<wgpu::Buffer>,
    uppers: Option<wgpu::Buffer>,
    direction: Option<wgpu::Buffer>,
    indices: Option<wgpu::Buffer>,
    gradient: Option<wgpu::Buffer>,
    first: Option<wgpu::Buffer>,
    second: Option<wgpu::Buffer>,
    copy: Option<wgpu::Buffer>,
    advance: Option<Advance>,
}

impl Views {
    pub fn new(
        gpu: &Gpu,
        source: &DeviceBuffer,
        target: &DeviceBuffer,
        operands: Operands<'_>,
    ) -> Result<Self> {
        let handle = |buffer: &DeviceBuffer| match (buffer.storage(), buffer.context().as_gpu()) {
            (Storage::Device(memory), Some(owner)) if owner.is(gpu) => Ok(memory.handle().clone()),
            _ => Err(Error::OtherContext {
                expected: gpu.profile().name.clone(),
                found: buffer.context().describe().to_string(),
            }),
        };
        source.check_words()?;
        target.check_words()?;
        let Operands { radii, direction, limits, rows, update } = operands;
        direction.map_or(Ok(()), DeviceBuffer::check_words)?;
        let (low, high) = limits.map_or((None, None), |[low, high]| (Some(low), Some(high)));
        let radii = radii.or(low).map(handle).transpose()?;
        let uppers = high.map(handle).transpose()?;
        let direction = direction.map(handle).transpose()?;
        let indices = rows.map(handle).transpose()?;
        let gradient = update.map(|update| update.gradient);
        gradient.map_or(Ok(()), DeviceBuffer::check_words)?;
        let gradient = gradient.map(handle).transpose()?;
        let first = update.and_then(|update| update.first).map(handle).transpose()?;
        let second = update.and_then(|update| update.second).map(handle).transpose()?;
        let copy = update.and_then(|update| update.copy);
        copy.map_or(Ok(()), DeviceBuffer::check_words)?;
        let copy = copy.map(handle).transpose()?;
        let advance = update.map(|update| update.advance.clone());
        let (source, target) = (handle(source)?, handle(target)?);
        Ok(Views {
            source,
            target,
            radii,
            uppers,
            direction,
            indices,
            gradient,
            first,
            second,
            copy,
            advance,
        })
    }
}

impl Bound {
    pub(super) fn new(prepared: &Prepared, views: Views) -> Result<Self> {
        let steps = &prepared.plan.steps().steps;
        let advance = views.advance.iter().map(|advance| advance.dispatch(&prepared.gpu));
        let own =
            steps.iter().enumerate().map(|(index, step)| dispatch(prepared, &views, index, step));
        // What the others read comes first.
        let dispatches: Result<Vec<Dispatch>> = advance.chain(own).collect();
        Ok(Bound { prepared: prepared.clone(), dispatches: dispatches?.into() })
    }

    /// What was bound: its plan, and the way to another radius.
    pub fn prepared(&self) -> &Prepared {
        &self.prepared
    }

    /// Records the dispatches into the caller's pass. Nothing is allocated, compiled, written,
    /// submitted or waited for.
    pub fn record(&self, pass: &mut wgpu::ComputePass<'_>) {
        self.dispatches.iter().for_each(|dispatch| dispatch.record(pass));
    }

    /// [`Bound::record`] into a pass of its own.
    pub fn record_pass(&self, encoder: &mut wgpu::CommandEncoder) {
        let descriptor =
            wgpu::ComputePassDescriptor { label: Some("normproj"), timestamp_writes: None };
        self.record(&mut encoder.begin_compute_pass(&descriptor));
    }

    /// Copies the report out, after the dispatches and before the encoder is finished. It can be
    /// waited for once the encoder's commands are submitted, or dropped.
    ///
    /// # Errors
    /// [`Error::NoReport`] if the plan has none; [`Error::OutOfMemory`].
    pub fn report(&self, encoder: &mut wgpu::CommandEncoder) -> Result<PendingReport> {
        if !self.prepared.plan.request().report {
            return Err(Error::NoReport);
        }
        let Some(summaries) = &self.prepared.scratch.summaries else {
            // Slices without elements: nothing was dispatched and there is nothing to copy.
            return Ok(PendingReport::ready(Some(self.prepared.plan.report_of_empty())));
        };
        let gpu = &self.prepared.gpu;
        let bytes = self.prepared.plan.steps().summary_bytes;
        let staged = readback::Staged::copy(gpu, encoder, summaries, 0, bytes)?;
        let plan = Arc::clone(&self.prepared.plan);
        Ok(PendingReport::summaries(PendingSummaries { staged, plan }))
    }

    /// The bytes loaded and stored since the counters were cleared; waits. For tests: only with
    /// [`Gpu::prepare_counting`].
    ///
    /// # Errors
    /// [`Error::NoReport`] if nothing is counted; [`Error::DeviceLost`].
    pub fn counters(&self) -> Result<[u32; 2]> {
        let counters = self.prepared.scratch.counters.as_ref().ok_or(Error::NoReport)?;
        let bytes = pollster::block_on(readback::read(&self.prepared.gpu, counters, 0, 8))?;
        let values: Vec<u32> = bytemuck::pod_collect_to_vec(&bytes);
        Ok([values[0], values[1]])
    }
}

fn dispatch(prepared: &Prepared, views: &Views, index: usize, step: &Step) -> Result<Dispatch> {
    let gpu = &prepared.gpu;
    let variant = variant(prepared, views, step);
    let pipeline = gpu.pipeline(Program::Slices(variant))?;
    let scratch = &prepared.scratch;
    let mut entries = Vec::with_capacity(8);
    for (slot, _) in variant.bindings() {
        let whole = |buffer: &Option<wgpu::Buffer>| buffer.clone().map(|buffer| (buffer, None));
        let window = |buffer: &wgpu::Buffer, window: Option<Window>| Some((buffer.clone(), window));
        let bound = match slot {
            Slot::Params => {
                let size = params_size(variant.pack.precision());
                Some((prepared.params.clone(), Some(Window { offset: 0, size })))
            }
            Slot::Source if step.source.is_none() => whole(&scratch.nothing),
            Slot::Source => window(&views.source, step.source),
            Slot::Target => window(&views.target, step.target),
            Slot::Norms => window(&views.target, step.norms),
            Slot::Partials if step.decided => whole(&scratch.verdicts),
            Slot::Partials => whole(&scratch.partials),
            Slot::Verdicts => whole(&scratch.verdicts),
            Slot::Summaries => whole(&scratch.summaries),
            Slot::Counters => whole(&scratch.counters),
            Slot::States => whole(&scratch.states),
            Slot::Radii => views.radii.clone().map(|buffer| (buffer, step.radii)),
            Slot::UpperLimits => views.uppers.clone().map(|buffer| (buffer, step.uppers)),
            Slot::Direction => {
                views.direction.as_ref().and_then(|buffer| window(buffer, step.direction))
            }
            Slot::Indices => views.indices.as_ref().and_then(|buffer| window(buffer, step.indices)),
            Slot::Owners => whole(&scratch.owners),
            Slot::Gradient => {
                views.gradient.as_ref().and_then(|buffer| window(buffer, step.gradient))
            }
            Slot::First => views.first.as_ref().and_then(|buffer| window(buffer, step.remembered)),
            Slot::Second => {
                views.second.as_ref().and_then(|buffer| window(buffer, step.remembered))
            }
            Slot::Copy => views.copy.as_ref().and_then(|buffer| window(buffer, step.copy)),
            Slot::Coefficients => {
                views.advance.as_ref().map(|advance| (advance.coefficients.clone(), None))
            }
        };
        let Some((buffer, window)) = bound else {
            let reason = format!("{} has no {slot:?} to bind", variant.label());
            return Err(Error::PlanMismatch { reason });
        };
        entries.push((slot.binding(), buffer, window));
    }
    let offset = index as u32 * prepared.stride;
    Dispatch::new(gpu, pipeline, &variant.label(), &entries, offset, step.workgroups)
}

/// One dispatch must bind all of a buffer in one way: a target in the source's own buffer makes the
/// source writable as well, and so does either of them a direction in it.
fn variant(prepared: &Prepared, views: &Views, step: &Step) -> Variant {
    let same = views.source == views.target;
    let storage = match (step.variant.storage, step.variant.verdict) {
        (variant::Storage::Into, _) if same => variant::Storage::IntoSameBuffer,
        // Nothing is stored: where norms are asked for, no slice violates.
        (variant::Storage::ReadOnly, variant::Verdict::Norm) if same => variant::Storage::InPlace,
        (storage, _) => storage,
    };
    let variant = Variant {
        storage,
        counted: prepared.counted && step.variant.kernel.touches_tensor(),
        ..step.variant
    };
    let written = |operand: &Option<wgpu::Buffer>| {
        variant.bindings().into_iter().any(|binding| match binding {
            (Slot::Source, Access::ReadWrite) => operand.as_ref() == Some(&views.source),
            (Slot::Target, Access::ReadWrite) => operand.as_ref() == Some(&views.target),
            _ => false,
        })
    };
    let radius = match variant.radius {
        Radius::Read if written(&views.radii) || written(&views.uppers) => Radius::Shared,
        radius => radius,
    };
    let direction = match variant.direction {
        Direction::Apart if written(&views.direction) => Direction::SameBuffer,
        direction => direction,
    };
    let rows = match variant.rows {
        Rows::Apart if written(&views.indices) => Rows::SameBuffer,
        rows => rows,
    };
    Variant { radius, direction, rows, ..variant }
}
