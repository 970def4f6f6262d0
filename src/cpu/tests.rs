//! Every walk against a naive loop in f64, on random views.

use super::{norms, project, project_into};
use crate::layout::Layout;
use crate::plan::Plan;
use crate::plan::profile::{DeviceKind, DeviceProfile};
use crate::plan::request::Request;
use crate::projection::{Projection, Rounding};
use crate::report::Tally;
use crate::{Axes, Norm};

/// A small generator, so that cases are the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let mixed = (self.0 ^ (self.0 >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        mixed ^ (mixed >> 33)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn element(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    }
}

/// What a view looks like to the naive loop: the place of each element and its slice, in
/// row-major order.
fn places(layout: &Layout, reduced: &[bool]) -> Vec<(usize, usize)> {
    (0..layout.len())
        .map(|index| {
            let (mut index, mut place, mut slice, mut width) = (index, layout.offset(), 0, 1);
            for d in (0..layout.rank()).rev() {
                let i = index % layout.shape()[d];
                index /= layout.shape()[d];
                place += i * layout.strides()[d];
                if !reduced[d] {
                    slice += i * width;
                    width *= layout.shape()[d];
                }
            }
            (place, slice)
        })
        .collect()
}

/// The sums of squares by one loop.
fn naive_sums(data: &[f32], layout: &Layout, reduced: &[bool]) -> Vec<f64> {
    let kept = (0..layout.rank()).filter(|&d| !reduced[d]);
    let mut sums = vec![0.0; kept.map(|d| layout.shape()[d]).product()];
    for (place, slice) in places(layout, reduced) {
        sums[slice] += f64::from(data[place]) * f64::from(data[place]);
    }
    sums
}

/// What is wrong with `after`, where `before` was to be projected onto radius `c`: the first
/// element that is off, or a place outside the view that changed.
fn fault(
    plan: &Plan,
    (before, source): (&[f32], &Layout),
    (untouched, after, target): (&[f32], &[f32], &Layout),
    c: f64,
) -> Option<String> {
    let reduced = plan.request().axes().resolve(source.shape()).unwrap();
    let sums = naive_sums(before, source, &reduced);
    let kappa = plan.margin().kappa;
    let mut inside = vec![false; untouched.len()];
    let places = places(source, &reduced).into_iter().zip(places(target, &reduced));
    for ((from, slice), (to, _)) in places {
        inside[to] = true;
        let (x, y, sum) = (before[from], after[to], sums[slice]);
        let keeps = !sum.is_finite() || sum.sqrt() <= c * (1.0 - plan.margin().sigma);
        if keeps && x.to_bits() != y.to_bits() {
            return Some(format!("{from}->{to}: {x} of a kept slice became {y}"));
        }
        let exact =
            if keeps || sum.sqrt() <= c { f64::from(x) } else { f64::from(x) * (c / sum.sqrt()) };
        let error = (f64::from(y) - exact).abs();
        if !keeps && (error > 2.0 * kappa * exact.abs() + 2f64.powi(-126) || error.is_nan()) {
            return Some(format!("{from}->{to}: {x} became {y}, not {exact}"));
        }
        if x.is_sign_negative() != y.is_sign_negative() {
            return Some(format!("{from}->{to}: {x} became {y}: its sign changed"));
        }
    }
    let changed = |i: &usize| !inside[*i] && untouched[*i].to_bits() != after[*i].to_bits();
    (0..after.len()).find(changed).map(|i| format!("{i} is outside the view and changed"))
}

/// A profile whose cache holds so little that small shapes are split as large ones are.
fn profile(cache_bytes: usize) -> DeviceProfile {
    let kind = DeviceKind::Native { threads: 2, cache_bytes };
    DeviceProfile { name: "test".to_string(), kind }
}

/// A view of random strides with gaps, its axes in random order.
fn view(random: &mut Random, shape: &[usize]) -> Layout {
    let mut order: Vec<usize> = (0..shape.len()).collect();
    for i in (1..order.len()).rev() {
        order.swap(i, random.below(i + 1));
    }
    if random.below(2) == 0 {
        order.sort_unstable();
    }
    let gaps = random.below(2) == 0;
    let (mut strides, mut step) = (vec![0; shape.len()], 1);
    for &d in order.iter().rev() {
        step += if gaps && random.below(3) == 0 { random.below(3) } else { 0 };
        strides[d] = step;
        step *= shape[d];
    }
    Layout::strided(shape, strides, random.below(5)).unwrap()
}

fn plans(request: &Request) -> Vec<Plan> {
    let caches = [16, 100, 700, 1 << 20].map(profile);
    let of = |cache: &DeviceProfile| {
        let schedules = Plan::legal_schedules(request, cache).unwrap();
        let plan = |schedule| Plan::with_schedule(request, cache, schedule).unwrap();
        schedules.into_iter().map(plan).collect::<Vec<_>>()
    };
    caches.iter().flat_map(of).collect()
}

struct Case {
    source: Layout,
    target: Layout,
    axes: Axes,
    data: Vec<f32>,
    c: f64,
}

