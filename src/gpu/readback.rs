//! Reading from the device, through staging buffers of their own.

use std::sync::Arc;

use futures_intrusive::channel::shared::{OneshotReceiver, oneshot_channel};

use crate::dtype::Precision;
use crate::error::{Error, Result};
use crate::gpu::device::Gpu;
use crate::gpu::scope::scoped;
use crate::norm::Norm;
use crate::plan::Plan;
use crate::plan::powers::times_power;
use crate::plan::rule::Rule;
use crate::report::{Report, Tally};

/// Bytes that are read back at once: the staging memory of a large tensor stays small.
const PART: u64 = 64 << 20;

/// Bytes on their way to the host.
#[derive(Debug)]
pub(super) struct Staged {
    gpu: Gpu,
    buffer: wgpu::Buffer,
    size: u64,
    mapped: OneshotReceiver<Mapped>,
}

impl Staged {
    /// Records a copy into a staging buffer, to be mapped when the commands are submitted.
    pub fn copy(
        gpu: &Gpu,
        encoder: &mut wgpu::CommandEncoder,
        source: &wgpu::Buffer,
        offset: u64,
        size: u64,
    ) -> Result<Self> {
        let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
        let buffer = gpu.buffer("staging", size, usage)?;
        let (sender, mapped) = oneshot_channel();
        scoped(gpu.device(), || {
            encoder.copy_buffer_to_buffer(source, offset, &buffer, 0, size);
            encoder.map_buffer_on_submit(&buffer, wgpu::MapMode::Read, 0..size, move |result| {
                // Nobody listens if the staged bytes were dropped unread.
                let _ = sender.send(result);
            });
        })?;
        Ok(Staged { gpu: gpu.clone(), buffer, size, mapped })
    }

    /// Waits for the copy. Commands that were never submitted are an error, not a hang.
    pub async fn bytes(self) -> Result<Vec<u8>> {
        match self.answer().await? {
            // The sender is dropped with an encoder that was never submitted.
            None => Err(Error::NotSubmitted),
            Some(Err(error)) => Err(lost(error)),
            Some(Ok(())) => Ok(self.buffer.get_mapped_range(..self.size).map_err(lost)?.to_vec()),
        }
    }

    /// On the web the event loop maps the buffer.
    #[cfg(target_arch = "wasm32")]
    async fn answer(&self) -> Result<Option<Mapped>> {
        Ok(self.mapped.receive().await)
    }

