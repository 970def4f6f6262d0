//! One dispatch with all that it binds.

use crate::error::Result;
use crate::gpu::device::Gpu;
use crate::gpu::pipeline::Pipeline;
use crate::gpu::scope::scoped;
use crate::plan::gpu::steps::Window;

/// A buffer, or a window of it, at a binding.
pub(super) type Entry = (u32, wgpu::Buffer, Option<Window>);

/// A pipeline, its bind group and its parameters: all that recording needs.
#[derive(Debug)]
pub(super) struct Dispatch {
    pipeline: wgpu::ComputePipeline,
    group: wgpu::BindGroup,
    /// Of the parameters.
    offset: u32,
    workgroups: [u32; 2],
}

impl Dispatch {
    pub fn new(
        gpu: &Gpu,
        pipeline: Pipeline,
        label: &str,
        entries: &[Entry],
        offset: u32,
        workgroups: [u32; 2],
    ) -> Result<Self> {
        let entries: Vec<wgpu::BindGroupEntry<'_>> = entries
            .iter()
            .map(|(binding, buffer, window)| wgpu::BindGroupEntry {
                binding: *binding,
                resource: wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                    buffer,
                    offset: window.map_or(0, |window| window.offset),
                    size: window.and_then(|window| wgpu::BufferSize::new(window.size)),
                }),
            })
            .collect();
        let descriptor = wgpu::BindGroupDescriptor {
            label: Some(label),
            layout: &pipeline.layout,
            entries: &entries,
        };
        let group = scoped(gpu.device(), || gpu.device().create_bind_group(&descriptor))?;
        Ok(Dispatch { pipeline: pipeline.pipeline, group, offset, workgroups })
    }

    /// Nothing is allocated.
    pub fn record(&self, pass: &mut wgpu::ComputePass<'_>) {
        let [x, y] = self.workgroups;
        pass.set_pipeline(&self.pipeline);
        pass.set_bind_group(0, &self.group, &[self.offset]);
        pass.dispatch_workgroups(x, y, 1);
    }
}
