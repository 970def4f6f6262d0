//! A device and what is kept for it: its pipelines.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{Error, Result};
use crate::gpu::adapter::{Adapter, DOUBLES, limits};
use crate::gpu::bound::Bound;
use crate::gpu::memory::GpuBuffer;
use crate::gpu::pipeline::{Pipeline, Program};
use crate::gpu::prepared::Prepared;
use crate::gpu::readback;
use crate::gpu::scope::scoped;
use crate::pending::PendingReport;
use crate::plan::Plan;
use crate::plan::profile::{DeviceKind, DeviceProfile};

/// What the queue copies are whole words of so many bytes.
const WORD: u64 = wgpu::COPY_BUFFER_ALIGNMENT;

/// Of tables and accumulators: a binding has to hold one record, of an empty table too.
const LARGEST_RECORD: u64 = 64;

/// A GPU device: a wgpu device and queue, and the pipelines compiled for it. A clone is another
/// handle of the same device.
#[derive(Debug, Clone)]
pub struct Gpu {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    device: wgpu::Device,
    queue: wgpu::Queue,
    profile: DeviceProfile,
    pipelines: Mutex<HashMap<Program, Pipeline>>,
}

impl Gpu {
    /// Opens an adapter with all of its limits.
    pub(crate) async fn open(adapter: &Adapter) -> Result<Self> {
        Self::open_with(adapter, adapter.handle.limits()).await
    }

    /// Opens an adapter with limits of the caller's choice.
    pub(crate) async fn open_with(adapter: &Adapter, limits: wgpu::Limits) -> Result<Self> {
        let descriptor = wgpu::DeviceDescriptor {
            label: Some("normproj"),
            // Timestamps are for those who time their passes; nothing here needs them.
            required_features: adapter.handle.features()
                & wgpu::Features::TIMESTAMP_QUERY.union(DOUBLES),
            required_limits: limits,
            ..Default::default()
        };
        let (device, queue) = adapter
            .handle
            .request_device(&descriptor)
            .await
            .map_err(|error| Error::NoAdapter { reason: format!("{adapter}: {error}") })?;
        Ok(Self::from_wgpu(device, queue))
    }

    /// Shares the caller's device. No callback is installed on it.
    pub(crate) fn from_wgpu(device: wgpu::Device, queue: wgpu::Queue) -> Self {
        let info = device.adapter_info();
        let name = format!("{} ({:?}, {})", info.name, info.backend, info.driver_info);
        let kind = DeviceKind::Gpu(limits(&device.limits(), device.features(), info.device_type));
        let profile = DeviceProfile { name, kind };
        let pipelines = Mutex::default();
        Gpu { inner: Arc::new(Inner { device, queue, profile, pipelines }) }
    }

    /// The wgpu device.
    pub fn device(&self) -> &wgpu::Device {
        &self.inner.device
    }

    /// The wgpu queue.
    pub fn queue(&self) -> &wgpu::Queue {
        &self.inner.queue
    }

    /// The numbers that plans are made from.
    pub fn profile(&self) -> &DeviceProfile {
        &self.inner.profile
    }

