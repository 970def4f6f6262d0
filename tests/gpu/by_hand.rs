//! Dispatches recorded by hand: what wgpu itself allocates.

use normproj::Context;

/// Programs with one uniform and one storage binding, recorded by hand as often as a plan has
/// dispatches, each time another one: what wgpu itself allocates.
pub struct ByHand {
    programs: Vec<(wgpu::ComputePipeline, wgpu::BindGroup)>,
}

/// As many different programs as a plan has; wgpu records nothing for one that is set already.
const PROGRAMS: usize = 3;

impl ByHand {
    pub fn new(context: &Context) -> Self {
        ByHand { programs: (0..PROGRAMS).map(|_| program(context)).collect() }
    }

    pub fn record(&self, pass: &mut wgpu::ComputePass<'_>, dispatches: u32) {
        for (pipeline, group) in self.programs.iter().cycle().take(dispatches as usize) {
            pass.set_pipeline(pipeline);
            pass.set_bind_group(0, group, &[0]);
            pass.dispatch_workgroups(1, 1, 1);
        }
    }
}

fn program(context: &Context) -> (wgpu::ComputePipeline, wgpu::BindGroup) {
    let gpu = context.as_gpu().unwrap();
    let device = gpu.device();
    let source = "@group(0) @binding(0) var<uniform> a: vec4<u32>;
            @group(0) @binding(1) var<storage, read_write> b: array<u32>;
            @compute @workgroup_size(1) fn main() { b[0] = a.x; }";
    let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: None,
        source: wgpu::ShaderSource::Wgsl(source.into()),
    });
    let entry = |binding, ty, dynamic| wgpu::BindGroupLayoutEntry {
        binding,
        visibility: wgpu::ShaderStages::COMPUTE,
        ty: wgpu::BindingType::Buffer {
            ty,
            has_dynamic_offset: dynamic,
            min_binding_size: wgpu::BufferSize::new(if dynamic { 16 } else { 4 }),
        },
        count: None,
    };
    let layout = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
        label: None,
        entries: &[
            entry(0, wgpu::BufferBindingType::Uniform, true),
            entry(1, wgpu::BufferBindingType::Storage { read_only: false }, false),
        ],
    });
    let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        bind_group_layouts: &[Some(&layout)],
        ..Default::default()
    });
    let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: None,
        layout: Some(&pipeline_layout),
        module: &module,
        entry_point: Some("main"),
        compilation_options: Default::default(),
        cache: None,
    });
    let buffer = |usage| {
        let (label, size, mapped_at_creation) = (None, 256, false);
        device.create_buffer(&wgpu::BufferDescriptor { label, size, usage, mapped_at_creation })
    };
    let (uniform, storage) =
        (buffer(wgpu::BufferUsages::UNIFORM), buffer(wgpu::BufferUsages::STORAGE));
    let group = device.create_bind_group(&wgpu::BindGroupDescriptor {
        label: None,
        layout: &layout,
        entries: &[
            wgpu::BindGroupEntry {
                binding: 0,
                resource: wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                    buffer: &uniform,
                    offset: 0,
                    size: wgpu::BufferSize::new(16),
                }),
            },
            wgpu::BindGroupEntry { binding: 1, resource: storage.as_entire_binding() },
        ],
    });
    (pipeline, group)
}
