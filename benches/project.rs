//! Projection in place on every context of this machine, beside the oracle and beside a copy that
//! moves the bytes which the plan states. Every case is compared with the oracle before it is
//! timed; the input is restored outside the timed span, because a second projection has nothing
//! left to do.
//!
//! `cargo bench --bench project -- columns` runs the cases whose name contains `columns`.

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BenchmarkGroup, Criterion, Throughput, measurement::WallTime};
use normproj::{Axes, Context, DeviceBuffer, Layout, Plan, Projection, Request, reference};
use rayon::prelude::*;

struct Case {
    name: &'static str,
    shape: &'static [usize],
    axes: Axes,
}

/// How much of the tensor violates: nothing, or every slice.
const VIOLATING: [f64; 2] = [0.0, 1.0];

fn cases() -> Vec<Case> {
    let case = |name, shape, axes| Case { name, shape, axes };
    vec![
        case("rows_4096x4096", &[4096, 4096], Axes::from(1)),
        case("rows_8192x4096", &[8192, 4096], Axes::from(1)),
        case("rows_4096x32", &[4096, 32], Axes::from(1)),
        case("rows_1x50000000", &[1, 50_000_000], Axes::from(1)),
        case("columns_4096x4096", &[4096, 4096], Axes::from(0)),
        case("columns_784x256", &[784, 256], Axes::from(0)),
        case("columns_64x262144", &[64, 262_144], Axes::from(0)),
        case("batch_64x512x512", &[64, 512, 512], Axes::from(1)),
        case("conv_3x3x512x512", &[3, 3, 512, 512], Axes::from([0, 1, 2])),
        case("strided_256x256x256", &[256, 256, 256], Axes::from([0, 2])),
    ]
}

/// The backends that are timed. A machine without a GPU times the CPU alone, and says so.
fn contexts() -> Vec<(&'static str, Context)> {
    let mut contexts = vec![("cpu", Context::cpu())];
    match Context::gpu() {
        Ok(gpu) => contexts.push(("gpu", gpu)),
        Err(error) => eprintln!("not timed: {error}"),
    }
    for (name, context) in &contexts {
        eprintln!("{name}: {}", context.describe());
    }
    contexts
}

/// A GPU queues its work; what is timed is its end.
fn finish(context: &Context) {
    if let Some(gpu) = context.as_gpu() {
        gpu.device().poll(wgpu::PollType::wait_indefinitely()).expect("the device is there");
    }
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args().sample_size(30);
    let contexts = contexts();
    for case in cases() {
        let layout = Layout::contiguous(case.shape).expect("a small shape");
        let host = uniform(layout.len());
        for violating in VIOLATING {
            let projection = Projection::max_norm(radius(&case, &layout, violating), case.axes);
            let name = format!("{}_v{violating}", case.name);
            let mut group = criterion.benchmark_group(&name);
            group.warm_up_time(Duration::from_millis(500));
            group.measurement_time(Duration::from_secs(2));
            side_by_side(&mut group, &contexts, &projection, &host, &layout, violating);
            group.finish();
        }
    }
    criterion.final_summary();
}

/// Half the mean norm of uniform elements, which every slice exceeds, or far above all of them.
fn radius(case: &Case, layout: &Layout, violating: f64) -> f64 {
    let reduced = case.axes.resolve(layout.shape()).expect("axes of the shape");
    let length = layout.shape().iter().zip(reduced).filter(|(_, reduced)| *reduced);
    let mean = (length.map(|(&size, _)| size).product::<usize>() as f64 / 3.0).sqrt();
    if violating == 0.0 { 2.0 * mean } else { 0.5 * mean }
}

