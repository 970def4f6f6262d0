//! Slices with NaN or infinity under every policy, on every schedule.

use super::naive::{naive_sums, places};
use super::random::cases;
use super::{bits, plans};
use crate::cpu::{project, project_into};
use crate::layout::Layout;
use crate::plan::Plan;
use crate::plan::request::Request;
use crate::{Axes, OnNonFinite, Projection};

/// The first element that is wrong, where `left` is what the default policy made of the same.
fn fault(
    policy: OnNonFinite,
    left: &[f32],
    found: &[f32],
    slices: impl Iterator<Item = (usize, f64)>,
) -> Option<usize> {
    let mut wanted = bits(left);
    for (place, sum) in slices.filter(|(_, sum)| !sum.is_finite()) {
        wanted[place] = match policy {
            OnNonFinite::Leave => continue,
            OnNonFinite::Zero => 0,
            OnNonFinite::Propagate if !sum.is_nan() && left[place].is_finite() => 0,
            OnNonFinite::Propagate | OnNonFinite::Poison => 0x7fc0_0000,
        };
    }
    bits(found).iter().zip(&wanted).position(|(found, wanted)| found != wanted)
}

#[test]
fn only_what_is_not_finite_is_replaced_on_every_schedule() {
    let mut replaced = 0;
    for case in cases(300) {
        let reduced = case.axes.resolve(case.source.shape()).unwrap();
        let sums = naive_sums(&case.data, &case.source, &reduced);
        let slices = |layout: &Layout| {
            places(layout, &reduced).into_iter().map(|(place, slice)| (place, sums[slice]))
        };
        replaced += usize::from(sums.iter().any(|sum| !sum.is_finite()));
        for policy in OnNonFinite::ALL {
            let of = |policy| Projection::max_norm(case.c, case.axes).on_non_finite(policy);
            for plan in plans(&Request::in_place(of(policy), case.source)) {
                let mut found = case.data.clone();
                project(&plan, None, &mut found).unwrap();
                let mut left = case.data.clone();
                project(&plan.with_projection(of(OnNonFinite::Leave)).unwrap(), None, &mut left)
                    .unwrap();
                let fault = fault(policy, &left, &found, slices(&case.source));
                assert_eq!(fault, None, "{policy}: {plan:?}");
            }
            for plan in plans(&Request::into(of(policy), case.source, case.target)) {
                let run = |plan: &Plan| {
                    let mut target = vec![7.0; case.target.end() + 3];
                    project_into(plan, None, &case.data, &mut target).unwrap();
                    target
                };
                let left = run(&plan.with_projection(of(OnNonFinite::Leave)).unwrap());
                let fault = fault(policy, &left, &run(&plan), slices(&case.target));
                assert_eq!(fault, None, "{policy}: {plan:?}");
            }
        }
    }
    assert!(replaced > 50, "{replaced}");
}

#[test]
fn a_slice_that_is_replaced_by_mistake_is_caught() {
    let left = [1.0, f32::INFINITY, 2.0, f32::NAN, 3.0];
    let slices =
        || [(0, f64::INFINITY), (1, f64::INFINITY), (2, f64::NAN), (3, f64::NAN)].into_iter();
    let nan = f32::NAN;
    for (policy, good) in [
        (OnNonFinite::Leave, left),
        (OnNonFinite::Zero, [0.0, 0.0, 0.0, 0.0, 3.0]),
        (OnNonFinite::Propagate, [0.0, nan, nan, nan, 3.0]),
        (OnNonFinite::Poison, [nan, nan, nan, nan, 3.0]),
    ] {
        assert_eq!(fault(policy, &left, &good, slices()), None);
        for place in 0..5 {
            let mut spoilt = good;
            spoilt[place] = 0.5;
            assert_eq!(fault(policy, &left, &spoilt, slices()), Some(place), "{policy}");
        }
    }
}

#[test]
fn an_infinite_radius_does_not_switch_policies_off() {
    let layout = Layout::contiguous([2, 2]).unwrap();
    let projection = Projection::max_norm(f64::INFINITY, 1).on_non_finite(OnNonFinite::Zero);
    for plan in plans(&Request::in_place(projection, layout)) {
        let mut found = [1.0, f32::NAN, 3e38, -0.0];
        let tally = project(&plan, None, &mut found).unwrap();
        assert_eq!(bits(&found), bits(&[0.0, 0.0, 3e38, -0.0]), "{plan:?}");
        assert_eq!((tally.non_finite, tally.first_non_finite), (1, Some(0)));
    }
}

#[test]
fn what_is_added_to_a_norm_counts_on_every_schedule() {
    use crate::Compat;
    let data = [0.0f32, 3.0, 3e-7, -0.0, -4.0, 4e-7];
    for (compat, epsilon) in [(Compat::Torch, 1e-6), (Compat::Keras, 0.0)] {
        // Less than is added to a norm: nothing but zeros is inside.
        for c in [1.0, 2.5e-7] {
            let layout = Layout::contiguous([2, 3]).unwrap();
            let projection = Projection::clip_norm(c, Axes::from(0)).compat(compat);
            for plan in plans(&Request::in_place(projection, layout).with_report()) {
                let mut found = data;
                let tally = project(&plan, None, &mut found).unwrap();
                let rounded = f64::from(crate::plan::margin::toward_zero(c) as f32);
                for (i, (&y, &x)) in found.iter().zip(&data).enumerate() {
                    let norm = [0.0, 5.0, 5e-7][i % 3];
                    let factor = (rounded / (norm + epsilon)).min(1.0);
                    let factor = if norm == 0.0 { 1.0 } else { factor };
                    let exact = f64::from(x) * factor;
                    assert!(
                        (f64::from(y) - exact).abs() <= 3e-7 * exact.abs(),
                        "{i}: {y}, {exact}"
                    );
                    assert_eq!(y.is_sign_negative(), x.is_sign_negative());
                    assert!(factor < 1.0 || y.to_bits() == x.to_bits());
                }
                assert_eq!((tally.changed, tally.zero), (if c < 1.0 { 2 } else { 1 }, 1));
            }
        }
    }
}
