//! Planted errors in reports, and in norms.

use normproj::plan::margin::Margin;
use normproj::{DeviceProfile, Layout, Norm, Plan, Projection, Report, Request};

use crate::judge::{Stats, check_report, same_norm};

const MEMORY: [f32; 8] = [3.0, 4.0, 0.0, 0.0, f32::NAN, 1.0, 0.1, 0.2];

/// What is said of a report of [`MEMORY`], four slices of two.
fn judged(projection: Projection, stats: Stats, honest: Report, plant: fn(&mut Report)) -> String {
    let layout = Layout::contiguous([4, 2]).expect("small");
    let request = Request::in_place(projection, layout).with_report();
    let plan = Plan::new(&request, &DeviceProfile::native(1)).expect("valid");
    let mut report = honest;
    plant(&mut report);
    check_report(&report, &plan, &MEMORY, &stats).err().unwrap_or_default()
}

fn honest(changed: u64, norms: [f64; 3], smallest_factor: f64) -> Report {
    let mut report = Report::default();
    (report.slices, report.changed, report.zero, report.non_finite) = (4, changed, 1, 1);
    (report.first_non_finite, report.smallest_factor) = (Some(2), smallest_factor);
    report.largest_norm = norms.into_iter().fold(0.0, f64::max);
    report.mean_norm = norms.iter().sum::<f64>() / 3.0;
    report
}

fn planted_in(projection: Projection, stats: Stats, honest: Report) {
    let judged = |plant| judged(projection, stats, honest, plant);
    assert_eq!(judged(|_| ()), "", "{projection}");
    assert!(judged(|report| report.slices = 3).starts_with("slices"));
    assert!(judged(|report| report.changed = 4).starts_with("changed"));
    assert!(judged(|report| report.zero = 0).starts_with("zero"));
    assert!(judged(|report| report.non_finite = 2).starts_with("non_finite"));
    assert!(judged(|report| report.first_non_finite = Some(0)).starts_with("first_non_finite"));
    assert!(judged(|report| report.largest_norm *= 1.0 + 1e-5).starts_with("largest_norm"));
    assert!(judged(|report| report.mean_norm *= 4.0 / 3.0).starts_with("mean_norm"));
    assert!(judged(|report| report.smallest_factor = 0.9).starts_with("smallest_factor"));
}

#[test]
fn planted_errors_are_caught() {
    let (small, one) = (0.05f64.sqrt(), Stats { inside: 2, outside: 1, non_finite: 1, rim: 0 });
    let two = Stats { inside: 1, outside: 2, ..one };
    planted_in(Projection::max_norm(1.0, 1), one, honest(1, [5.0, 0.0, small], 0.2));
    let l1 = Projection::max_norm(1.0, 1).norm_in(Norm::L1);
    planted_in(l1, one, honest(1, [7.0, 0.0, 0.3], 1.0 / 7.0));
    planted_in(Projection::unit_norm(1), two, honest(2, [5.0, 0.0, small], 0.2));
    planted_in(Projection::ball(Norm::L1, 1.0, 1), one, honest(1, [7.0, 0.0, 0.3], 1.0));
    planted_in(Projection::ball(Norm::Linf, 1.0, 1), one, honest(1, [4.0, 0.0, 0.2], 1.0));
    let three = Stats { inside: 0, outside: 3, ..one };
    planted_in(Projection::simplex(1.0, 1), three, honest(3, [7.0, 0.0, 0.3], 1.0));
    let rate = Projection::min_max_norm(0.0, 1.0, 1).rate(0.5);
    planted_in(rate, one, honest(1, [5.0, 0.0, small], 0.6));
}

#[test]
fn a_wrong_norm_is_caught() {
    let near =
        |found: f64, exact: f64| same_norm::<f32>(found, exact, Norm::L2, 9, Margin::f32(20));
    assert!(near(1.0, 1.0) && near(1.0 + 1e-6, 1.0) && !near(1.0 + 1e-5, 1.0));
    assert!(near(f64::INFINITY, 4e38) && !near(f64::INFINITY, 3e38) && !near(3.4e38, 4e38));
    assert!(near(f64::NAN, f64::NAN) && !near(f64::NAN, 1.0) && !near(1.0, f64::NAN));
    assert!(near(f64::INFINITY, f64::INFINITY) && !near(f64::NAN, f64::INFINITY));
    assert!(near(0.0, 1e-40) && !near(0.0, 1e-37));
    let double = |found: f64| same_norm::<f64>(found, 1.0, Norm::L1, 9, Margin::double(70));
    assert!(double(1.0 + 5e-15) && !double(1.0 + 1e-13));
}
