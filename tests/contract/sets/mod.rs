//! Every set and dtype, on every context, by the chosen schedule and others.

mod edges;

use std::collections::BTreeMap;

use normproj::{Axes, Compat, Context, DType, Error, Layout, Norm, Projection, Request, ZeroSlice};
use proptest::prelude::*;
use proptest::sample::select;

use crate::case::{Case, cases};
use crate::contexts::{contexts, contexts_for, say};
use crate::properties::config;
use crate::run::{norms_of, plans, prove, prove_norms, serves};
use crate::values::{Value, for_dtype, hash};

/// How many sets [`set`] makes.
const SETS: u8 = 27;

/// A set by number, over the axes of a case.
fn set(number: u8, radius: f64, axes: Axes, seed: u64, dtype: DType) -> Projection {
    // Spheres must be reached.
    let finite = radius.min(1e30).min(dtype.largest() / 8.0);
    let other = finite * (1.0 + (hash(seed, 7) % 5) as f64);
    let power = [3.0, 0.5, 4.0, 1.7][hash(seed, 8) as usize % 4];
    let lp = Norm::lp(power).expect("in range");
    let max_norm = Projection::max_norm(radius, axes);
    let unit_norm = Projection::unit_norm(axes).with_radius(finite);
    let min_max_norm = Projection::min_max_norm(finite, other, axes);
    match number {
        0 => max_norm,
        1 => max_norm.norm_in(Norm::L1),
        2 => max_norm.norm_in(Norm::Linf),
        3 => max_norm.norm_in(lp),
        4 => unit_norm,
        5 => unit_norm.norm_in(Norm::L1),
        6 => unit_norm.norm_in(Norm::Linf),
        7 => min_max_norm,
        8 => min_max_norm.rate(0.3),
        9 => Projection::ball(Norm::L1, radius, axes),
        10 => Projection::ball(Norm::Linf, radius, axes),
        11 => Projection::sphere(Norm::L1, finite, axes),
        12 => Projection::simplex(finite, axes),
        13 => Projection::bounds(-finite, other),
        14 => Projection::non_negative(),
        15 => Projection::clip_average_norm(radius, axes),
        16 => Projection::clip_rms(radius, axes),
        17 => Projection::ball(Norm::L2, radius, axes),
        18 => Projection::sphere(Norm::L2, finite, axes),
        19 => unit_norm.norm_in(lp),
        20 => max_norm.compat(Compat::Keras),
        21 => max_norm.compat(Compat::Torch).norm_in(Norm::L1),
        22 => Projection::clip_norm(radius, axes).compat(Compat::Torch),
        23 => unit_norm.compat(Compat::Keras),
        24 => unit_norm.compat(Compat::TensorFlow),
        25 => min_max_norm.compat(Compat::Keras).rate(0.7),
        _ => Projection::bounds(-other, -finite),
    }
}

fn projection<T: Value>(case: &Case, number: u8, memory: &[T]) -> Projection {
    let zero = [ZeroSlice::Keep, ZeroSlice::BasisVector][hash(case.seed, 9) as usize % 2];
    set(number, case.radius(memory), case.axes, case.seed, T::DTYPE)
        .rounding(case.rounding)
        .on_non_finite(case.policy)
        .zero_slices(zero)
}

/// Runs a request by the chosen plan and others, and judges it.
pub fn prove_by_plans<T: Value>(
    context: &Context,
    request: &Request,
    source: &[T],
    target: &[T],
    seed: u64,
) {
    for plan in plans(context, &request.of(T::DTYPE), seed) {
        prove(context, &plan, source, target);
    }
}

/// The contexts of a random case that project a dtype.
fn in_turn(dtype: DType, seed: u64) -> impl Iterator<Item = &'static Context> {
    contexts_for(seed).filter(move |context| serves(context, dtype))
}

/// Every context that projects a dtype.
fn serving(dtype: DType) -> impl Iterator<Item = &'static Context> {
    contexts().filter(move |context| serves(context, dtype))
}

