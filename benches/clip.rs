//! Clipping a model of 300 tensors and 30 million elements by its global norm on the CPU: tensors in
//! buffers of their own, in one arena, and one tensor of that size; beside a copy or a read of the
//! same bytes. The outcome is compared with plain arithmetic before it is timed; the input is
//! restored outside the timed span, because a second clip has nothing left to do.
//!
//! `cargo bench --bench clip -- arena` runs the cases whose name contains `arena`.

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BenchmarkGroup, Criterion, Throughput, measurement::WallTime};
use normproj::{Clip, Context, DeviceBuffer, Group, Layout, Model, Projection};
use rayon::prelude::*;

const ELEMENTS: usize = 30_000_000;
const BIASES: usize = 240;
const KERNELS: usize = 60;

/// The sizes of the tensors: four biases after each kernel, as layers have them.
fn sizes() -> Vec<usize> {
    let mut sizes: Vec<usize> = Vec::new();
    let biases: Vec<usize> = (0..BIASES).map(|i| 64 + i * 37 % 900).collect();
    let rest = ELEMENTS - biases.iter().sum::<usize>();
    for (layer, biases) in biases.chunks(BIASES / KERNELS).enumerate() {
        sizes.push(rest / KERNELS + if layer == 0 { rest % KERNELS } else { 0 });
        sizes.extend(biases);
    }
    sizes
}

/// Tensors of these sizes, and the memories that they are in.
struct Tensors {
    memories: Vec<DeviceBuffer>,
    views: Vec<DeviceBuffer>,
}

impl Tensors {
    fn apart(context: &Context, sizes: &[usize], host: &[f32]) -> Self {
        let mut rest = host;
        let upload = |&size: &usize| {
            let (tensor, after) = rest.split_at(size);
            rest = after;
            context.upload(tensor, [size]).expect("memory")
        };
        let memories: Vec<DeviceBuffer> = sizes.iter().map(upload).collect();
        Tensors { views: memories.clone(), memories }
    }

    fn arena(context: &Context, sizes: &[usize], host: &[f32]) -> Self {
        let arena = context.upload(host, [host.len()]).expect("memory");
        let mut offset = 0;
        let view = |&size: &usize| {
            let layout = Layout::strided([size], [1], offset).expect("a legal view");
            offset += size;
            arena.view(layout).expect("inside the arena")
        };
        Tensors { views: sizes.iter().map(view).collect(), memories: vec![arena] }
    }
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args().sample_size(20);
    let context = Context::cpu();
    let (sizes, host) = (sizes(), uniform(ELEMENTS));
    type Make = fn(&Context, &[usize], &[f32]) -> Tensors;
    let cases: [(&str, &[usize], Make); 3] = [
        ("apart", &sizes, Tensors::apart),
        ("arena", &sizes, Tensors::arena),
        ("one", &[ELEMENTS], Tensors::apart),
    ];
    let norm = host.par_iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>().sqrt();
    for (name, factor) in [("inside", 2.0), ("clipped", 0.5)] {
        let mut group = criterion.benchmark_group(name);
        group.warm_up_time(Duration::from_millis(300));
        group.measurement_time(Duration::from_secs(1));
        let bytes = ELEMENTS * if factor < 1.0 { 12 } else { 4 };
        group.throughput(Throughput::Bytes(bytes as u64));
        for (case, sizes, make) in cases {
            let clip = Clip::global_norm(factor * norm);
            group.bench_function(case, |bencher| {
                let (base, work) = (make(&context, sizes, &host), make(&context, sizes, &host));
                let model = Model::unnamed(&context, &work.views).expect("a model");
                let clip = Group::new(clip, &model).expect("a legal clip");
                run(&clip);
                verify(&work, &host, factor.min(1.0));
                bencher.iter_custom(|times| {
                    let mut total = Duration::ZERO;
                    for _ in 0..times {
                        restore(&context, &base, &work);
                        let start = Instant::now();
                        run(&clip);
                        total += start.elapsed();
                    }
                    total
                });
            });
        }
        traffic(&mut group, &host, factor < 1.0);
        group.finish();
    }
    criterion.final_summary();
}

fn run(clip: &Group) {
    // Not waited for: on the CPU the work is done.
    drop(clip.run().expect("a legal clip"));
}

/// Puts the input back: a projection onto everything copies it.
fn restore(context: &Context, base: &Tensors, work: &Tensors) {
    let everything = Projection::max_norm(f64::INFINITY, 0);
    for (base, work) in base.memories.iter().zip(&work.memories) {
        context.project_into(&everything, base, work).expect("a legal request");
    }
}

fn verify(work: &Tensors, host: &[f32], factor: f64) {
    let found = work.views.iter().flat_map(|view| view.read().expect("readable"));
    let mut count = 0;
    for (y, &x) in found.zip(host) {
        let exact = f64::from(x) * factor;
        assert!((f64::from(y) - exact).abs() <= 1e-6 * exact.abs(), "{y}, not {exact}");
        count += 1;
    }
    assert_eq!(count, host.len());
}

/// So many bytes read, or read and written, by all threads.
fn traffic(group: &mut BenchmarkGroup<WallTime>, host: &[f32], writes: bool) {
    const PIECE: usize = 1 << 18;
    group.bench_function("the_same_bytes", |bencher| {
        // Half of 12 bytes an element are read and half are written.
        let source = if writes { [host, &host[..host.len() / 2]].concat() } else { host.to_vec() };
        let mut target = if writes { source.clone() } else { Vec::new() };
        bencher.iter(|| {
            if writes {
                let pieces = target.par_chunks_mut(PIECE).zip(source.par_chunks(PIECE));
                pieces.for_each(|(target, source)| target.copy_from_slice(source));
                black_box(&mut target);
                return;
            }
            let parity = |piece: &[f32]| {
                let mut lanes = [0; 32];
                for chunk in piece.as_chunks::<32>().0 {
                    lanes.iter_mut().zip(chunk).for_each(|(lane, x)| *lane ^= x.to_bits());
                }
                lanes.into_iter().fold(0, |all, lane| all ^ lane)
            };
            black_box(source.par_chunks(PIECE).map(parity).reduce(|| 0, |a, b| a ^ b));
        });
    });
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
