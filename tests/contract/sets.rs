//! Every set and dtype, on every context, by the chosen schedule and others.

use std::collections::BTreeMap;

use half::{bf16, f16};
use normproj::{
    Axes, Compat, Context, DType, Error, Layout, Norm, Projection, Request, Rounding, ZeroSlice,
};
use proptest::prelude::*;
use proptest::sample::select;

use crate::case::{Case, cases};
use crate::contexts::{contexts, contexts_for, say};
use crate::properties::config;
use crate::run::{norms_of, plans, prove, prove_norms, serves};
use crate::values::{Fill, Value, for_dtype, hash};

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

/// The numbers that other systems get wrong.
#[test]
fn extreme_values() {
    let far = |axes| Projection::ball(Norm::L1, 0.3, axes);
    for (projection, slice) in [
        (Projection::max_norm(1.0, 0), vec![1e20, 1.0]),
        (Projection::max_norm(1.0, 0), vec![3e38; 4]),
        (Projection::max_norm(1.0, 0).norm_in(Norm::L1), vec![3e38; 4]),
        (Projection::unit_norm(0), vec![3e-30, 4e-30]),
        (Projection::unit_norm(0), vec![1e20, 1.0]),
        (Projection::unit_norm(0), vec![3e38; 4]),
        (Projection::max_norm(1e-30, 0), vec![3e-30, 4e-30]),
        (Projection::min_max_norm(0.5, 1.0, 0), vec![3e-30, 4e-30]),
        (far(Axes::from(0)), vec![1e19, 1.0]),
        (far(Axes::from(0)), vec![1e19, -1e19, 5.0]),
        (Projection::ball(Norm::L1, 1.0, 0), vec![3e38; 9]),
        (Projection::ball(Norm::L1, 5e38, 0), vec![3e38, -2e38, 1e38]),
        (Projection::simplex(1.0, 0), vec![3e38, -3e38, 2.0]),
        (Projection::sphere(Norm::L1, 1.0, 0), vec![1e-30, -2e-30]),
    ] {
        let layout = Layout::contiguous([slice.len()]).expect("small");
        let request = Request::in_place(projection, layout);
        contexts().for_each(|context| prove_by_plans::<f32>(context, &request, &slice, &[], 3));
    }
}

/// A radius of minus zero is zero.
#[test]
fn a_radius_of_minus_zero() {
    fn prove<T: Value>() {
        let row = [0.4375, -0.4375, 0.0, -0.0].map(T::of);
        for number in 0..SETS {
            let projection = set(number, -0.0, Axes::from(1), 3, T::DTYPE);
            for shape in [[1, 4], [4, 1]] {
                let layout = Layout::contiguous(shape).expect("small");
                let request = Request::in_place(projection, layout).with_report();
                serving(T::DTYPE)
                    .for_each(|context| prove_by_plans(context, &request, &row, &[], 5));
            }
        }
    }
    DType::ALL.into_iter().for_each(|dtype| for_dtype!(dtype, T => prove::<T>()));
}

/// A radius under half of the least element: e₁ times it is zero, and slices of zeros are inside.
#[test]
fn radii_that_rounding_swallows() {
    for norm in [Norm::L1, Norm::L2, Norm::Linf, Norm::lp(3.5).expect("in range")] {
        let sphere = Projection::unit_norm(0).norm_in(norm).with_radius(2f64.powi(-126));
        let projection = sphere.zero_slices(ZeroSlice::BasisVector);
        let request =
            Request::in_place(projection, Layout::contiguous([2]).expect("small")).with_report();
        serving(DType::F16).for_each(|context| {
            prove_by_plans(context, &request, &[f16::ZERO, f16::NEG_ZERO], &[], 5);
        });
    }
}

/// Spheres whose elements become subnormal numbers, which some adapters take for zeros: where small powers
/// are summed these are a hundredth of the norm.
#[test]
fn spheres_of_numbers_that_some_adapters_take_for_zeros() {
    fn prove<T: Value>() {
        let row: Vec<T> = (0..1000).map(|i| T::of(2f64.powi(-(i % 40)))).collect();
        let norm = Norm::lp(0.5).expect("in range");
        let projection = Projection::unit_norm(0).norm_in(norm).with_radius(1e-30);
        let request = Request::in_place(projection, Layout::contiguous([1000]).expect("small"));
        contexts().for_each(|context| {
            prove_by_plans(context, &request.with_report(), &row, &[], 5);
        });
    }
    prove::<f32>();
    prove::<bf16>();
}

/// Where an adapter takes a slice for zeros there is nothing that a rate would be of.
#[test]
fn part_of_the_way_from_numbers_that_some_adapters_take_for_zeros() {
    let projection = Projection::min_max_norm(0.0, 0.0, 0).rate(0.3);
    let request = Request::in_place(projection, Layout::contiguous([3]).expect("small"));
    let row = [1e-40f32, -2e-40, 0.0];
    contexts().for_each(|context| {
        prove_by_plans(context, &request.with_report(), &row, &[], 5);
    });
}

