//! Every set, on every context, by the chosen schedule and others.

use std::collections::BTreeMap;

use normproj::plan::margin::Margin;
use normproj::{Axes, Context, Error, Layout, Norm, Projection, Request, Rounding, ZeroSlice};
use proptest::prelude::*;

use crate::case::{Case, cases};
use crate::compare::{Memory, Rule, Violation};
use crate::contexts::{contexts, say};
use crate::properties::config;
use crate::run::{plans, run};
use crate::set_bounds::SetBounds;
use crate::set_compare::check;
use crate::values::hash;

/// How many sets [`set`] makes.
const SETS: u8 = 17;

/// A set by number, over the axes of a case.
fn set(number: u8, radius: f64, axes: Axes, seed: u64) -> Projection {
    // Spheres must be reached.
    let finite = radius.min(1e30);
    let other = finite * (1.0 + (hash(seed, 7) % 5) as f64);
    let power = [3.0, 0.5, 4.0, 1.7][hash(seed, 8) as usize % 4];
    let lp = Norm::lp(power).expect("in range");
    match number {
        0 => Projection::max_norm(radius, axes),
        1 => Projection::max_norm(radius, axes).norm_in(Norm::L1),
        2 => Projection::max_norm(radius, axes).norm_in(Norm::Linf),
        3 => Projection::max_norm(radius, axes).norm_in(lp),
        4 => Projection::unit_norm(axes).with_radius(finite),
        5 => Projection::unit_norm(axes).with_radius(finite).norm_in(Norm::L1),
        6 => Projection::unit_norm(axes).with_radius(finite).norm_in(Norm::Linf),
        7 => Projection::min_max_norm(finite, other, axes),
        8 => Projection::min_max_norm(finite, other, axes).rate(0.3),
        9 => Projection::ball(Norm::L1, radius, axes),
        10 => Projection::ball(Norm::Linf, radius, axes),
        11 => Projection::sphere(Norm::L1, finite, axes),
        12 => Projection::simplex(finite, axes),
        13 => Projection::bounds(-finite, other),
        14 => Projection::non_negative(),
        15 => Projection::clip_average_norm(radius, axes),
        _ => Projection::clip_rms(radius, axes),
    }
}

fn projection(case: &Case, number: u8, memory: &[f32]) -> Projection {
    let radius = case.projection(memory).radius();
    let zero = [ZeroSlice::Keep, ZeroSlice::BasisVector][hash(case.seed, 9) as usize % 2];
    set(number, radius, case.axes, case.seed)
        .rounding(case.rounding)
        .on_non_finite(case.policy)
        .zero_slices(zero)
}

fn expect(violations: Vec<Violation>, place: impl Fn() -> String) {
    let shown: Vec<String> =
        violations.iter().take(5).map(|v| format!("{:?}: {}", v.rule, v.detail)).collect();
    assert!(violations.is_empty(), "{}: {}\n{}", violations.len(), place(), shown.join("\n"));
}

/// Runs a request on one context twice and judges it.
pub fn prove(
    context: &Context,
    request: &Request,
    projection: &Projection,
    memory: &[f32],
    seed: u64,
) {
    for plan in plans(context, request, seed) {
        let place = || format!("{} by {}, {request:?}", context.describe(), plan.schedule());
        let layout = &request.source;
        let read = Memory { layout, elements: memory };
        let outcome = run(context, &plan, memory, &read);
        let after = Memory { layout, elements: &outcome.memory };
        let again = run(context, &plan, &outcome.memory, &after).memory;
        let again = Memory { layout, elements: &again };
        let found = check(projection, plan.margin(), read, [read, after], Some(again));
        expect(found, place);
    }
}