    /// Natively somebody must poll the device.
    #[cfg(not(target_arch = "wasm32"))]
    async fn answer(&self) -> Result<Option<Mapped>> {
        self.gpu.device().poll(wgpu::PollType::wait_indefinitely()).map_err(lost)?;
        let mut receive = std::pin::pin!(self.mapped.receive());
        let mut task = std::task::Context::from_waker(std::task::Waker::noop());
        // All that was submitted is done by now. Another thread that polls may still be on its way
        // to our callback; what has not answered after that was never submitted.
        for _ in 0..GRACE_MILLISECONDS {
            if let std::task::Poll::Ready(answer) = receive.as_mut().poll(&mut task) {
                return Ok(answer);
            }
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        Err(Error::NotSubmitted)
    }
}

type Mapped = std::result::Result<(), wgpu::BufferAsyncError>;

/// How long a callback that another thread runs may take.
#[cfg(not(target_arch = "wasm32"))]
const GRACE_MILLISECONDS: u32 = 500;

fn lost(error: impl std::fmt::Display) -> Error {
    Error::DeviceLost { message: error.to_string() }
}

/// Reads a range of a buffer; waits for all work queued before.
pub(super) async fn read(
    gpu: &Gpu,
    source: &wgpu::Buffer,
    offset: u64,
    size: u64,
) -> Result<Vec<u8>> {
    if !source.usage().contains(wgpu::BufferUsages::COPY_SRC) {
        return Err(Error::Usage { missing: "COPY_SRC".to_string() });
    }
    let mut bytes = Vec::with_capacity(size as usize);
    let mut done = 0;
    while done < size {
        let part = PART.min(size - done);
        let mut encoder = gpu.device().create_command_encoder(&Default::default());
        let staged = Staged::copy(gpu, &mut encoder, source, offset + done, part)?;
        scoped(gpu.device(), || gpu.queue().submit([encoder.finish()]))?;
        bytes.extend_from_slice(&staged.bytes().await?);
        done += part;
    }
    Ok(bytes)
}

/// A report whose summaries are on their way.
#[derive(Debug)]
pub(crate) struct PendingSummaries {
    pub(super) staged: Staged,
    pub(super) plan: Arc<Plan>,
}

/// Twins of `Summary` in `shaders/kernel/summary.wgsl`.
macro_rules! summary {
    ($name:ident, $number:ty, $exponent:ty) => {
        #[repr(C)]
        #[derive(Debug, Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
        struct $name {
            changed: u32,
            zero: u32,
            non_finite: u32,
            first_non_finite: u32,
            invalid: u32,
            degenerate: u32,
            out_of_range: u32,
            repeated: u32,
            largest: $number,
            largest_exponent: $exponent,
            norms: $number,
            norms_exponent: $exponent,
            factor: $number,
            factor_exponent: $exponent,
        }

        impl $name {
            /// With the smallest factor where each slice may have a radius of its own, or a norm lies beyond f64.
            fn tally(&self, norm: Norm, rule: &Rule, each: bool) -> Tally {
                let first = self.first_non_finite;
                // A square is mantissa · 4^exponent.
                let (largest, exponent) =
                    (root(norm, self.largest.into()), self.largest_exponent as i32);
                let factor = match each {
                    true => Some(times_power(self.factor.into(), self.factor_exponent as i32)),
                    false => rule.smallest_factor_beyond(largest, exponent),
                };
                Tally {
                    slices: 0,
                    changed: self.changed.into(),
                    zero: self.zero.into(),
                    non_finite: self.non_finite.into(),
                    first_non_finite: (first != u32::MAX).then_some(first.into()),
                    largest_norm: scaled(largest, exponent),
                    norm_sum: scaled(self.norms.into(), self.norms_exponent as i32),
                    invalid: self.invalid.into(),
                    degenerate: self.degenerate.into(),
                    out_of_range: self.out_of_range.into(),
                    repeated: self.repeated.into(),
                    smallest_factor: factor,
                }
            }
        }
    };
}

summary!(Summary, f32, i32);
summary!(DoubleSummary, f64, i64);

fn root(norm: Norm, power: f64) -> f64 {
    if norm.degree() == 2 { power.sqrt() } else { power }
}

/// x · 2^exponent, the largest number at most: what is finite must not look infinite.
fn scaled(x: f64, exponent: i32) -> f64 {
    times_power(x, exponent).min(f64::MAX)
}

/// What the summaries of a request say.
fn tallies(bytes: &[u8], plan: &Plan) -> Vec<Tally> {
    let (request, rule) = (plan.request(), plan.rule());
    let (norm, each) = (request.norm(), request.radii.is_some());
    match request.dtype.precision() {
        Precision::Single => {
            let summaries: Vec<Summary> = bytemuck::pod_collect_to_vec(bytes);
            summaries.iter().map(|summary| summary.tally(norm, &rule, each)).collect()
        }
        Precision::Double => {
            let summaries: Vec<DoubleSummary> = bytemuck::pod_collect_to_vec(bytes);
            summaries.iter().map(|summary| summary.tally(norm, &rule, each)).collect()
        }
    }
}

impl PendingSummaries {
    pub async fn report(self) -> Result<Report> {
        let bytes = self.staged.bytes().await?;
        let size = self.plan.steps().summary_bytes as usize;
        let tallies = tallies(&bytes[..size], &self.plan);
        let start = Tally { slices: self.plan.geometry().slices() as u64, ..Tally::default() };
        let tally = tallies.into_iter().fold(start, Tally::merge);
        Ok(tally.report(&self.plan.rule()))
    }
}