fn in_place<T: Value>(case: &Case, number: u8) {
    let memory = case.memory::<T>();
    let projection = projection(case, number, &memory);
    let request = Request::in_place(projection, case.source.layout(&case.shape)).with_report();
    in_turn(T::DTYPE, case.seed)
        .for_each(|context| prove_by_plans(context, &request, &memory, &[], case.seed));
}

fn into_another_view<T: Value>(case: &Case, number: u8) {
    let memory = case.memory::<T>();
    let target = case.target.layout(&case.shape);
    let room = case.target.memory(&case.shape, !case.seed, |_| T::of(f64::NAN));
    let source = case.source.layout(&case.shape);
    let request = Request::into(projection(case, number, &memory), source, target);
    in_turn(T::DTYPE, case.seed)
        .for_each(|context| prove_by_plans(context, &request, &memory, &room, case.seed));
}

fn norms_alone<T: Value, N: Value>(case: &Case) {
    let memory = case.memory::<T>();
    let lp = Norm::lp([3.0, 0.5, 1.7, 1.0 / 64.0, 64.0][hash(case.seed, 8) as usize % 5]);
    let norms = [Norm::L1, Norm::L2, Norm::Linf, lp.expect("in range")];
    let norm = norms[hash(case.seed, 9) as usize % 4];
    let request = norms_of(norm, case.axes, case.source.layout(&case.shape)).of(T::DTYPE);
    for context in in_turn(T::DTYPE, case.seed) {
        let plans = plans(context, &request, case.seed);
        plans.iter().for_each(|plan| prove_norms::<T, N>(context, plan, &memory));
    }
}

proptest! {
    #![proptest_config(config(150))]

    #[test]
    fn sets_keep_their_promises(
        case in cases(), number in 0..SETS, dtype in select(DType::ALL.to_vec())
    ) {
        for_dtype!(dtype, T => in_place::<T>(&case, number));
    }

    #[test]
    fn sets_into_another_view(
        case in cases(), number in 0..SETS, dtype in select(DType::ALL.to_vec())
    ) {
        for_dtype!(dtype, T => into_another_view::<T>(&case, number));
    }

    #[test]
    fn norms_of_every_kind(case in cases(), dtype in select(DType::ALL.to_vec())) {
        match dtype {
            DType::F64 => norms_alone::<f64, f64>(&case),
            dtype => for_dtype!(dtype, T => norms_alone::<T, f32>(&case)),
        }
    }
}

/// Sets meet slices that are too long to stay on chip.
#[test]
fn long_slices() {
    let axes = [Axes::all(), Axes::from(0), Axes::from(1)];
    for number in 0..SETS {
        let shape = [1500, 40];
        let layout = Layout::contiguous(shape).expect("small");
        let memory: Vec<f32> =
            (0..layout.len()).map(|i| (hash(11, i) % 2001) as f32 / 1000.0 - 1.0).collect();
        let (axes, seed) = (axes[usize::from(number) % 3], u64::from(number));
        let projection = set(number, 3.0, axes, seed, DType::F32);
        let request = Request::in_place(projection, layout);
        contexts().for_each(|context| prove_by_plans(context, &request, &memory, &[], seed));
    }
}

/// The nearest point: no feasible point is nearer, and distances do not grow.
#[test]
fn euclidean_projections_are_nearest_and_do_not_expand() {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for seed in 0..40u64 {
        let length = 2 + hash(seed, 1) as usize % 60;
        let random = |salt: usize| -> Vec<f32> {
            let one = |i| (hash(seed, salt * 1000 + i) % 4001) as f32 / 1000.0 - 2.0;
            (0..length).map(one).collect()
        };
        for (name, projection) in [
            ("L2 ball", Projection::ball(Norm::L2, 1.5, 0)),
            ("L1 ball", Projection::ball(Norm::L1, 1.5, 0)),
            ("Linf ball", Projection::ball(Norm::Linf, 0.5, 0)),
            ("bounds", Projection::bounds(-0.5, 1.0)),
            ("simplex", Projection::simplex(1.5, 0)),
        ] {
            for context in contexts() {
                let project = |x: &[f32]| {
                    let buffer = context.upload(x, [x.len()]).expect("upload");
                    context.project(&projection, &buffer).expect("a valid request");
                    buffer.read().expect("read")
                };
                let (x, other) = (random(1), random(2));
                let (y, z) = (project(&x), project(&other));
                let dot = |a: &[f32], b: &[f32], c: &[f32], d: &[f32]| -> f64 {
                    let product = |i: usize| {
                        (f64::from(a[i]) - f64::from(b[i])) * (f64::from(c[i]) - f64::from(d[i]))
                    };
                    (0..length).map(product).sum()
                };
                let scale = 1e-5 * dot(&x, &vec![0.0; length], &x, &vec![0.0; length]).max(1.0);
                // z is feasible: it was projected.
                assert!(dot(&x, &y, &z, &y) <= scale, "{name} on {}", context.describe());
                let (after, before) = (dot(&y, &z, &y, &z), dot(&x, &other, &x, &other));
                assert!(after <= before + scale, "{name} expands on {}", context.describe());
                *counts.entry(name).or_default() += 1;
            }
        }
    }
    say(&format!("nearest points: {counts:?}"));
}

