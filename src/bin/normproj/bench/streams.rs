//! What the memory of a GPU gives: the ceilings that every kernel is measured against.

use std::ops::Range;

use normproj::gpu::Gpu;
use normproj::{Context, DeviceBuffer};

use super::clock::Clock;
use crate::failure::{Failure, Result};

/// Numbers of workgroups that are tried; the fastest is the ceiling.
const WORKGROUPS: [u32; 4] = [1056, 4224, 16_896, 65_535];
const RUNS: u32 = 11;
/// Elements that every device can begin a binding at: 256 bytes.
const ALIGNED: usize = 64;

/// Gigabytes (10⁹ bytes) a second; what is copied counts as read and as written.
#[derive(Debug, Clone, Copy, serde::Serialize)]
pub struct Ceilings {
    pub copy_gbps: f64,
    pub read_gbps: f64,
}

impl Ceilings {
    /// The time that these bytes take at best, in milliseconds.
    pub fn milliseconds(&self, bytes: f64, writes: bool) -> f64 {
        bytes / if writes { self.copy_gbps } else { self.read_gbps } * 1e-6
    }
}

/// Kernels that copy and read, and two buffers for them.
pub struct Streams {
    copy: wgpu::ComputePipeline,
    read: wgpu::ComputePipeline,
    source: DeviceBuffer,
    sink: DeviceBuffer,
    nothing: DeviceBuffer,
    gpu: Gpu,
    /// Elements that no cache holds.
    flush: usize,
    fastest: [u32; 2],
}

impl Streams {
    /// Kernels with buffers of so many elements, of which so many are read to empty the caches.
    pub fn new(context: &Context, gpu: &Gpu, elements: usize, flush: usize) -> Result<Self> {
        let text = include_str!("streams.wgsl");
        Ok(Streams {
            copy: pipeline(gpu, text, "copy_all", &[]),
            read: pipeline(gpu, text, "read_all", &[]),
            source: context.upload(&super::cases::uniform(elements), [elements])?,
            sink: context.zeros([elements])?,
            nothing: context.zeros([4])?,
            gpu: gpu.clone(),
            flush: flush.min(elements),
            fastest: [WORKGROUPS[0]; 2],
        })
    }

    /// Copies and reads everything.
    pub fn measure(&mut self, clock: &Clock) -> Result<Ceilings> {
        let elements = self.source.layout().len();
        let mut rates = [0.0; 2];
        for workgroups in WORKGROUPS {
            let copy = self.copy_of(elements)?;
            let read = self.read_of(0..elements)?;
            for (kind, (group, pipeline)) in
                [(&copy, &self.copy), (&read, &self.read)].into_iter().enumerate()
            {
                let ms = clock.time(RUNS, &|_| {}, &|pass| {
                    stream(pass, pipeline, group, workgroups);
                })?;
                let bytes = elements as f64 * if kind == 0 { 8.0 } else { 4.0 };
                let rate = bytes / ms * 1e-6;
                if rate > rates[kind] {
                    (rates[kind], self.fastest[kind]) = (rate, workgroups);
                }
            }
        }
        Ok(Ceilings { copy_gbps: rates[0], read_gbps: rates[1] })
    }

    /// The time of a copy that moves so many bytes, out of memory into memory, or of a read of them where
    /// nothing is written; none if that is more than the buffers hold.
    pub fn time_of_same(&self, clock: &Clock, bytes: f64, writes: bool) -> Result<Option<f64>> {
        let all = self.source.layout().len();
        let elements = (bytes / if writes { 8.0 } else { 4.0 }) as usize / ALIGNED * ALIGNED;
        if elements == 0 || elements > all {
            return Ok(None);
        }
        let (pipeline, group, fastest) = match writes {
            true => (&self.copy, self.copy_of(elements)?, self.fastest[0]),
            // What was read last to empty the caches is at the other end.
            false => (&self.read, self.read_of(all - elements..all)?, self.fastest[1]),
        };
        let lanes = (elements as u32 / 4).div_ceil(256);
        let workgroups = fastest.min(lanes);
        let time = clock.time(RUNS, &|encoder| self.empty_caches(encoder), &|pass| {
            stream(pass, pipeline, &group, workgroups);
        })?;
        Ok(Some(time))
    }

    /// Reads more than the caches hold. What follows in the encoder must begin with a copy: it waits
    /// for the copy here, and so for the reads.
    pub fn empty_caches(&self, encoder: &mut wgpu::CommandEncoder) {
        let Ok(group) = self.read_of(0..self.flush) else { return };
        {
            let mut pass = encoder.begin_compute_pass(&Default::default());
            stream(&mut pass, &self.read, &group, self.fastest[1]);
        }
        // A copy out of what the reads may have written waits for them.
        let (Some((nothing, _)), Some((sink, _))) = (self.nothing.as_wgpu(), self.sink.as_wgpu())
        else {
            return;
        };
        encoder.copy_buffer_to_buffer(nothing, 0, sink, 0, 16);
    }

    fn copy_of(&self, elements: usize) -> Result<wgpu::BindGroup> {
        bind(&self.gpu, &self.copy, &[(&self.source, 0..elements), (&self.sink, 0..elements)])
    }

    fn read_of(&self, elements: Range<usize>) -> Result<wgpu::BindGroup> {
        bind(&self.gpu, &self.read, &[(&self.source, elements), (&self.nothing, 0..4)])
    }
}

pub fn pipeline(
    gpu: &Gpu,
    text: &str,
    entry: &str,
    constants: &[(&str, f64)],
) -> wgpu::ComputePipeline {
    let source = wgpu::ShaderSource::Wgsl(text.into());
    let label = Some(entry);
    let module = gpu.device().create_shader_module(wgpu::ShaderModuleDescriptor { label, source });
    gpu.device().create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label,
        layout: None,
        module: &module,
        entry_point: Some(entry),
        compilation_options: wgpu::PipelineCompilationOptions { constants, ..Default::default() },
        cache: None,
    })
}

/// Elements of some buffers, at the bindings 0, 1 and so on.
pub fn bind(
    gpu: &Gpu,
    pipeline: &wgpu::ComputePipeline,
    buffers: &[(&DeviceBuffer, Range<usize>)],
) -> Result<wgpu::BindGroup> {
    let mut entries = Vec::with_capacity(buffers.len());
    for (binding, (buffer, elements)) in (0..).zip(buffers) {
        let (buffer, _) = buffer.as_wgpu().ok_or_else(|| Failure::new("no GPU buffer"))?;
        let (offset, size) = (4 * elements.start as u64, 4 * elements.len() as u64);
        let size = wgpu::BufferSize::new(size);
        let resource = wgpu::BindingResource::Buffer(wgpu::BufferBinding { buffer, offset, size });
        entries.push(wgpu::BindGroupEntry { binding, resource });
    }
    Ok(gpu.device().create_bind_group(&wgpu::BindGroupDescriptor {
        label: None,
        layout: &pipeline.get_bind_group_layout(0),
        entries: &entries,
    }))
}

fn stream(
    pass: &mut wgpu::ComputePass<'_>,
    pipeline: &wgpu::ComputePipeline,
    group: &wgpu::BindGroup,
    workgroups: u32,
) {
    pass.set_pipeline(pipeline);
    pass.set_bind_group(0, group, &[]);
    pass.dispatch_workgroups(workgroups, 1, 1);
}
