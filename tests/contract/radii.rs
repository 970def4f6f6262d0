//! Radii in memory: every set that takes them, every dtype, on every context.

use normproj::{
    Axes, Compat, Context, DType, DeviceBuffer, Error, Layout, Norm, Projection, Request, Set,
    ZeroSlice, reference,
};
use proptest::prelude::*;
use proptest::sample::select;

use crate::case::{Case, cases};
use crate::contexts::{contexts, contexts_for};
use crate::judge::Stats;
use crate::properties::config;
use crate::run::{plans, prove_with_radii, serves};
use crate::values::{Value, for_dtype, hash};

/// How many sets [`set`] makes.
const SETS: u8 = 24;

fn set(number: u8, scale: f64, axes: Axes, seed: u64) -> Projection {
    let power = [3.0, 0.5, 4.0, 1.7][hash(seed, 8) as usize % 4];
    let lp = Norm::lp(power).expect("in range");
    let max_norm = Projection::max_norm(scale, axes);
    let unit_norm = Projection::unit_norm(axes).with_radius(scale);
    let weight_norm = Projection::weight_norm(axes).with_radius(scale);
    match number {
        0 => max_norm,
        1 => max_norm.norm_in(Norm::L1),
        2 => max_norm.norm_in(Norm::Linf),
        3 => max_norm.norm_in(lp),
        4 => unit_norm,
        5 => unit_norm.norm_in(Norm::L1),
        6 => unit_norm.norm_in(Norm::Linf),
        7 => unit_norm.norm_in(lp),
        8 => Projection::ball(Norm::L2, scale, axes),
        9 => Projection::sphere(Norm::L2, scale, axes),
        10 => Projection::clip_average_norm(scale, axes),
        11 => Projection::clip_rms(scale, axes),
        12 => Projection::clip_norm(scale, axes).compat(Compat::Torch),
        13 => max_norm.compat(Compat::Keras),
        14 => weight_norm.compat(Compat::Torch),
        15 => weight_norm,
        16 => Projection::ball(Norm::L1, scale, axes),
        17 => Projection::ball(Norm::Linf, scale, axes),
        18 => Projection::sphere(Norm::L1, scale, axes),
        19 => Projection::simplex(scale, axes),
        20 => Projection::min_max_norm(0.5 * scale, scale, axes),
        21 => Projection::min_max_norm(scale, scale, axes),
        22 => Projection::min_max_norm(0.7 * scale, scale, axes).rate(0.3),
        _ => Projection::min_max_norm(scale, f64::INFINITY, axes),
    }
}

/// Radii that are hard on a set: near the norms of their slices, at the ends of every range, and none.
fn radii(case: &Case, projection: &Projection, norms: &[f64], dtype: DType) -> Vec<f64> {
    let scale = match projection.set() {
        Set::MinMaxNorm { low, .. } if near_low(case) => low,
        set => set.radius(),
    };
    let one = |(slice, norm): (usize, &f64)| {
        let bits = hash(case.seed ^ 0x7ad11, slice);
        let steps = (bits >> 8) % 5;
        let near = |r: f64| match dtype {
            DType::F64 => f64::from_bits(r.to_bits() + steps),
            _ => f64::from(f32::from_bits((r as f32).to_bits() + steps as u32)),
        };
        let finite = norm.is_finite() && scale > 0.0 && *norm < 1e38;
        let sign = if bits >> 20 & 3 == 0 { -1.0 } else { 1.0 };
        let some = [0.1, 1.0, 3.0, 1e-3, 40.0, 1e-30, 1e30, 1e-42, 3e38, 6e4];
        let r = match bits % 16 {
            0 => 0.0,
            1 => -0.0,
            2 => f64::INFINITY,
            3 => f64::NAN,
            4 => -1.0,
            5 => f64::NEG_INFINITY,
            6..=10 if finite => sign * near(norm / scale),
            _ => sign * some[(bits >> 16) as usize % some.len()],
        };
        if dtype == DType::F64 { r } else { f64::from(r as f32) }
    };
    norms.iter().enumerate().map(one).collect()
}

/// Whether norms are near the lower bound, where there are two.
fn near_low(case: &Case) -> bool {
    hash(case.seed, 31).is_multiple_of(2)
}

