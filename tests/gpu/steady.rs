//! Steady state: recording a bound projection costs nothing above the same dispatches by hand.

use normproj::{Context, Layout, Projection, Request};

use crate::allocations::during;
use crate::contexts;

/// A program with one uniform and one storage binding, recorded by hand as often as a plan has
/// dispatches: what wgpu itself allocates.
struct ByHand {
    pipeline: wgpu::ComputePipeline,
    group: wgpu::BindGroup,
}

impl ByHand {
    fn new(context: &Context) -> Self {
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
        ByHand { pipeline, group }
    }

    fn record(&self, pass: &mut wgpu::ComputePass<'_>, dispatches: u32) {
        for _ in 0..dispatches {
            pass.set_pipeline(&self.pipeline);
            pass.set_bind_group(0, &self.group, &[0]);
            pass.dispatch_workgroups(1, 1, 1);
        }
    }
}

#[test]
fn recording_allocates_nothing_above_the_same_dispatches_by_hand() {
    for context in contexts().iter() {
        let gpu = context.as_gpu().unwrap();
        let by_hand = ByHand::new(context);
        for shape in [[64, 48], [4096, 512]] {
            let layout = Layout::contiguous(shape).unwrap();
            let request = Request::in_place(Projection::max_norm(1.0, 0), layout);
            let prepared = gpu.prepare(&context.plan(&request).unwrap()).unwrap();
            let bound = prepared.bind(&context.zeros(shape).unwrap()).unwrap();
            let dispatches = prepared.plan().cost().dispatches;
            let mut ours = Vec::new();
            let mut theirs = Vec::new();
            for _ in 0..8 {
                let mut encoder = gpu.device().create_command_encoder(&Default::default());
                let mut pass = encoder.begin_compute_pass(&Default::default());
                ours.push(during(|| bound.record(&mut pass)));
                drop(pass);
                drop(encoder);
                let mut encoder = gpu.device().create_command_encoder(&Default::default());
                let mut pass = encoder.begin_compute_pass(&Default::default());
                theirs.push(during(|| by_hand.record(&mut pass, dispatches)));
            }
            println!(
                "{}: {dispatches} dispatches allocate {ours:?}, by hand {theirs:?}",
                context.describe()
            );
            assert_eq!(ours.iter().min(), theirs.iter().min());
        }
    }
}
