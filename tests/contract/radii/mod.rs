//! Radii in memory: every set that takes them, every dtype, on every context.

mod calls;
mod edges;

use normproj::{Axes, Compat, DType, Layout, Norm, Projection, Request, Set, ZeroSlice, reference};
use proptest::prelude::*;
use proptest::sample::select;

use crate::case::{Case, cases};
use crate::contexts::contexts_for;
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