/// A memory of radii and where in it they are: one for each slice, or one for all.
fn memory(case: &Case, shape: &[usize], radii: &[f64]) -> (Vec<f64>, Layout) {
    if radii.is_empty() {
        return (vec![], Layout::contiguous([0]).expect("small"));
    }
    let bits = hash(case.seed ^ 0x3ade, 1);
    let junk = |i: usize| if i.is_multiple_of(2) { f64::NAN } else { 0.015625 };
    let place = |layout: Layout, values: &[f64]| {
        let mut memory: Vec<f64> = (0..layout.end() + 3).map(junk).collect();
        let places = reference::places(&layout);
        places.into_iter().zip(values).for_each(|(place, r)| memory[place] = *r);
        (memory, layout)
    };
    let offset = (bits >> 8) as usize % 70;
    match bits % 4 {
        0 => place(
            Layout::contiguous([1, 1]).expect("small").at(offset).expect("small"),
            &radii[..1],
        ),
        1 => place(Layout::contiguous([radii.len()]).expect("small"), radii),
        2 => place(Layout::strided([radii.len()], [3], offset).expect("small"), radii),
        _ => {
            // The kept axes in another order of memory.
            let order: Vec<usize> = (0..shape.len()).rev().collect();
            let turned: Vec<usize> = order.iter().map(|&d| shape[d]).collect();
            let layout = Layout::contiguous(turned).expect("small").permuted(&order);
            place(layout.expect("a permutation").at(offset).expect("small"), radii)
        }
    }
}

fn prove<T: Value>(case: &Case, number: u8, apart: bool) -> Vec<Stats> {
    let elements = case.memory::<T>();
    let scale = [1.0, 1.0, 0.01, 0.3, 7.0, 0.0][hash(case.seed, 21) as usize % 6];
    let least = [0.0, 0.0, 1e-3, 0.7][hash(case.seed, 22) as usize % 4];
    let zero = [ZeroSlice::Keep, ZeroSlice::BasisVector][hash(case.seed, 9) as usize % 2];
    let projection = set(number, scale, case.axes, case.seed)
        .rounding(case.rounding)
        .on_non_finite(case.policy)
        .zero_slices(zero)
        .least_radius(least);
    let source = case.source.layout(&case.shape);
    let norms = reference::norms(projection.norm(), case.axes, &elements, &source).expect("valid");
    let radii = radii(case, &projection, &norms, T::DTYPE);
    let reduced = case.axes.resolve(&case.shape).expect("valid");
    let kept = case.shape.iter().zip(reduced).filter(|(_, reduced)| !reduced);
    let kept: Vec<usize> = kept.map(|(&size, _)| size).collect();
    let (memory, layout) = memory(case, &kept, &radii);
    let target = case.target.layout(&case.shape);
    let room = case.target.memory(&case.shape, !case.seed, |_| T::of(f64::NAN));
    let request = match apart {
        true => Request::into(projection, source, target),
        false => Request::in_place(projection, source).with_report(),
    };
    let request = request.of(T::DTYPE).with_radii(layout);
    let mut stats = Vec::new();
    for context in contexts_for(case.seed).filter(|context| serves(context, T::DTYPE)) {
        for plan in plans(context, &request, case.seed) {
            stats.push(prove_with_radii(context, &plan, &elements, &room, Some(&memory)));
        }
    }
    stats
}

proptest! {
    #![proptest_config(config(150))]

    #[test]
    fn radii_in_memory_keep_the_promises(
        case in cases(), number in 0..SETS, dtype in select(DType::ALL.to_vec())
    ) {
        for_dtype!(dtype, T => prove::<T>(&case, number, false));
    }

    #[test]
    fn radii_in_memory_into_another_view(
        case in cases(), number in 0..SETS, dtype in select(DType::ALL.to_vec())
    ) {
        for_dtype!(dtype, T => prove::<T>(&case, number, true));
    }
}

/// A memory of one row, and one radius for it.
fn prove_row<T: Value>(projection: Projection, row: &[T], radius: f64) {
    let layout = Layout::contiguous([row.len()]).expect("small");
    let one = Layout::contiguous([1]).expect("small");
    let request = Request::in_place(projection, layout).of(T::DTYPE).with_report().with_radii(one);
    for context in contexts().filter(|context| serves(context, T::DTYPE)) {
        for plan in plans(context, &request, 1) {
            prove_with_radii(context, &plan, row, &[], Some(&[radius]));
        }
    }
}