proptest! {
    #![proptest_config(config(60))]

    #[test]
    fn sets_keep_their_promises(case in cases(), number in 0..SETS) {
        let memory = case.memory();
        let projection = projection(&case, number, &memory);
        let request = Request::in_place(projection, case.source.layout(&case.shape)).with_report();
        for context in contexts() {
            prove(context, &request, &projection, &memory, case.seed);
        }
    }

    #[test]
    fn sets_into_another_view(case in cases(), number in 0..SETS) {
        let memory = case.memory();
        let projection = projection(&case, number, &memory);
        let target = case.target.layout(&case.shape);
        let room = case.target.memory(&case.shape, !case.seed, |_| f32::NAN);
        let request = Request::into(projection, case.source.layout(&case.shape), target);
        for context in contexts() {
            for plan in plans(context, &request, case.seed) {
                let place = || format!("{} by {}, {request:?}", context.describe(), plan.schedule());
                let before = Memory { layout: &target, elements: &room };
                let outcome = run(context, &plan, &memory, &before);
                let after = Memory { layout: &target, elements: &outcome.memory };
                let read = Memory { layout: &request.source, elements: &memory };
                expect(check(&projection, plan.margin(), read, [before, after], None), place);
            }
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
        for context in contexts() {
            prove(context, &request, &projection, &slice, 3);
        }
    }
}

/// Where there are no elements, none can be brought to a norm.
#[test]
fn empty_slices() {
    let layout = Layout::contiguous([0, 3]).expect("small");
    for number in 0..SETS {
        let projection = set(number, 1.0, Axes::from(0), 1);
        for context in contexts() {
            prove(context, &Request::in_place(projection, layout), &projection, &[], 1);
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
        let projection = set(number, 3.0, axes[usize::from(number) % 3], u64::from(number));
        let request = Request::in_place(projection, layout);
        for context in contexts() {
            prove(context, &request, &projection, &memory, u64::from(number));
        }
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
        let projection = set(number, 1.5, axes, 5).zero_slices(ZeroSlice::Keep);
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

/// A comparator that finds nothing proves nothing.
#[test]
fn planted_errors_are_caught() {
    let x = [3.0f32, -4.0, 0.5, 0.0];
    let layout = Layout::contiguous([4]).expect("small");
    let margin = Context::cpu()
        .plan(&Request::in_place(Projection::max_norm(1.0, 0), layout))
        .expect("valid")
        .margin();
    let judge = |projection: Projection, plant: &dyn Fn(&mut Vec<f32>)| -> Vec<Rule> {
        let exact = normproj::reference::project(&projection, &x, &layout).expect("valid");
        let inside = 1.0 - margin.of(projection.norm()).kappa;
        let grows = matches!(projection.set(), normproj::Set::Bounds { .. });
        let honest = |y: &f64| if grows { *y as f32 } else { (y * inside) as f32 };
        let mut y: Vec<f32> = exact.iter().map(honest).collect();
        plant(&mut y);
        let memory = |elements| Memory { layout: &layout, elements };
        let (before, after) = (memory(&x), memory(&y));
        check(&projection, margin, before, [before, after], None).iter().map(|v| v.rule).collect()
    };
    for projection in [
        Projection::max_norm(2.0, 0).norm_in(Norm::L1),
        Projection::unit_norm(0),
        Projection::min_max_norm(1.0, 2.0, 0),
        Projection::ball(Norm::L1, 2.0, 0),
        Projection::sphere(Norm::L1, 2.0, 0),
        Projection::simplex(2.0, 0),
    ] {
        assert_eq!(judge(projection, &|_| ()), [], "{projection}");
        let shifted = judge(projection, &|y| y[0] += 1e-4);
        assert!(shifted.contains(&Rule::Accurate), "{projection}: {shifted:?}");
        let grown = judge(projection, &|y| y.iter_mut().for_each(|y| *y *= 1.0 + 1e-5));
        assert!(grown.contains(&Rule::Feasible), "{projection}: {grown:?}");
    }
    let kept = Projection::max_norm(20.0, 0).norm_in(Norm::L1);
    assert_eq!(judge(kept, &|y| y.copy_from_slice(&x)), []);
    assert_eq!(judge(kept, &|y| y[0] = 3.0f32.next_up()), [Rule::Inside]);
    let bounds = Projection::bounds(-1.0, 1.0);
    assert_eq!(judge(bounds, &|_| ()), []);
    assert_eq!(judge(bounds, &|y| y[2] = 0.5f32.next_up()), [Rule::Accurate]);
    assert_eq!(judge(bounds, &|y| y[0] = 1.0f32.next_up()), [Rule::Accurate, Rule::Feasible]);
}

/// A band around a sphere is kept whole, unless results are rounded to nearest: there is none then.
#[test]
fn to_nearest_no_band_is_kept() {
    let margin = Margin::f32(30);
    for sphere in [Projection::unit_norm(0), Projection::simplex(1.0, 0)] {
        let keeps = |sphere: Projection, x: f32| SetBounds::new(&sphere, 1, margin).keeps(&[x]);
        assert!(keeps(sphere, 1.0f32.next_up()) && !keeps(sphere, 1.001), "{sphere}");
        assert!(!keeps(sphere.rounding(Rounding::Nearest), 1.0f32.next_up()), "{sphere}");
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
            let projection = set(number, 1.0, Axes::from(0), 1).with_radius(radius);
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
