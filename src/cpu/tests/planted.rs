//! Every comparison must catch an error that is planted.

use super::naive::{fault, naive_sums, norms_fault, tally_fault};
use super::plans;
use crate::cpu::{norms, project};
use crate::layout::Layout;
use crate::plan::request::Request;
use crate::{Norm, Projection};

/// Two columns, one inside and one outside, with a gap after each row.
const DATA: [f32; 6] = [3.0, 0.1, 9.0, 4.0, -0.2, 9.0];

fn layout() -> Layout {
    Layout::strided([2, 2], [3, 1], 0).unwrap()
}

/// What the comparison says of a result that was spoilt.
fn after(spoil: impl Fn(&mut [f32])) -> Option<String> {
    let layout = layout();
    let plan = plans(&Request::in_place(Projection::max_norm(1.0, 0), layout)).remove(0);
    let mut found = DATA;
    project(&plan, None, &mut found).unwrap();
    spoil(&mut found);
    fault(&plan, (&DATA, &layout), (&DATA, &found, &layout), 1.0)
}

#[test]
fn a_result_that_is_off_is_caught() {
    assert_eq!(after(|_| {}), None);
    let kappa = 6.1 / f64::from(1 << 24);
    let scaled = |factor: f64| move |found: &mut [f32]| found[0] = (0.6 * factor) as f32;
    assert_eq!(after(scaled(1.0 - 1.5 * kappa)), None);
    assert!(after(scaled(1.0 - 2.5 * kappa)).is_some(), "too small");
    assert!(after(scaled(1.0 + 2.5 * kappa)).is_some(), "too large");
    assert!(after(|found| found[0] = f32::NAN).is_some(), "not a number");
    assert!(after(|found| found[0] = DATA[0]).is_some(), "not scaled");
    assert!(after(|found| found[1] = found[1].next_up()).is_some(), "a kept bit");
    assert!(after(|found| found[4] = 0.2).is_some(), "a sign");
    assert!(after(|found| found[2] = 9.5).is_some(), "a neighbour");
    assert!(after(|found| found.swap(0, 3)).is_some(), "two elements changed places");
}

#[test]
fn norms_that_are_off_are_caught() {
    let request = Request::norms(Norm::L2, 0, layout(), Layout::contiguous([2]).unwrap());
    let plan = plans(&request).remove(0);
    let sums = naive_sums(&DATA, &layout(), &[true, false]);
    let mut found = [0.0; 2];
    norms(&plan, &DATA, &mut found).unwrap();
    assert_eq!(norms_fault(&found, &sums), None);
    let [a, b] = found;
    assert!(norms_fault(&[b, a], &sums).is_some(), "another order");
    assert!(norms_fault(&[a * 1.000_001, b], &sums).is_some());
    assert!(norms_fault(&[f32::NAN, b], &sums).is_some());
    assert!(norms_fault(&[a, b], &[f64::NAN, sums[1]]).is_some());
}

#[test]
fn tallies_that_are_off_are_caught() {
    let request = Request::in_place(Projection::max_norm(1.0, 0), layout()).with_report();
    let sums = naive_sums(&DATA, &layout(), &[true, false]);
    let tally = project(&plans(&request)[0], None, &mut DATA.clone()).unwrap();
    assert_eq!(tally_fault(&tally, &sums, 1.0), None);
    let mut spoilt = [tally; 7];
    spoilt[0].slices += 1;
    spoilt[1].changed = 0;
    spoilt[2].zero = 1;
    spoilt[3].non_finite = 1;
    spoilt[4].first_non_finite = Some(0);
    spoilt[5].largest_norm *= 1.0 + 1e-8;
    spoilt[6].norm_sum -= 1e-6;
    for spoilt in spoilt {
        assert!(tally_fault(&spoilt, &sums, 1.0).is_some(), "{spoilt:?}");
    }
}