fn side_by_side(
    group: &mut BenchmarkGroup<WallTime>,
    contexts: &[(&str, Context)],
    projection: &Projection,
    host: &[f32],
    layout: &Layout,
    violating: f64,
) {
    // Only what the filter lets through is worth an oracle: it is asked on the first timing.
    let exact = std::cell::OnceCell::new();
    let request = Request::in_place(*projection, *layout);
    for (name, context) in contexts {
        let plan = context.plan(&request).expect("a legal request");
        group.throughput(Throughput::Bytes(plan.cost().bytes(violating) as u64));
        group.bench_function(*name, |bencher| {
            let exact = exact.get_or_init(|| oracle(projection, host, layout));
            let base = context.upload(host, layout.shape()).expect("memory");
            let work = context.upload(host, layout.shape()).expect("memory");
            let restore = Restore::new(context, projection, &base, &work);
            project(context, projection, &work);
            verify(&work.read().expect("readable"), host, exact, &plan);
            bencher.iter_custom(|times| {
                let mut total = Duration::ZERO;
                for _ in 0..times {
                    restore.run();
                    let start = Instant::now();
                    project(context, projection, &work);
                    total += start.elapsed();
                }
                total
            });
        });
    }
    let plan = Context::cpu().plan(&request).expect("a legal request");
    group.throughput(Throughput::Bytes(plan.cost().bytes(violating) as u64));
    group.bench_function("copy_of_the_same_bytes", |bencher| {
        let mut traffic = Traffic::new(plan.cost().bytes(violating) as usize, violating > 0.0);
        bencher.iter(|| traffic.run());
    });
    // The oracle is exact and slow; one small shape shows how it compares.
    if host.len() <= 1 << 18 {
        group.bench_function("oracle", |bencher| {
            bencher.iter(|| oracle(black_box(projection), black_box(host), layout));
        });
    }
}

/// The truth, in f64.
fn oracle(projection: &Projection, host: &[f32], layout: &Layout) -> Vec<f64> {
    reference::project(projection, host, layout).expect("a legal request")
}

/// The one-line call, which plans and binds once for a tensor, and its end.
fn project(context: &Context, projection: &Projection, work: &DeviceBuffer) {
    context.project(projection, work).expect("a legal request");
    finish(context);
}

fn verify(found: &[f32], host: &[f32], exact: &[f64], plan: &Plan) {
    let kappa = plan.margin().kappa;
    for (i, (&y, &exact)) in found.iter().zip(exact).enumerate() {
        let error = (f64::from(y) - exact).abs();
        let bound = 2.0 * kappa * exact.abs() + 2f64.powi(-126);
        assert!(error <= bound, "element {i}: {y}, not {exact} (from {})", host[i]);
    }
}

/// Puts the input back: a projection onto everything copies it.
struct Restore<'a> {
    context: &'a Context,
    everything: Projection,
    base: &'a DeviceBuffer,
    work: &'a DeviceBuffer,
}

impl<'a> Restore<'a> {
    fn new(
        context: &'a Context,
        projection: &Projection,
        base: &'a DeviceBuffer,
        work: &'a DeviceBuffer,
    ) -> Self {
        Restore { context, everything: projection.with_radius(f64::INFINITY), base, work }
    }

    fn run(&self) {
        let Restore { context, everything, base, work } = self;
        context.project_into(everything, base, work).expect("a legal request");
        finish(context);
    }
}

/// So many bytes moved by all threads: copied, half of them read and half written, or only read.
struct Traffic {
    source: Vec<f32>,
    target: Vec<f32>,
}

/// Elements that a thread moves at a time: 1 MiB.
const PIECE: usize = 1 << 18;

impl Traffic {
    fn new(bytes: usize, written: bool) -> Self {
        let elements = if written { bytes / 8 } else { bytes / 4 };
        Traffic {
            source: vec![1.0; elements],
            target: vec![0.0; if written { elements } else { 0 }],
        }
    }

    fn run(&mut self) {
        let Traffic { source, target } = self;
        if target.is_empty() {
            let parity = |piece: &[f32]| {
                let mut lanes = [0; 32];
                for chunk in piece.as_chunks::<32>().0 {
                    lanes.iter_mut().zip(chunk).for_each(|(lane, x)| *lane ^= x.to_bits());
                }
                lanes.into_iter().fold(0, |all, lane| all ^ lane)
            };
            // By one thread what the backend gives to one.
            if source.len() <= PIECE {
                black_box(parity(source));
            } else {
                black_box(source.par_chunks(PIECE).map(parity).reduce(|| 0, |a, b| a ^ b));
            }
        } else if target.len() <= PIECE {
            target.copy_from_slice(source);
        } else {
            let pieces = target.par_chunks_mut(PIECE).zip(source.par_chunks(PIECE));
            pieces.for_each(|(target, source)| target.copy_from_slice(source));
        }
        black_box(target);
    }
}

/// Elements in [-1, 1), the same everywhere.
fn uniform(count: usize) -> Vec<f32> {
    let mut state = 1u64;
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}
