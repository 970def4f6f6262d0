//! Every variant can be compiled, bound and recorded without a validation error, on a device that
//! validates and executes nothing.

use normproj::plan::request::Output;
use normproj::{
    Axes, Clip, Context, DType, Decay, GivenNorm, Group, Layout, Model, Norm, Plan, Projection,
    Request,
};

fn noop() -> Context {
    noop_with(wgpu::Features::empty())
}

fn noop_with(required_features: wgpu::Features) -> Context {
    let required_limits = wgpu::Limits::default();
    let descriptor =
        wgpu::DeviceDescriptor { required_features, required_limits, ..Default::default() };
    let (device, queue) = wgpu::Device::noop(&descriptor);
    Context::from_wgpu(device, queue)
}

fn requests(shape: &[usize], axes: Axes) -> Vec<Request> {
    let layout = Layout::contiguous(shape).unwrap();
    let projection = Projection::max_norm(1.0, axes);
    let reduced = axes.resolve(shape).unwrap();
    let slices: usize = (0..shape.len()).filter(|&d| !reduced[d]).map(|d| shape[d]).product();
    let norms = Layout::contiguous([slices]).unwrap();
    vec![
        Request::in_place(projection, layout),
        Request::in_place(projection, layout).with_report(),
        Request::into(projection, layout, layout),
        Request::into(projection, layout, layout).with_report(),
        Request::norms(Norm::L2, axes, layout, norms),
    ]
}

#[test]
fn every_schedule_records_without_an_error() {
    let context = noop();
    let gpu = context.as_gpu().unwrap();
    let mut recorded = 0;
    for (shape, axes) in [
        (vec![64, 48], Axes::from(0)),
        (vec![64, 48], Axes::from(1)),
        (vec![33, 17], Axes::from(0)),
        (vec![33, 17], Axes::from(1)),
        (vec![2, 3, 4, 5, 6], Axes::from([0, 2, 4])),
        (vec![3000], Axes::all()),
    ] {
        let dtypes = [(DType::F32, 1), (DType::F16, 3), (DType::BF16, 11)];
        let requests = requests(&shape, axes).into_iter();
        for (request, (dtype, every)) in
            requests.flat_map(|request| dtypes.map(|of| (request.of(of.0), of)))
        {
            let legal = Plan::legal_schedules(&request, context.profile()).unwrap();
            for schedule in legal.into_iter().step_by(every) {
                let plan = Plan::with_schedule(&request, context.profile(), schedule).unwrap();
                let source = context.zeros_as(&shape, dtype).unwrap();
                let target = match &request.output {
                    Output::InPlace => source.clone(),
                    Output::Into(layout) | Output::Norms(layout) => {
                        context.zeros_as(layout.shape(), request.target_dtype()).unwrap()
                    }
                };
                let bound = gpu.prepare(&plan).unwrap().bind_into(&source, &target).unwrap();
                let scope = gpu.device().push_error_scope(wgpu::ErrorFilter::Validation);
                let mut encoder = gpu.device().create_command_encoder(&Default::default());
                bound.record_pass(&mut encoder);
                gpu.queue().submit([encoder.finish()]);
                let error = pollster::block_on(scope.pop());
                assert!(error.is_none(), "{}\n{error:?}", plan.explain());
                recorded += 1;
            }
        }
    }
    println!("{recorded} plans were recorded");
    assert!(recorded > 300);
}

#[test]
fn every_clip_of_many_tensors_records_without_an_error() {
    use DType::{BF16, F16, F32, F64};
    record_clips(&noop(), [F32, F32, F16, BF16]);
    let doubles = wgpu::Features::SHADER_F64 | wgpu::Features::SHADER_INT64;
    record_clips(&noop_with(doubles), [F64, F32, F16, BF16]);
}

/// An arena of f32, and tensors of these dtypes apart.
fn record_clips(context: &Context, dtypes: [DType; 4]) {
    let gpu = context.as_gpu().unwrap();
    let arena = context.zeros([5000]).unwrap();
    let view = |shape: [usize; 2], strides: [usize; 2], offset| {
        arena.view(Layout::strided(shape, strides, offset).unwrap()).unwrap()
    };
    let apart = (1..14).map(|i| context.zeros_as([i, 7], dtypes[i % 4]).unwrap());
    let apart: Vec<_> = apart.collect();
    let mut tensors = vec![view([4, 6], [6, 1], 3), view([5, 9], [18, 2], 40)];
    tensors.extend(apart);
    let model = Model::unnamed(context, &tensors).unwrap();
    let other = tensors.iter().map(|t| context.zeros_as(t.shape(), t.dtype()).unwrap());
    let other: Vec<_> = other.collect();
    let weights = Model::unnamed(context, &other).unwrap();
    let decay = Decay::new(0.5, &weights);
    let given = if dtypes.contains(&DType::F64) { DType::F64 } else { DType::F32 };
    let given = context.zeros_as([1], given).unwrap();
    let mut recorded = 0;
    for norm in Norm::ALL {
        let clips = [
            Clip::global_norm(1.0),
            Clip::each_norm(1.0),
            Clip::norms(Norm::L2),
            Clip::value(-1.0, 1.0),
            Clip::global_norm(1.0).use_norm(GivenNorm::Host(2.0)),
        ];
        let mut groups = vec![Group::by_norm(clips[0].norm(norm), &model, &given).unwrap()];
        for clip in clips {
            groups.push(Group::new(clip.norm(norm), &model).unwrap());
            groups.push(Group::with_decay(clip.norm(norm), &model, &decay).unwrap());
        }
        for group in &groups {
            let scope = gpu.device().push_error_scope(wgpu::ErrorFilter::Validation);
            let mut encoder = gpu.device().create_command_encoder(&Default::default());
            group.as_gpu().unwrap().record_pass(&mut encoder);
            gpu.queue().submit([encoder.finish()]);
            let error = pollster::block_on(scope.pop());
            assert!(error.is_none(), "{}\n{error:?}", group.plan().explain());
            recorded += 1;
        }
    }
    println!("{recorded} groups were recorded");
    assert_eq!(recorded, 33);
}

#[test]
fn the_scope_would_catch_an_error() {
    let context = noop();
    let gpu = context.as_gpu().unwrap();
    let scope = gpu.device().push_error_scope(wgpu::ErrorFilter::Validation);
    let mut encoder = gpu.device().create_command_encoder(&Default::default());
    encoder.begin_compute_pass(&Default::default()).dispatch_workgroups(1, 1, 1);
    gpu.queue().submit([encoder.finish()]);
    assert!(pollster::block_on(scope.pop()).is_some());
}
