//! Recording into your own compute pass, beside your own work, on your own device: nothing is
//! submitted or waited for behind your back, and a report is read when you like.

use normproj::{Context, Layout, Projection, Request};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Your device. Any will do; here the first that wgpu offers.
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
    let adapter = pollster::block_on(instance.request_adapter(&Default::default()))?;
    let (device, queue) = pollster::block_on(adapter.request_device(&Default::default()))?;

    // Your weights, in your buffer, and your step: here it only doubles them.
    let (inputs, units) = (784, 256);
    let weights = device.create_buffer(&wgpu::BufferDescriptor {
        label: Some("weights"),
        size: 4 * (inputs * units) as u64,
        usage: wgpu::BufferUsages::STORAGE
            | wgpu::BufferUsages::COPY_SRC
            | wgpu::BufferUsages::COPY_DST,
        mapped_at_creation: false,
    });
    queue.write_buffer(&weights, 0, bytemuck::cast_slice(&vec![0.1f32; inputs * units]));
    let step = step(&device);
    let step_group = device.create_bind_group(&wgpu::BindGroupDescriptor {
        label: None,
        layout: &step.get_bind_group_layout(0),
        entries: &[wgpu::BindGroupEntry { binding: 0, resource: weights.as_entire_binding() }],
    });

    // Once: plan, prepare, bind.
    let context = Context::from_wgpu(device.clone(), queue.clone());
    let gpu = context.as_gpu().ok_or("this context is of a GPU")?;
    let layout = Layout::contiguous([inputs, units])?;
    let request = Request::in_place(Projection::max_norm(3.0, 0), layout).with_report();
    let view = context.wrap(weights, layout)?;
    let bound = gpu.prepare(&context.plan(&request)?)?.bind(&view)?;

    // Each step: one pass, your dispatches and ours.
    let mut pending = Vec::new();
    for _ in 0..5 {
        let mut encoder = device.create_command_encoder(&Default::default());
        let mut pass = encoder.begin_compute_pass(&Default::default());
        pass.set_pipeline(&step);
        pass.set_bind_group(0, &step_group, &[]);
        pass.dispatch_workgroups((inputs * units / 64) as u32, 1, 1);
        bound.record(&mut pass);
        drop(pass);
        pending.push(bound.report(&mut encoder)?);
        queue.submit([encoder.finish()]);
    }

    // Any time later, or never.
    for (step, report) in pending.into_iter().enumerate() {
        let report = report.wait()?;
        println!(
            "step {step}: {} of {} units were scaled, the largest norm was {:.3}",
            report.changed, report.slices, report.largest_norm
        );
    }
    Ok(())
}

fn step(device: &wgpu::Device) -> wgpu::ComputePipeline {
    let source = "@group(0) @binding(0) var<storage, read_write> weights: array<f32>;
        @compute @workgroup_size(64)
        fn main(@builtin(global_invocation_id) id: vec3<u32>) { weights[id.x] *= 2.0; }";
    let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: Some("step"),
        source: wgpu::ShaderSource::Wgsl(source.into()),
    });
    device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: Some("step"),
        layout: None,
        module: &module,
        entry_point: None,
        compilation_options: Default::default(),
        cache: None,
    })
}