/// What is reported then is not c over the largest number.
#[test]
fn factors_of_norms_beyond_f64() {
    let row = [1.5e308, -1.7e308, 1.2e308];
    let unit_norm = Projection::unit_norm(0).with_radius(0.01);
    for projection in [
        Projection::clip_average_norm(0.01, 0),
        unit_norm,
        unit_norm.norm_in(Norm::L1),
        Projection::max_norm(1e300, 0),
    ] {
        prove_row(projection.least_radius(0.7), &row, 0.3);
    }
}

/// Where a part of the way is gone, what is left of a norm of 33 spacings of f64 is 23 of them, not 23.1.
#[test]
fn factors_of_norms_of_few_spacings() {
    let projection = Projection::min_max_norm(0.2, 0.3, 0).rate(0.3);
    prove_row(projection, &[33.0 * 5e-324], 0.0);
}

/// Minus zero as a radius is zero, and turns no basis vector over; neither does it a slice.
#[test]
fn a_radius_of_minus_zero_turns_nothing() {
    for norm in [Norm::L1, Norm::L2, Norm::Linf] {
        let unit_norm = Projection::unit_norm(0).norm_in(norm).least_radius(0.7);
        let projection = unit_norm.zero_slices(ZeroSlice::BasisVector);
        prove_row(projection, &[0.0f32, -0.0, 0.0], -0.0);
        prove_row(projection, &[0.0f64, -0.0, 0.0], -0.0);
        prove_row(projection, &[3.0f32, -4.0, 0.0], -0.0);
    }
    let weight_norm = Projection::weight_norm(0).least_radius(0.7);
    let projection = weight_norm.zero_slices(ZeroSlice::BasisVector);
    prove_row(projection, &[0.0f32, -0.0, 0.0], -0.0);
    prove_row(projection, &[3.0f32, -4.0, 0.0], -0.0);
}

/// A basis vector of a subnormal length is one, or the slice of zeros is kept.
#[test]
fn a_radius_that_some_adapters_take_for_zero() {
    for radius in [1e-42, 2f64.powi(-149)] {
        for norm in [Norm::L1, Norm::L2, Norm::Linf] {
            let unit_norm = Projection::unit_norm(0).norm_in(norm);
            let projection = unit_norm.zero_slices(ZeroSlice::BasisVector);
            prove_row(projection, &[0.0f32, -0.0], radius);
        }
    }
}

/// Of every kind of radius there must be some, or the tests above prove nothing.
#[test]
fn the_cases_reach_every_corner() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let (mut none, mut inside, mut outside, mut endless, mut zero) = (0, 0, 0, 0, 0);
    for _ in 0..200 {
        let case = cases().new_tree(&mut runner).expect("a case").current();
        let layout = case.source.layout(&case.shape);
        let elements = case.memory::<f32>();
        let norms = reference::norms(Norm::L2, case.axes, &elements, &layout).expect("valid");
        let projection = Projection::max_norm(1.0, case.axes);
        for (r, n) in radii(&case, &projection, &norms, DType::F32).into_iter().zip(norms) {
            match reference::of_radius(&projection, r, DType::F32) {
                None => none += 1,
                Some((own, _)) if own.radius() == f64::INFINITY => endless += 1,
                Some((own, _)) if own.radius() == 0.0 => zero += 1,
                Some((own, _)) if n <= own.radius() => inside += 1,
                Some(_) => outside += 1,
            }
        }
    }
    assert!([none, inside, outside, endless, zero].iter().all(|&count| count > 50));
}

fn tensor(context: &Context, values: &[f32], shape: &[usize]) -> DeviceBuffer {
    context.upload(values, shape).expect("upload")
}

/// What the device holds counts when work runs: nothing is planned or bound again.
#[test]
fn radii_change_without_a_plan() {
    for context in contexts() {
        let x = tensor(context, &[3.0, 4.0, 6.0, 8.0], &[2, 2]);
        let radius = tensor(context, &[5.0], &[1]);
        let projection = Projection::max_norm(1.0, 1);
        let run = || context.project_with_radii(&projection, &x, &radius).expect("valid");
        for (c, expected) in [(20.0, 10.0), (2.5, 2.5), (2.0, 2.0), (f32::NAN, 2.0), (0.0, 0.0)] {
            radius.write(&[c]).expect("write");
            run();
            let y = x.read().expect("read");
            let found = f64::from(y[2]).hypot(y[3].into());
            let near = (found - expected).abs() <= 1e-5 * expected;
            assert!(near, "{c}: {found}, not {expected} on {}", context.describe());
        }
    }
}