    /// Whether two handles are of one device.
    pub(crate) fn is(&self, other: &Gpu) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }

    /// Compiles or finds the pipelines of a plan and allocates its scratch and parameters, once.
    ///
    /// # Errors
    /// [`Error::PlanMismatch`] for a plan of another device, [`Error::OutOfMemory`],
    /// [`Error::Validation`].
    pub fn prepare(&self, plan: &Plan) -> Result<Prepared> {
        Prepared::new(self, plan, false)
    }

    /// [`Gpu::prepare`] with programs that count every element they load and store, which
    /// [`Bound::counters`](crate::gpu::Bound::counters) reads. For tests of [`Plan::cost`].
    ///
    /// # Errors
    /// As [`Gpu::prepare`].
    pub fn prepare_counting(&self, plan: &Plan) -> Result<Prepared> {
        Prepared::new(self, plan, true)
    }

    /// The pipeline of a program, compiled at its first use.
    pub(super) fn pipeline(&self, program: Program) -> Result<Pipeline> {
        let pipelines = || self.inner.pipelines.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = pipelines().get(&program) {
            return Ok(found.clone());
        }
        // Compiled outside the lock: two threads may both compile, neither waits for the other.
        let compiled = scoped(self.device(), || Pipeline::compile(self.device(), &program))?;
        pipelines().insert(program, compiled.clone());
        Ok(compiled)
    }

    /// Compiles what is not known yet of these programs, each on a thread of its own: drivers take tens of
    /// milliseconds for one.
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) fn compile(&self, programs: impl IntoIterator<Item = Program>) -> Result<()> {
        let mut unknown: Vec<Program> = Vec::new();
        {
            let known = self.inner.pipelines.lock().unwrap_or_else(PoisonError::into_inner);
            for program in programs {
                if !known.contains_key(&program) && !unknown.contains(&program) {
                    unknown.push(program);
                }
            }
        }
        let Some(own) = unknown.pop() else { return Ok(()) };
        std::thread::scope(|scope| {
            let spawn = |program| scope.spawn(move || self.pipeline(program).map(drop));
            let others: Vec<_> = unknown.into_iter().map(spawn).collect();
            let mut compiled = self.pipeline(own).map(drop);
            for other in others {
                let other = other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                compiled = compiled.and(other);
            }
            compiled
        })
    }

    /// The web has one thread.
    #[cfg(target_arch = "wasm32")]
    pub(super) fn compile(&self, programs: impl IntoIterator<Item = Program>) -> Result<()> {
        programs.into_iter().try_for_each(|program| self.pipeline(program).map(drop))
    }

    /// A buffer of the library's own, padded to whole vectors; an empty one holds any record that kernels bind.
    pub(super) fn buffer(
        &self,
        label: &str,
        size: u64,
        usage: wgpu::BufferUsages,
    ) -> Result<wgpu::Buffer> {
        let most = self.device().limits().max_buffer_size;
        let size = size.next_multiple_of(16).max(LARGEST_RECORD);
        if size > most {
            let what = format!("a buffer of {size} bytes (at most {most})");
            return Err(Error::Unsupported { device: self.profile().name.clone(), what });
        }
        let descriptor =
            wgpu::BufferDescriptor { label: Some(label), size, usage, mapped_at_creation: false };
        scoped(self.device(), || self.device().create_buffer(&descriptor))
    }

    /// Copies host data to a new tensor.
    pub(crate) fn upload(&self, host: &[u8]) -> Result<GpuBuffer> {
        let buffer = self.zeros(host.len() as u64)?;
        self.write(&buffer, 0, host)?;
        Ok(buffer)
    }

    /// Copies host data over a part of a tensor's memory, from this byte.
    ///
    /// Only whole words of 32 bits can be written. At the end of the memory the rest of the last one is
    /// padding; elsewhere it belongs to another element.
    pub(crate) fn write(&self, memory: &GpuBuffer, offset: u64, host: &[u8]) -> Result<()> {
        let end = offset + host.len() as u64;
        let last = end == memory.bytes();
        for place in [offset, if last { 0 } else { end }] {
            if !place.is_multiple_of(WORD) {
                return Err(Error::Misaligned { offset: place, alignment: WORD });
            }
        }
        if !memory.handle().usage().contains(wgpu::BufferUsages::COPY_DST) {
            return Err(Error::Usage { missing: "COPY_DST".to_string() });
        }
        // In parts, so that the staging memory of one part is free before the next is needed.
        const PART: usize = 64 << 20;
        let (whole, rest) = host.split_at(host.len() / WORD as usize * WORD as usize);
        let mut last = [0; WORD as usize];
        last[..rest.len()].copy_from_slice(rest);
        let last = if rest.is_empty() { &[][..] } else { &last };
        let mut place = offset;
        for part in whole.chunks(PART).chain(last.chunks(PART)) {
            scoped(self.device(), || {
                self.queue().write_buffer(memory.handle(), place, part);
                self.queue().submit([]);
            })?;
            place += part.len() as u64;
        }
        Ok(())
    }

    /// A new tensor of zeros.
    pub(crate) fn zeros(&self, bytes: u64) -> Result<GpuBuffer> {
        let usage = wgpu::BufferUsages::STORAGE
            | wgpu::BufferUsages::COPY_SRC
            | wgpu::BufferUsages::COPY_DST;
        Ok(GpuBuffer::new(self.buffer("tensor", bytes, usage)?, bytes))
    }

    /// The bytes of a tensor's memory; waits for all work queued before.
    pub(crate) async fn read(&self, memory: &GpuBuffer, offset: u64, size: u64) -> Result<Vec<u8>> {
        readback::read(self, memory.handle(), offset, size).await
    }

    /// Queues a bound request; the host does not wait.
    pub(crate) fn submit(&self, bound: &Bound) -> Result<PendingReport> {
        let reported = bound.prepared().plan().request().report;
        scoped(self.device(), || {
            let mut encoder = self.device().create_command_encoder(&Default::default());
            bound.record_pass(&mut encoder);
            let report =
                if reported { bound.report(&mut encoder)? } else { PendingReport::ready(None) };
            self.queue().submit([encoder.finish()]);
            Ok(report)
        })?
    }
}