/// Random shapes, views, axes, radii; some slices inside, some outside, some not finite.
fn cases(count: usize) -> Vec<Case> {
    let mut random = Random(7);
    (0..count)
        .map(|_| {
            let rank = random.below(6);
            let shape: Vec<usize> =
                (0..rank).map(|_| [1, 2, 3, 5, 9, 40][random.below(6)]).collect();
            let shape = if shape.iter().product::<usize>() > 4000 { vec![70, 33] } else { shape };
            let axes: Vec<i32> = (0..shape.len() as i32).filter(|_| random.below(2) == 0).collect();
            let (source, target) = (view(&mut random, &shape), view(&mut random, &shape));
            let mut data: Vec<f32> = (0..source.end() + 3).map(|_| random.element()).collect();
            if random.below(3) == 0 {
                for _ in 0..3 {
                    let value = [f32::NAN, f32::INFINITY, -0.0, f32::from_bits(0x7f80_0001)];
                    let place = random.below(data.len());
                    data[place] = value[random.below(4)];
                }
            }
            let length: usize = axes.iter().map(|&d| shape[d as usize]).product();
            let scales = [1.0, 0.0, 0.5, 1.0, 1.0, 1e-30, f64::INFINITY];
            let c = scales[random.below(7)] * (length as f64 / 3.0).sqrt();
            Case { source, target, axes: Axes::from(&axes[..]), data, c }
        })
        .collect()
}

#[test]
fn in_place_agrees_with_the_naive_loop_on_every_schedule() {
    for case in cases(400) {
        let projection = Projection::max_norm(case.c, case.axes);
        let mut first: Option<Vec<u32>> = None;
        for plan in plans(&Request::in_place(projection, case.source)) {
            let mut after = case.data.clone();
            project(&plan, &mut after).unwrap();
            let view = &case.source;
            let fault = fault(&plan, (&case.data, view), (&case.data, &after, view), case.c);
            assert_eq!(fault, None, "{plan:?}");
            let once = after.clone();
            project(&plan, &mut after).unwrap();
            if case.c >= 1e-20 {
                assert_eq!(bits(&once), bits(&after), "a second projection: {plan:?}");
            }
            first.get_or_insert_with(|| bits(&once));
        }
    }
}

#[test]
fn into_another_view_agrees_with_the_naive_loop_on_every_schedule() {
    for case in cases(400) {
        let projection = Projection::max_norm(case.c, case.axes);
        for plan in plans(&Request::into(projection, case.source, case.target)) {
            let before = vec![7.0; case.target.end() + 3];
            let mut after = before.clone();
            project_into(&plan, &case.data, &mut after).unwrap();
            let source = (&case.data[..], &case.source);
            let fault = fault(&plan, source, (&before, &after, &case.target), case.c);
            assert_eq!(fault, None, "{plan:?}");
        }
    }
}

#[test]
fn norms_come_in_row_major_order_on_every_schedule() {
    for case in cases(400) {
        let reduced = case.axes.resolve(case.source.shape()).unwrap();
        let exact = naive_sums(&case.data, &case.source, &reduced);
        let layout = Layout::contiguous([exact.len()]).unwrap();
        for plan in plans(&Request::norms(Norm::L2, case.axes, case.source, layout)) {
            let mut found = vec![7.0; exact.len()];
            norms(&plan, &case.data, &mut found).unwrap();
            for (norm, sum) in found.iter().zip(&exact) {
                let exact = sum.sqrt() as f32;
                let close = (norm - exact).abs() <= exact * f32::EPSILON;
                assert!(close || norm == &exact || norm.is_nan() && exact.is_nan(), "{plan:?}");
            }
        }
    }
}

#[test]
fn tallies_agree_with_the_naive_loop_on_every_schedule() {
    for case in cases(400) {
        let projection = Projection::max_norm(case.c, case.axes).rounding(Rounding::Nearest);
        let reduced = case.axes.resolve(case.source.shape()).unwrap();
        let sums = naive_sums(&case.data, &case.source, &reduced);
        for plan in plans(&Request::in_place(projection, case.source).with_report()) {
            let tally = project(&plan, &mut case.data.clone()).unwrap();
            assert_eq!(tally_fault(&tally, &sums, case.c), None, "{plan:?}");
        }
    }
}

/// What is wrong with a tally, if it should count these sums.
fn tally_fault(tally: &Tally, sums: &[f64], c: f64) -> Option<String> {
    let finite: Vec<f64> = sums.iter().copied().filter(|sum| sum.is_finite()).collect();
    let count = |test: &dyn Fn(f64) -> bool| finite.iter().filter(|sum| test(**sum)).count() as u64;
    let largest = finite.iter().fold(0.0f64, |most, sum| most.max(sum.sqrt()));
    let total: f64 = finite.iter().map(|sum| sum.sqrt()).sum();
    let near = |a: f64, b: f64| (a - b).abs() <= 1e-9 * b;
    let good = tally.slices == sums.len() as u64
        && tally.changed == count(&|sum| sum.sqrt() > c)
        && tally.zero == count(&|sum| sum == 0.0)
        && tally.non_finite == (sums.len() - finite.len()) as u64
        && tally.first_non_finite == sums.iter().position(|s| !s.is_finite()).map(|i| i as u64)
        && near(tally.largest_norm, largest)
        && near(tally.norm_sum, total);
    (!good).then(|| format!("{tally:?} for {sums:?} and {c}"))
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}