/// Signs and order of the elements mean nothing to norms.
#[test]
fn signs_and_permutations_go_through() {
    for number in [0, 1, 2, 4, 9, 10] {
        let axes = Axes::from(0);
        let projection = set(number, 1.5, axes, 5, DType::F32).zero_slices(ZeroSlice::Keep);
        let x: Vec<f32> = (0..64).map(|i| (hash(3, i) % 2001) as f32 / 1000.0 - 1.0).collect();
        let context = Context::cpu();
        let project = |x: &[f32]| {
            let buffer = context.upload(x, [x.len()]).expect("upload");
            context.project(&projection, &buffer).expect("valid");
            buffer.read().expect("read")
        };
        let y = project(&x);
        let flipped: Vec<f32> = x.iter().map(|x| -x).collect();
        let reversed: Vec<f32> = x.iter().rev().copied().collect();
        let near = |a: f32, b: f32| (a - b).abs() <= 1e-6 * a.abs().max(1e-3);
        assert!(y.iter().zip(project(&flipped)).all(|(&a, b)| near(a, -b)), "{projection}");
        let back = project(&reversed).into_iter().rev();
        assert!(y.iter().zip(back).all(|(&a, b)| near(a, b)), "{projection}");
    }
}

/// What no slice could satisfy.
#[test]
fn what_makes_no_sense_is_refused() {
    let context = Context::cpu();
    let buffer = context.upload(&[1.0, 2.0], [2]).expect("upload");
    let refused = |projection: Projection| {
        context.project(&projection, &buffer).expect_err(&projection.to_string())
    };
    let nan = f64::NAN;
    for radius in [-1.0, nan] {
        for number in [0, 1, 4, 9, 10, 12, 15, 16] {
            let projection = set(number, 1.0, Axes::from(0), 1, DType::F32).with_radius(radius);
            assert!(matches!(refused(projection), Error::Radius { .. }), "{projection}");
        }
    }
    let beyond = Projection::unit_norm(0).with_radius(f64::INFINITY);
    assert!(matches!(refused(beyond), Error::RadiusBeyond { .. }));
    assert!(matches!(refused(Projection::simplex(1e39, 0)), Error::RadiusBeyond { .. }));
    let rate = Projection::min_max_norm(0.0, 1.0, 0).rate(1.5);
    assert!(matches!(refused(rate), Error::Rate { .. }));
    assert!(matches!(refused(Projection::min_max_norm(2.0, 1.0, 0)), Error::Bounds { .. }));
    assert!(matches!(refused(Projection::bounds(1.0, -1.0)), Error::Bounds { .. }));
    assert!(matches!(refused(Projection::bounds(nan, 1.0)), Error::Bounds { .. }));
    let lp = Norm::lp(3.0).expect("in range");
    assert!(matches!(refused(Projection::ball(lp, 1.0, 0)), Error::NoProjection { .. }));
    assert!(matches!(refused(Projection::sphere(Norm::Linf, 1.0, 0)), Error::NoProjection { .. }));
    assert!(matches!(Norm::lp(0.0), Err(Error::Power { .. })));
    let epsilon = Projection::unit_norm(0).with_epsilon(1e-3);
    assert!(matches!(refused(epsilon), Error::Compat { .. }));
}