/// Adaptive gradient clipping: norms of weights, which nobody reads, are the radii of gradients.
#[test]
fn norms_on_the_device_are_radii() {
    for context in contexts() {
        let weights: Vec<f32> =
            (0..2000).map(|i| (hash(5, i) % 200) as f32 / 100.0 - 1.0).collect();
        let gradient: Vec<f32> =
            (0..2000).map(|i| (hash(6, i) % 200) as f32 / 10.0 - 10.0).collect();
        let (w, g) = (tensor(context, &weights, &[50, 40]), tensor(context, &gradient, &[50, 40]));
        let norms = context.zeros([40]).expect("zeros");
        let clip = Projection::clip_norm(0.01, 0).least_radius(1e-3);
        let layout = Layout::contiguous([50, 40]).expect("small");
        let exact = reference::norms(Norm::L2, 0, &weights, &layout).expect("valid");
        let exact =
            reference::project_with_radii(&clip, &gradient, &layout, &exact).expect("valid");
        context.norms(Norm::L2, 0, &w, &norms).expect("valid");
        let report = context.project_with_radii_reported(&clip, &g, &norms).expect("valid");
        let report = report.wait().expect("a report");
        assert_eq!((report.slices, report.changed, report.invalid), (40, 40, 0));
        for (y, exact) in g.read().expect("read").into_iter().zip(exact) {
            let off = (f64::from(y) - exact.high).abs();
            assert!(off <= 2e-5 * exact.high.abs(), "{y} {}", exact.high);
        }
    }
}

/// Weights and their radii in one memory, as in an arena: all of a buffer is bound in one way.
#[test]
fn radii_in_the_memory_of_the_tensor() {
    for context in contexts() {
        let mut values = vec![0.0f32; 1000];
        (0..600).for_each(|i| values[256 + i] = (hash(5, i) % 200) as f32 / 100.0 - 1.0);
        (0..30).for_each(|i| values[i] = 0.1 * i as f32);
        let arena = tensor(context, &values, &[1000]);
        let layout = Layout::contiguous([20, 30]).expect("small").at(256).expect("small");
        let x = arena.view(layout).expect("inside");
        let radii = arena.view(Layout::contiguous([30]).expect("small")).expect("inside");
        let projection = Projection::unit_norm(0);
        let target = context.zeros([20, 30]).expect("zeros");
        context.project_into_with_radii(&projection, &x, &target, &radii).expect("valid");
        context.project_with_radii(&projection, &x, &radii).expect("valid");
        let (there, here) = (target.read().expect("read"), arena.read().expect("read"));
        assert_eq!(there[..], here[256..856]);
        assert_eq!(values[..256], here[..256]);
        for (slice, r) in values[..30].iter().enumerate() {
            let n = there.iter().skip(slice).step_by(30).map(|y| f64::from(y * y)).sum::<f64>();
            assert!((n.sqrt() - f64::from(*r)).abs() <= 1e-5, "{slice}: {}", n.sqrt());
        }
    }
}

#[test]
fn what_makes_no_sense_is_refused() {
    for context in contexts() {
        let x = tensor(context, &[1.0; 12], &[3, 4]);
        let radii = tensor(context, &[1.0; 4], &[4]);
        let by = |projection: Projection, radii: &DeviceBuffer| {
            context.project_with_radii(&projection, &x, radii).expect_err("refused")
        };
        let error = by(Projection::non_negative(), &radii);
        assert!(matches!(error, Error::NoRadii { .. }), "{error:?}");
        let along = context.project_along_with_radii(&Projection::line(0), &x, &x, &radii);
        assert!(matches!(along, Err(Error::NoRadii { .. })), "{along:?}");
        let three = tensor(context, &[1.0; 3], &[3]);
        let max_norm = Projection::max_norm(1.0, 0);
        assert_eq!(by(max_norm, &three), Error::RadiusCount { slices: 4, found: 3 });
        let halves = context.zeros_as([4], DType::F16).expect("zeros");
        assert!(matches!(by(max_norm, &halves), Error::Dtype { found: DType::F16, .. }));
        let own = x.view(Layout::contiguous([4]).expect("small")).expect("inside");
        assert!(matches!(by(max_norm, &own), Error::Overlap { .. }));
        for least in [-1.0, f64::NAN, f64::INFINITY] {
            assert!(matches!(by(max_norm.least_radius(least), &radii), Error::Radius { .. }));
        }
        let elsewhere = tensor(&Context::cpu(), &[1.0; 4], &[4]);
        assert!(matches!(by(max_norm, &elsewhere), Error::OtherContext { .. }));
        let plan = context.plan(&Request::in_place(max_norm, *x.layout())).expect("valid");
        let given = context.run_with_radii(&plan, &x, &x, Some(&radii));
        assert!(matches!(given, Err(Error::PlanMismatch { .. })));
        let request = Request::in_place(max_norm, *x.layout()).with_radii(*radii.layout());
        let missing = context.run(&context.plan(&request).expect("valid"), &x, &x);
        assert!(matches!(missing, Err(Error::PlanMismatch { .. })));
    }
}

