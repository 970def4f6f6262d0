//! One loop in f64, and comparisons with it that name the first fault.

use crate::layout::Layout;
use crate::plan::Plan;
use crate::report::Tally;

/// What a view looks like to the naive loop: the place of each element and its slice, in
/// row-major order.
pub(super) fn places(layout: &Layout, reduced: &[bool]) -> Vec<(usize, usize)> {
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
pub(super) fn naive_sums(data: &[f32], layout: &Layout, reduced: &[bool]) -> Vec<f64> {
    let kept = (0..layout.rank()).filter(|&d| !reduced[d]);
    let mut sums = vec![0.0; kept.map(|d| layout.shape()[d]).product()];
    for (place, slice) in places(layout, reduced) {
        sums[slice] += f64::from(data[place]) * f64::from(data[place]);
    }
    sums
}

/// What is wrong with `after`, where `before` was to be projected onto radius `c`: the first
/// element that is off, or a place outside the view that changed.
pub(super) fn fault(
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

/// What is wrong with a tally, if it should count these sums.
pub(super) fn tally_fault(tally: &Tally, sums: &[f64], c: f64) -> Option<String> {
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

/// What is wrong with norms, if these are the sums.
pub(super) fn norms_fault(found: &[f32], sums: &[f64]) -> Option<String> {
    let fault = found.iter().zip(sums).position(|(norm, sum)| {
        let exact = sum.sqrt() as f32;
        let near = (norm - exact).abs() <= exact * f32::EPSILON;
        !(near || *norm == exact || norm.is_nan() && exact.is_nan())
    });
    fault.map(|i| format!("norm {i} is {}, not {}", found[i], sums[i].sqrt()))
}
