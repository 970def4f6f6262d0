//! What is counted: each case carries its work out so many times, on fresh violators each time.

use normproj::gpu::Gpu;
use normproj::{
    Axes, Clip, Context, DType, Element, Group, Layout, Model, Norm, Projection, Request,
};

use crate::Result;

/// A name, and what runs it so many times.
pub type Case = (&'static str, fn(u32) -> Result<()>);

/// Far above every norm, and far below.
const INSIDE: f64 = 1e9;
const OUTSIDE: f64 = 1e-3;

pub const CASES: &[Case] = &[
    ("rows_512x1024_f32_inside", |times| native::<f32>([512, 1024], 1, INSIDE, times)),
    ("rows_512x1024_f32_outside", |times| native::<f32>([512, 1024], 1, OUTSIDE, times)),
    ("rows_512x1024_f16_inside", |times| native::<half::f16>([512, 1024], 1, INSIDE, times)),
    ("rows_512x1024_f16_outside", |times| native::<half::f16>([512, 1024], 1, OUTSIDE, times)),
    ("rows_16384x32_f32_inside", |times| native::<f32>([16_384, 32], 1, INSIDE, times)),
    ("rows_16384x32_f32_outside", |times| native::<f32>([16_384, 32], 1, OUTSIDE, times)),
    ("columns_1024x512_f32_inside", |times| native::<f32>([1024, 512], 0, INSIDE, times)),
    ("columns_1024x512_f32_outside", |times| native::<f32>([1024, 512], 0, OUTSIDE, times)),
    ("columns_1024x512_bf16_outside", |times| native::<half::bf16>([1024, 512], 0, OUTSIDE, times)),
    ("columns_784x256_f32_outside", |times| native::<f32>([784, 256], 0, OUTSIDE, times)),
    ("l1_ball_rows_512x1024_f32_outside", |times| {
        project::<f32>(&[512, 1024], times, |i| {
            Projection::ball(Norm::L1, OUTSIDE * 0.5f64.powi(i), 1)
        })
    }),
    ("clip_300_tensors_inside", |times| clip(INSIDE, times)),
    ("clip_300_tensors_outside", |times| clip(OUTSIDE, times)),
    ("plan_columns_4096x4096", plan),
    ("record_columns_784x256_100_times", record),
    ("record_clip_300_tensors_arena_100_times", |times| record_clip(true, times)),
    ("record_clip_300_tensors_apart_100_times", |times| record_clip(false, times)),
];

/// Max-norm on the native backend. The radius halves each time, so that what was outside is again.
fn native<T: Element + Small>(shape: [usize; 2], axis: i32, c: f64, times: u32) -> Result<()> {
    project::<T>(&shape, times, |i| Projection::max_norm(c * 0.5f64.powi(i), axis))
}

fn project<T: Element + Small>(
    shape: &[usize],
    times: u32,
    projection: impl Fn(i32) -> Projection,
) -> Result<()> {
    let context = Context::cpu();
    let elements: Vec<T> = (0..shape.iter().product()).map(T::small).collect();
    let buffer = context.upload_as(&elements, shape)?;
    for i in 0..times {
        context.project(&projection(i as i32), &buffer)?;
    }
    Ok(())
}

/// Elements of a weight.
trait Small {
    fn small(i: usize) -> Self;
}

fn small(i: usize) -> f32 {
    (i % 255) as f32 / 128.0 - 1.0
}

impl Small for f32 {
    fn small(i: usize) -> Self {
        small(i)
    }
}

impl Small for half::f16 {
    fn small(i: usize) -> Self {
        half::f16::from_f32(small(i))
    }
}

impl Small for half::bf16 {
    fn small(i: usize) -> Self {
        half::bf16::from_f32(small(i))
    }
}

/// 60 kernels, each with four biases.
fn model(context: &Context, arena: bool) -> Result<Model> {
    let sizes: Vec<usize> = (0..300).map(|i| if i % 5 == 0 { 9_000 } else { 64 + i }).collect();
    let elements: Vec<f32> = (0..sizes.iter().sum()).map(small).collect();
    let memory = context.upload(&elements, [elements.len()])?;
    let mut first = 0;
    let tensor = |size: usize| {
        let layout = Layout::contiguous([size])?.at(first)?;
        first += size;
        let view = memory.view(layout)?;
        if arena { Ok(view) } else { context.upload(&view.read()?, [size]) }
    };
    let tensors: normproj::Result<Vec<_>> = sizes.into_iter().map(tensor).collect();
    Ok(Model::unnamed(context, &tensors?)?)
}

fn clip(c: f64, times: u32) -> Result<()> {
    let group = Group::new(Clip::global_norm(c), &model(&Context::cpu(), true)?)?;
    for i in 0..times {
        group.with_radius(c * 0.5f64.powi(i as i32))?.enqueue()?;
    }
    Ok(())
}

fn plan(times: u32) -> Result<()> {
    let profile = normproj::DeviceProfile::h200();
    let request =
        Request::in_place(Projection::max_norm(1.0, 0), Layout::contiguous([4096, 4096])?);
    for _ in 0..times {
        std::hint::black_box(normproj::Plan::new(&request, &profile)?);
    }
    Ok(())
}

/// A device that validates and executes nothing: what is counted is this library and wgpu.
fn idle() -> Context {
    let (device, queue) = wgpu::Device::noop(&wgpu::DeviceDescriptor::default());
    Context::from_wgpu(device, queue)
}

fn record(times: u32) -> Result<()> {
    let context = idle();
    let gpu = context.as_gpu().ok_or("a GPU")?;
    let request = Request::in_place(Projection::max_norm(1.0, Axes::from(0)), {
        Layout::contiguous([784, 256])?
    });
    let tensor = context.zeros_as([784, 256], DType::F32)?;
    let bound = gpu.prepare(&context.plan(&request)?)?.bind(&tensor)?;
    recorded(gpu, times, |encoder| bound.record_pass(encoder))
}

fn record_clip(arena: bool, times: u32) -> Result<()> {
    let context = idle();
    let gpu = context.as_gpu().ok_or("a GPU")?;
    let sizes = (0..300).map(|i| if i % 5 == 0 { 9_000 } else { 64 + i });
    let memory = context.zeros([60 * 9_000 + 240 * 400])?;
    let mut first = 0;
    let tensor = |size: usize| {
        let layout = Layout::contiguous([size])?.at(first)?;
        first += size;
        if arena { memory.view(layout) } else { context.zeros([size]) }
    };
    let tensors: normproj::Result<Vec<_>> = sizes.map(tensor).collect();
    let group = Group::new(Clip::global_norm(1.0), &Model::unnamed(&context, &tensors?)?)?;
    let bound = group.as_gpu().ok_or("a GPU")?;
    recorded(gpu, times, |encoder| bound.record_pass(encoder))
}

fn recorded(gpu: &Gpu, times: u32, record: impl Fn(&mut wgpu::CommandEncoder)) -> Result<()> {
    // One recording differs by a tenth, as maps of wgpu are hashed.
    for _ in 0..100 * times {
        let mut encoder = gpu.device().create_command_encoder(&Default::default());
        record(&mut encoder);
        drop(encoder);
    }
    Ok(())
}