/// A number for each slice of every set that takes radii, and what becomes of elements by hand.
#[test]
fn every_set_obeys_its_own_radius() {
    let rows = [3.0f32, -1.0, 0.5, 3.0, -1.0, 0.5, 3.0, -1.0, 0.5];
    for context in contexts() {
        for (projection, radii, expected) in [
            (
                Projection::ball(Norm::L1, 1.0, 1),
                [2.0, 3.0, f32::NAN],
                [[2.0, 0.0, 0.0], [2.5, -0.5, 0.0]],
            ),
            (
                Projection::ball(Norm::Linf, 0.5, 1),
                [1.0, 4.0, -1.0],
                [[0.5, -0.5, 0.5], [2.0, -1.0, 0.5]],
            ),
            (
                Projection::sphere(Norm::L1, 2.0, 1),
                [1.0, 3.0, f32::INFINITY],
                [[2.0, 0.0, 0.0], [3.5, -1.5, 1.0]],
            ),
            (Projection::simplex(1.0, 1), [1.0, 3.0, -1.0], [[1.0, 0.0, 0.0], [2.75, 0.0, 0.25]]),
        ] {
            let x = tensor(context, &rows, &[3, 3]);
            let radii = tensor(context, &radii, &[3]);
            let report = context.project_with_radii_reported(&projection, &x, &radii);
            let report = report.expect("valid").wait().expect("a report");
            let place = || format!("{projection} on {}: {report:?}", context.describe());
            assert_eq!(
                (report.changed, report.invalid, report.smallest_factor),
                (2, 1, 1.0),
                "{}",
                place()
            );
            let y = x.read().expect("read");
            for (y, exact) in y.iter().zip(expected.as_flattened()) {
                assert!((y - exact).abs() <= 3e-5, "{y}, not {exact}: {}", place());
            }
            assert_eq!(y[6..], rows[6..], "{}", place());
        }
        let x = tensor(context, &[0.3, 0.4, 0.3, 0.4, 0.3, 0.4, 0.3, 0.4], &[4, 2]);
        let radii = tensor(context, &[2.0, 0.25, 0.75, f32::NAN], &[4]);
        let band = Projection::min_max_norm(0.5, 1.0, 1);
        let report = context.project_with_radii_reported(&band, &x, &radii).expect("valid");
        let report = report.wait().expect("a report");
        assert_eq!((report.changed, report.invalid), (2, 1), "{}", context.describe());
        let norms: Vec<f32> = x.read().expect("read").chunks(2).map(|y| y[0].hypot(y[1])).collect();
        for (norm, exact) in norms.into_iter().zip([1.0, 0.25, 0.5, 0.5]) {
            assert!((norm - exact).abs() <= 1e-5, "{norm}, not {exact} on {}", context.describe());
        }
    }
}

/// A product with a power of two is not rounded, so that a box is exact.
#[test]
fn a_radius_bounds_magnitudes_exactly() {
    for context in contexts() {
        let x: Vec<f32> = (0..4000).map(|i| (hash(9, i) % 2000) as f32 / 100.0 - 10.0).collect();
        let radii: Vec<f32> = (0..40).map(|i| (hash(8, i) % 1000) as f32 / 77.0).collect();
        for scale in [1.0f32, 0.5] {
            let (tensor, radii) = (tensor(context, &x, &[100, 40]), tensor(context, &radii, &[40]));
            let projection = Projection::ball(Norm::Linf, scale.into(), 0);
            context.project_with_radii(&projection, &tensor, &radii).expect("valid");
            let radii = radii.read().expect("read");
            let bounded = |(i, x): (usize, &f32)| {
                let c = scale * radii[i % 40];
                x.clamp(-c, c)
            };
            let exact: Vec<f32> = x.iter().enumerate().map(bounded).collect();
            assert_eq!(tensor.read().expect("read"), exact, "{}", context.describe());
        }
    }
}
