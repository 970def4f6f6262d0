//! What a step costs the host: recording the clip of a model of 300 tensors and 30 million elements
//! by its global norm, in an arena and in buffers of their own; and the whole step until the device
//! is done, beside the pattern that others follow: norms of each tensor, read back, added up on the
//! host, then each tensor scaled by itself. The two are compared before they are timed.
//!
//! `cargo bench --bench record -- arena` runs the cases whose name contains `arena`.

use std::time::Duration;

use criterion::{BenchmarkGroup, Criterion, measurement::WallTime};
use normproj::gpu::{Bound, Gpu};
use normproj::{Axes, Clip, Context, DeviceBuffer, Group, Layout, Model, Norm, Request};

const ELEMENTS: usize = 30_000_000;
const BIASES: usize = 240;
const KERNELS: usize = 60;
/// Far above the norm, and far below it.
const RADII: [(&str, f64); 2] = [("inside", 1e9), ("clipped", 1e-3)];

/// The sizes of the tensors: four biases after each kernel, as layers have them.
fn sizes() -> Vec<usize> {
    let biases: Vec<usize> = (0..BIASES).map(|i| 64 + i * 37 % 900).collect();
    let kernel = (ELEMENTS - biases.iter().sum::<usize>()) / KERNELS;
    biases.chunks(BIASES / KERNELS).flat_map(|biases| [&[kernel], biases].concat()).collect()
}

fn apart(context: &Context) -> Vec<DeviceBuffer> {
    let upload = |size| context.upload(&vec![1e-3; size], [size]).expect("memory");
    sizes().into_iter().map(upload).collect()
}

fn arena(context: &Context) -> Vec<DeviceBuffer> {
    let sizes = sizes();
    let total = sizes.iter().sum();
    let all = context.upload(&vec![1e-3; total], [total]).expect("memory");
    let mut first = 0;
    let view = |size| {
        first += size;
        let layout = Layout::strided([size], [1], first - size).expect("a legal view");
        all.view(layout).expect("inside the arena")
    };
    sizes.into_iter().map(view).collect()
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args().sample_size(10);
    let context = match Context::gpu() {
        Ok(context) => context,
        Err(error) => return eprintln!("not timed: {error}"),
    };
    eprintln!("{}", context.describe());
    let gpu = context.as_gpu().expect("a GPU");
    for (place, tensors) in [("arena", arena(&context)), ("apart", apart(&context))] {
        let model = Model::unnamed(&context, &tensors).expect("a model");
        for (outcome, radius) in RADII {
            let clip = Group::new(Clip::global_norm(radius), &model).expect("a clip");
            eprintln!("{place}, {outcome}: {}", clip.plan().explain());
            let mut group = criterion.benchmark_group(format!("{place}_{outcome}"));
            group.warm_up_time(Duration::from_millis(500));
            group.measurement_time(Duration::from_secs(3));
            record(&mut group, gpu, &clip);
            steps(&mut group, gpu, &clip, &ReadBack::new(&context, &model, radius));
            group.finish();
        }
    }
    criterion.final_summary();
}

/// The host's time to record, without the encoder that it is recorded into.
fn record(group: &mut BenchmarkGroup<'_, WallTime>, gpu: &Gpu, clip: &Group) {
    let bound = clip.as_gpu().expect("a GPU");
    let encoder = || gpu.device().create_command_encoder(&Default::default());
    group.bench_function("record", |bencher| {
        bencher.iter_batched_ref(
            encoder,
            |encoder| bound.record_pass(encoder),
            criterion::BatchSize::PerIteration,
        );
    });
}

fn steps(group: &mut BenchmarkGroup<'_, WallTime>, gpu: &Gpu, clip: &Group, other: &ReadBack) {
    let wait = || gpu.device().poll(wgpu::PollType::wait_indefinitely()).expect("a device");
    let norm = clip.norm().expect("a norm");
    clip.enqueue().expect("a step");
    let (ours, theirs) = (f64::from(norm.read().expect("a norm")[0]), other.total(gpu));
    // The first step may have clipped what the second one reads.
    assert!((theirs / ours.min(clip.plan().rim().target) - 1.0).abs() < 1e-4, "{ours}, {theirs}");
    // A second clip has nothing left to write.
    let elements = clip.model().tensors().iter().map(|tensor| vec![1e-3; tensor.layout().len()]);
    let host: Vec<Vec<f32>> = elements.collect();
    let restore = || {
        let tensors = clip.model().tensors().iter().zip(&host);
        tensors.for_each(|(tensor, host)| tensor.write(host).expect("as before"));
        wait();
    };
    let size = criterion::BatchSize::PerIteration;
    group.bench_function("step", |bencher| {
        let step = |()| {
            clip.enqueue().expect("a step");
            wait()
        };
        bencher.iter_batched(restore, step, size);
    });
    group.bench_function("step_read_back", |bencher| {
        let step = |()| {
            other.step(gpu);
            wait()
        };
        bencher.iter_batched(restore, step, size);
    });
}

/// The pattern that others follow.
struct ReadBack {
    norms: DeviceBuffer,
    total: DeviceBuffer,
    reduce: Vec<Bound>,
    scale: Vec<Group>,
}

impl ReadBack {
    fn new(context: &Context, model: &Model, radius: f64) -> Self {
        let gpu = context.as_gpu().expect("a GPU");
        let (norms, total) =
            (context.zeros([model.len()]).expect("norms"), context.zeros([1]).expect("a norm"));
        let reduce = |(i, tensor): (usize, &DeviceBuffer)| {
            let view = norms.view(Layout::strided([1], [1], i).expect("one")).expect("one of all");
            let request = Request::norms(Norm::L2, Axes::all(), *tensor.layout(), *view.layout());
            let plan = context.plan(&request).expect("a plan");
            gpu.prepare(&plan).expect("prepared").bind_into(tensor, &view).expect("bound")
        };
        let scale = |tensor: &DeviceBuffer| {
            let one = Model::unnamed(context, [tensor]).expect("a model of one");
            Group::by_norm(Clip::global_norm(radius), &one, &total).expect("a clip")
        };
        ReadBack {
            reduce: model.tensors().iter().enumerate().map(reduce).collect(),
            scale: model.tensors().iter().map(scale).collect(),
            norms,
            total: total.clone(),
        }
    }

    /// The norm, by way of the host.
    fn total(&self, gpu: &Gpu) -> f64 {
        let mut encoder = gpu.device().create_command_encoder(&Default::default());
        let mut pass = encoder.begin_compute_pass(&Default::default());
        self.reduce.iter().for_each(|bound| bound.record(&mut pass));
        drop(pass);
        gpu.queue().submit([encoder.finish()]);
        let norms = self.norms.read().expect("norms");
        norms.iter().map(|&norm| f64::from(norm).powi(2)).sum::<f64>().sqrt()
    }

    fn step(&self, gpu: &Gpu) {
        let total = self.total(gpu) as f32;
        self.total.write(&[total]).expect("one element");
        let mut encoder = gpu.device().create_command_encoder(&Default::default());
        let mut pass = encoder.begin_compute_pass(&Default::default());
        self.scale.iter().for_each(|group| group.as_gpu().expect("a GPU").record(&mut pass));
        drop(pass);
        gpu.queue().submit([encoder.finish()]);
    }
}
