//! Variant → compiled pipeline.

use crate::dtype::Precision;
use crate::shader::advance;
use crate::shader::group::params::GroupParams;
use crate::shader::group::variant::GroupVariant;
use crate::shader::params::{Params, SingleParams};
use crate::shader::variant::{Access, Variant};
use crate::update::SETTINGS;

/// What is compiled, and the key that it is found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Program {
    /// Over the slices of a tensor.
    Slices(Variant),
    /// Over chunks of many tensors.
    Group(GroupVariant),
    /// Makes the numbers of the next step of an optimizer ready.
    Advance(Precision),
}

impl Program {
    pub fn label(&self) -> String {
        match self {
            Program::Slices(variant) => variant.label(),
            Program::Group(variant) => variant.kernel.name().to_string(),
            Program::Advance(_) => "advance".to_string(),
        }
    }

    fn entry_point(&self) -> &'static str {
        match self {
            Program::Slices(variant) => variant.kernel.name(),
            Program::Group(variant) => variant.kernel.name(),
            Program::Advance(_) => "advance",
        }
    }

    fn source(&self) -> String {
        match self {
            Program::Slices(variant) => variant.source(),
            Program::Group(variant) => variant.source(),
            Program::Advance(precision) => advance(*precision),
        }
    }

    fn bindings(&self) -> Vec<(u32, Access)> {
        match self {
            Program::Slices(variant) => {
                variant.bindings().into_iter().map(|(slot, a)| (slot.binding(), a)).collect()
            }
            Program::Group(variant) => {
                variant.bindings().into_iter().map(|(slot, a)| (slot.binding(), a)).collect()
            }
            Program::Advance(_) => {
                let written = [1, 2].map(|binding| (binding, Access::ReadWrite));
                let read = [3, 4, 5].map(|binding| (binding, Access::Read));
                [(0, Access::Uniform)].into_iter().chain(written).chain(read).collect()
            }
        }
    }

    fn params_size(&self) -> u64 {
        match self {
            Program::Slices(variant) => params_size(variant.pack.precision()),
            Program::Group(variant) => GroupParams::size(variant.precision),
            Program::Advance(precision) => settings_size(*precision),
        }
    }
}

/// The bytes of the numbers of an optimizer.
pub(super) fn settings_size(precision: Precision) -> u64 {
    u64::from(4 * precision.words()) * SETTINGS as u64
}

/// The bytes of the parameters of a dispatch over slices.
pub(super) fn params_size(precision: Precision) -> u64 {
    let bytes = match precision {
        Precision::Single => size_of::<SingleParams>(),
        Precision::Double => size_of::<Params>(),
    };
    bytes as u64
}

/// A compiled program and the layout of its bind group.
#[derive(Debug, Clone)]
pub(super) struct Pipeline {
    pub pipeline: wgpu::ComputePipeline,
    pub layout: wgpu::BindGroupLayout,
}

impl Pipeline {
    pub fn compile(device: &wgpu::Device, program: &Program) -> Self {
        let label = program.label();
        let bindings = program.bindings();
        let entries: Vec<_> = bindings
            .iter()
            .map(|&(binding, access)| entry(binding, access, program.params_size()))
            .collect();
        let layout = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
            label: Some(&label),
            entries: &entries,
        });
        let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some(&label),
            bind_group_layouts: &[Some(&layout)],
            immediate_size: 0,
        });
        let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some(&label),
            source: wgpu::ShaderSource::Wgsl(program.source().into()),
        });
        let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(&label),
            layout: Some(&pipeline_layout),
            module: &module,
            entry_point: Some(program.entry_point()),
            compilation_options: wgpu::PipelineCompilationOptions {
                // Every word of workgroup memory is written before it is read.
                zero_initialize_workgroup_memory: false,
                ..Default::default()
            },
            cache: None,
        });
        Pipeline { pipeline, layout }
    }
}

fn entry(binding: u32, access: Access, params_size: u64) -> wgpu::BindGroupLayoutEntry {
    let ty = match access {
        Access::Uniform | Access::Constant => wgpu::BufferBindingType::Uniform,
        Access::Read => wgpu::BufferBindingType::Storage { read_only: true },
        Access::ReadWrite => wgpu::BufferBindingType::Storage { read_only: false },
    };
    let uniform = access == Access::Uniform;
    wgpu::BindGroupLayoutEntry {
        binding,
        visibility: wgpu::ShaderStages::COMPUTE,
        ty: wgpu::BindingType::Buffer {
            ty,
            has_dynamic_offset: uniform,
            min_binding_size: if uniform { wgpu::BufferSize::new(params_size) } else { None },
        },
        count: None,
    }
}
