//! Every set and dtype on the native CPU backend, beside max-norm, which moves the same bytes. Each is
//! compared with the oracle before it is timed; the input is restored outside the timed span.
//!
//! `cargo bench --bench sets -- rows/f16` runs the cases whose name contains `rows/f16`. With
//! `NORMPROJ_ADAPTER=lavapipe` an adapter is timed, by its name or backend.

use std::cell::OnceCell;
use std::time::{Duration, Instant};

use criterion::{BenchmarkGroup, Criterion, Throughput, measurement::WallTime};
use normproj::{
    Axes, Context, DeviceBuffer, Element, Layout, Norm, Projection, Request, bf16, f16, reference,
};

/// What elements are rounded to.
trait Rounded: Element {
    /// Half the spacing at 1 of 16 bits; that of the others is part of κ.
    const GRAIN: f64;

    fn of(x: f64) -> Self;
}

macro_rules! rounded {
    ($($float:ty, $grain:expr, $of:expr;)*) => {$(
        impl Rounded for $float {
            const GRAIN: f64 = $grain;

            fn of(x: f64) -> Self {
                $of(x)
            }
        }
    )*};
}

rounded! {
    f32, 0.0, |x| x as f32;
    f16, 1.0 / 2048.0, f16::from_f64;
    bf16, 1.0 / 256.0, bf16::from_f64;
    f64, 0.0, |x| x;
}

const SHAPE: [usize; 2] = [4096, 1024];

/// Over rows of 1024 elements and columns of 4096.
const WALKS: [(&str, i32); 2] = [("rows", 1), ("columns", 0)];

/// Every set, with a radius that all slices of uniform elements violate.
fn sets(axis: i32) -> Vec<(&'static str, Projection)> {
    let length = SHAPE[axis as usize] as f64;
    let lp = |p| Norm::lp(p).expect("in range");
    let axes = || Axes::from(axis);
    // Half of the mean of |x|ᵖ, summed.
    let half = |p: f64| 0.5 * (length / (p + 1.0)).powf(p.recip());
    let max_norm = |p: f64| Projection::max_norm(half(p), axes());
    vec![
        ("max_norm", max_norm(2.0)),
        ("max_norm_l1", max_norm(1.0).norm_in(Norm::L1)),
        ("max_norm_linf", Projection::max_norm(0.5, axes()).norm_in(Norm::Linf)),
        ("max_norm_l3", max_norm(3.0).norm_in(lp(3.0))),
        ("max_norm_l0.5", max_norm(0.5).norm_in(lp(0.5))),
        ("max_norm_l1.7", max_norm(1.7).norm_in(lp(1.7))),
        ("unit_norm", Projection::unit_norm(axes())),
        ("min_max_norm", Projection::min_max_norm(0.1, half(2.0), axes())),
        ("ball_l2", Projection::ball(Norm::L2, half(2.0), axes())),
        ("ball_l1", Projection::ball(Norm::L1, half(1.0), axes())),
        ("ball_l1_sparse", Projection::ball(Norm::L1, 1.0, axes())),
        ("ball_linf", Projection::ball(Norm::Linf, 0.5, axes())),
        ("sphere_l2", Projection::sphere(Norm::L2, 1.0, axes())),
        ("sphere_l1", Projection::sphere(Norm::L1, 4.0 * half(1.0), axes())),
        ("simplex", Projection::simplex(1.0, axes())),
        ("bounds", Projection::bounds(-0.5, 0.5)),
        ("non_negative", Projection::non_negative()),
        ("clip_rms", Projection::clip_rms(0.25, axes())),
    ]
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let name = std::env::var("NORMPROJ_ADAPTER").unwrap_or("cpu".to_string());
    let context = Context::named(&name).expect("an adapter of this name");
    eprintln!("{}", context.describe());
    of_dtype::<f32>(&mut criterion, &context);
    of_dtype::<f16>(&mut criterion, &context);
    of_dtype::<bf16>(&mut criterion, &context);
    of_dtype::<f64>(&mut criterion, &context);
    criterion.final_summary();
}

fn of_dtype<T: Rounded>(criterion: &mut Criterion, context: &Context) {
    let host = uniform();
    for (walk, axis) in WALKS {
        let mut group = criterion.benchmark_group(format!("{walk}/{}", T::DTYPE));
        group.throughput(Throughput::Elements(host.len() as u64));
        for (name, projection) in sets(axis) {
            time::<T>(&mut group, name, context, &projection, &host);
        }
        group.finish();
    }
}

/// Times a set where every slice violates it (v1), and where none does: after it was projected (v0).
fn time<T: Rounded>(
    group: &mut BenchmarkGroup<WallTime>,
    name: &str,
    context: &Context,
    projection: &Projection,
    host: &[f64],
) {
    let host: Vec<T> = host.iter().map(|&x| T::of(x)).collect();
    // Only what the filter lets through is worth an oracle: it is asked on the first timing.
    let projected = OnceCell::new();
    for violating in [1, 0] {
        group.bench_function(format!("{name}_v{violating}"), |bencher| {
            let projected = projected.get_or_init(|| verified(context, projection, &host));
            let before = if violating == 1 { &host } else { projected };
            let work = context.upload_as(before, SHAPE).expect("memory");
            bencher.iter_custom(|times| {
                let mut total = Duration::ZERO;
                for _ in 0..times {
                    work.write(before).expect("writable");
                    finish(context);
                    let start = Instant::now();
                    project(context, projection, &work);
                    finish(context);
                    total += start.elapsed();
                }
                total
            });
        });
    }
}

/// A GPU queues its work; what is timed is its end.
fn finish(context: &Context) {
    if let Some(gpu) = context.as_gpu() {
        gpu.device().poll(wgpu::PollType::wait_indefinitely()).expect("the device is there");
    }
}

fn project(context: &Context, projection: &Projection, work: &DeviceBuffer) {
    context.project(projection, work).expect("a legal request");
}

/// What the backend makes of a tensor, after it was compared with the oracle.
fn verified<T: Rounded>(context: &Context, projection: &Projection, host: &[T]) -> Vec<T> {
    let layout = Layout::contiguous(SHAPE).expect("a small shape");
    let request = Request::in_place(*projection, layout).of(T::DTYPE);
    let margin = context.plan(&request).expect("a legal request").margin();
    let kappa = margin.of(Norm::L1).kappa.max(margin.of(request.norm()).kappa);
    let work = context.upload_as(host, SHAPE).expect("memory");
    project(context, projection, &work);
    let found: Vec<T> = work.read_as().expect("readable");
    let exact = reference::project(projection, host, &layout).expect("a legal request");
    for (i, (&y, &exact)) in found.iter().zip(&exact).enumerate() {
        let y: f64 = y.into();
        let bound =
            (2.0 * kappa + T::GRAIN) * exact.abs() + 2.0 * kappa + T::GRAIN * 2f64.powi(-13);
        assert!((y - exact).abs() <= bound, "{projection}: element {i}: {y}, not {exact}");
    }
    let stayed =
        found.iter().zip(host).filter(|(y, x)| bytemuck::bytes_of(*y) == bytemuck::bytes_of(*x));
    assert!(stayed.count() < host.len() * 3 / 4, "{projection} did nothing");
    found
}

/// Elements in [-1, 1), the same everywhere.
fn uniform() -> Vec<f64> {
    let mut state = 1u64;
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / (1u64 << 23) as f64 - 1.0
    };
    (0..SHAPE[0] * SHAPE[1]).map(|_| next()).collect()
}
