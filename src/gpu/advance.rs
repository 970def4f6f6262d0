//! What makes the numbers of the next step of an optimizer ready, on the device.

use crate::buffer::{DeviceBuffer, Storage};
use crate::dtype::Precision;
use crate::error::{Error, Result};
use crate::gpu::device::Gpu;
use crate::gpu::dispatch::Dispatch;
use crate::gpu::pipeline::{Program, settings_size};
use crate::gpu::readback;
use crate::plan::gpu::steps::Window;
use crate::update::numbers;

/// Numbers of `shaders/optimizer/numbers.wgsl`, filled up to whole vectors.
const COEFFICIENTS: u64 = 16;
/// The largest alignment that a device asks of bindings.
const ALIGNMENT: u64 = 256;

/// The buffers of a step beside those of weights, gradients and moments.
#[derive(Debug, Clone)]
pub(crate) struct Advance {
    precision: Precision,
    settings: wgpu::Buffer,
    count: wgpu::Buffer,
    pub(super) coefficients: wgpu::Buffer,
    /// The rate, a factor and a flag of the host, where the device has none.
    own: wgpu::Buffer,
    inputs: [(wgpu::Buffer, Window); 3],
}

impl Advance {
    /// Of the numbers of an update at its first step, with the rate, the factor and the flag that are on the device.
    pub fn new(
        gpu: &Gpu,
        settings: &[f64],
        rate: f64,
        precision: Precision,
        inputs: [Option<&DeviceBuffer>; 3],
    ) -> Result<Self> {
        let number = u64::from(4 * precision.words());
        let (copied, storage) = (wgpu::BufferUsages::COPY_DST, wgpu::BufferUsages::STORAGE);
        let uniform = wgpu::BufferUsages::UNIFORM;
        let counted = storage | wgpu::BufferUsages::COPY_SRC;
        let of_update = numbers(settings, precision);
        let settings = gpu.buffer("settings", settings_size(precision), uniform | copied)?;
        gpu.queue().write_buffer(&settings, 0, &of_update);
        let own = gpu.buffer("inputs", 3 * ALIGNMENT, storage | copied)?;
        for (value, offset) in [rate, 1.0, 0.0].into_iter().zip([0, 1, 2]) {
            gpu.queue().write_buffer(&own, offset * ALIGNMENT, &numbers(&[value], precision));
        }
        let mut found =
            [0, 1, 2].map(|i| (own.clone(), Window { offset: i * ALIGNMENT, size: number }));
        for (found, input) in found.iter_mut().zip(inputs) {
            if let Some(input) = input {
                *found = bound(gpu, input, number)?;
            }
        }
        Ok(Advance {
            precision,
            settings,
            count: gpu.buffer("count", 3 * number, counted)?,
            coefficients: gpu.buffer("coefficients", COEFFICIENTS * number, uniform | storage)?,
            own,
            inputs: found,
        })
    }

    /// Other numbers of the host, for what is submitted from now on.
    pub fn set(&self, gpu: &Gpu, settings: &[f64], rate: f64) {
        gpu.queue().write_buffer(&self.settings, 0, &numbers(settings, self.precision));
        gpu.queue().write_buffer(&self.own, 0, &numbers(&[rate], self.precision));
    }

    /// The number of steps that were not skipped; waits.
    pub fn steps(&self, gpu: &Gpu) -> Result<u64> {
        let offset = 2 * u64::from(4 * self.precision.words());
        let bytes = pollster::block_on(readback::read(gpu, &self.count, offset, 4))?;
        let words: Vec<u32> = bytemuck::pod_collect_to_vec(&bytes);
        Ok(words.first().copied().unwrap_or(0).into())
    }

    pub(super) fn dispatch(&self, gpu: &Gpu) -> Result<Dispatch> {
        let pipeline = gpu.pipeline(Program::Advance(self.precision))?;
        let size = settings_size(self.precision);
        let mut entries = vec![
            (0, self.settings.clone(), Some(Window { offset: 0, size })),
            (1, self.count.clone(), None),
            (2, self.coefficients.clone(), None),
        ];
        for (input, binding) in self.inputs.iter().zip(3..) {
            entries.push((binding, input.0.clone(), Some(input.1)));
        }
        Dispatch::new(gpu, pipeline, "advance", &entries, 0, [1, 1])
    }
}

/// A number on the device as it is bound.
fn bound(gpu: &Gpu, input: &DeviceBuffer, size: u64) -> Result<(wgpu::Buffer, Window)> {
    let Storage::Device(memory) = input.storage() else {
        return Err(Error::OtherContext {
            expected: gpu.profile().name.clone(),
            found: input.context().describe().to_string(),
        });
    };
    let offset = size * input.layout().offset() as u64;
    let alignment = u64::from(gpu.device().limits().min_storage_buffer_offset_alignment);
    if !offset.is_multiple_of(alignment) {
        let what =
            format!("a number {offset} bytes into its buffer, not a multiple of {alignment}");
        return Err(Error::Unsupported { device: gpu.profile().name.clone(), what });
    }
    Ok((memory.handle().clone(), Window { offset, size }))
}