/// The report tells a factor where it cannot tell the norm.
#[test]
fn factors_of_norms_beyond_f64() {
    let of = |projection: Projection, length: usize| {
        Request::in_place(projection, Layout::contiguous([length]).expect("small")).with_report()
    };
    for projection in [
        Projection::max_norm(1e300, 0),
        Projection::unit_norm(0).norm_in(Norm::L1),
        Projection::min_max_norm(1.0, 1e300, 0).rate(0.25),
    ] {
        serving(DType::F64).for_each(|context| {
            let row = [1.5e308, -1.7e308, 1.2e308];
            prove_by_plans(context, &of(projection, row.len()), &row, &[], 5);
        });
    }
    // Of f32 too, where small powers are summed: n is about 1e332.
    let norm = Norm::lp(1.0 / 64.0).expect("in range");
    let projection = Projection::max_norm(1e300, 0).norm_in(norm);
    let row: Vec<f32> = (0..40_000).map(|i| 1e38 - 1e33 * i as f32).collect();
    contexts().for_each(|context| {
        prove_by_plans(context, &of(projection, row.len()), &row, &[], 5);
    });
}

/// Small powers of elements count that are nothing beside the largest one.
#[test]
fn small_powers_over_all_of_f64() {
    let norm = Norm::lp(1.0 / 64.0).expect("in range");
    let row: Vec<f64> =
        (0..80).map(|i| if i % 8 == 0 { 1e300 } else { 1e-24 / f64::from(i) }).collect();
    let layout = Layout::contiguous([10, 8]).expect("small");
    let norms = norms_of(norm, Axes::from(1), layout).of(DType::F64);
    let ball = Projection::max_norm(1e290, 1).norm_in(norm);
    serving(DType::F64).for_each(|context| {
        plans(context, &norms, 3)
            .iter()
            .for_each(|plan| prove_norms::<f64, f64>(context, plan, &row));
        prove_by_plans(context, &Request::in_place(ball, layout).with_report(), &row, &[], 3);
    });
}

/// A subnormal element multiplies a norm of small powers, unless an adapter takes it for zero.
#[test]
fn small_powers_of_numbers_that_some_adapters_take_for_zeros() {
    let norm = Norm::lp(1.0 / 64.0).expect("in range");
    let layout = Layout::contiguous([1, 2]).expect("small");
    let norms = norms_of(norm, Axes::from(1), layout).of(DType::BF16);
    let row = [3.35e30, 8e-39].map(<bf16 as Value>::of);
    contexts().for_each(|context| {
        plans(context, &norms, 3)
            .iter()
            .for_each(|plan| prove_norms::<bf16, f32>(context, plan, &row));
    });
}

/// A radius so small that slices aim at zero, but rounding has room above it: what lies in that is kept.
#[test]
fn slices_in_the_room_of_their_dtype_are_kept() {
    for radius in [1e-12, 1e-30] {
        for rounding in [Rounding::Feasible, Rounding::Nearest, Rounding::TowardZero] {
            let projection = Projection::max_norm(radius, 0).rounding(rounding);
            let layout = Layout::contiguous([8]).expect("small");
            let request = Request::in_place(projection, layout).with_report();
            let mut row = [f16::ZERO; 8];
            row[1] = f16::from_bits(1);
            contexts().for_each(|context| prove_by_plans(context, &request, &row, &[], 5));
        }
    }
}

/// Narrow rows that touch are read and written as one: whatever number of them is left over, and however its
/// elements fill steps.
#[test]
fn rows_that_are_read_as_one() {
    fn prove<T: Value>() {
        for (rows, columns) in (1..=37).flat_map(|rows| (1..=19).map(move |width| (rows, width))) {
            let layout = Layout::contiguous([rows, columns]).expect("small");
            let memory: Vec<T> = (0..layout.len()).map(|i| Fill::Normal.value(7, i)).collect();
            // Every slice violates, so that nothing is selected.
            let projection = Projection::max_norm(1e-3, 0);
            let context = Context::cpu();
            prove_by_plans(&context, &Request::in_place(projection, layout), &memory, &[], 5);
            let room = vec![T::of(-7.0); layout.len()];
            let apart = Request::into(projection, layout, layout);
            prove_by_plans(&context, &apart, &memory, &room, 5);
        }
    }
    DType::ALL.into_iter().for_each(|dtype| for_dtype!(dtype, T => prove::<T>()));
}

/// Where there are no elements, none can be brought to a norm.
#[test]
fn empty_slices() {
    fn prove<T: Value>() {
        let layout = Layout::contiguous([0, 3]).expect("small");
        for number in 0..SETS {
            let projection = set(number, 1.0, Axes::from(0), 1, T::DTYPE);
            let request = Request::in_place(projection, layout).with_report();
            serving(T::DTYPE)
                .for_each(|context| prove_by_plans::<T>(context, &request, &[], &[], 1));
        }
    }
    DType::ALL.into_iter().for_each(|dtype| for_dtype!(dtype, T => prove::<T>()));
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
