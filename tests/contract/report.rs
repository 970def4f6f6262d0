//! What a report says against what the oracle counts.

use normproj::plan::margin::Margin;
use normproj::plan::request::Task;
use normproj::{DeviceProfile, Layout, Plan, Projection, Report, Request, reference};

use crate::compare::Stats;

/// Says what is wrong with a report of a projection of `memory`, of which the comparator found
/// `stats`.
pub fn check(report: &Report, plan: &Plan, memory: &[f32], stats: &Stats) -> Result<(), String> {
    let request = plan.request();
    let Task::Project(projection) = request.task else {
        return Err("not a projection".to_string());
    };
    let exact = reference::norms(projection.norm(), projection.axes(), memory, &request.source);
    let exact = exact.map_err(|error| error.to_string())?;
    let finite: Vec<f64> = exact.iter().copied().filter(|norm| norm.is_finite()).collect();
    let equal = |what: &str, found: u64, expected: usize| {
        if found == expected as u64 {
            Ok(())
        } else {
            Err(format!("{what}: {found}, not {expected}"))
        }
    };
    equal("slices", report.slices, exact.len())?;
    equal("zero", report.zero, finite.iter().filter(|&&norm| norm == 0.0).count())?;
    equal("non_finite", report.non_finite, stats.non_finite)?;
    let first = exact.iter().position(|norm| !norm.is_finite()).map(|slice| slice as u64);
    if report.first_non_finite != first {
        return Err(format!("first_non_finite: {:?}, not {first:?}", report.first_non_finite));
    }
    let (least, most) = (stats.outside as u64, (stats.outside + stats.rim) as u64);
    if !(least..=most).contains(&report.changed) {
        return Err(format!("changed: {} is not in {least}..={most}", report.changed));
    }
    let largest = finite.iter().copied().fold(0.0, f64::max);
    let mean =
        if finite.is_empty() { 0.0 } else { finite.iter().sum::<f64>() / finite.len() as f64 };
    for (what, found, expected) in
        [("largest_norm", report.largest_norm, largest), ("mean_norm", report.mean_norm, mean)]
    {
        if !same_norm_f64(found, expected, plan.geometry().length(), plan.margin()) {
            return Err(format!("{what}: {found:e}, not {expected:e}"));
        }
    }
    factor(report, &projection, largest, plan.margin())
}

/// The smallest factor takes the largest norm to the radius.
fn factor(
    report: &Report,
    projection: &Projection,
    largest: f64,
    margin: Margin,
) -> Result<(), String> {
    let found = report.smallest_factor;
    let expected = match report.changed {
        0 => 1.0,
        _ => (reference::radius(projection.radius()) / largest).min(1.0),
    };
    let near = (found - expected).abs() <= (2.0 * margin.kappa + 1e-6) * expected;
    if near { Ok(()) } else { Err(format!("smallest_factor: {found:e}, not {expected:e}")) }
}

/// Whether a norm written as f32 is right: infinite above f32, NaN where a slice holds one.
pub fn same_norm(found: f64, exact: f64, length: usize, margin: Margin) -> bool {
    let largest = f64::from(f32::MAX);
    let near = |bound: f64| same_norm_f64(bound, exact, length, margin);
    if !exact.is_finite() {
        found.is_nan() == exact.is_nan() && !found.is_finite()
    } else if found.is_infinite() {
        exact > largest || near(largest)
    } else {
        near(found)
    }
}

fn same_norm_f64(found: f64, exact: f64, length: usize, margin: Margin) -> bool {
    // An adapter may take subnormal elements for zero.
    let subnormal = (length as f64).sqrt() * 2f64.powi(-126);
    (found - exact).abs() <= (0.5 * margin.sigma + 1e-6) * exact + subnormal
}

#[test]
fn planted_errors_are_caught() {
    let memory = [3.0, 4.0, 0.0, 0.0, f32::NAN, 1.0, 0.1, 0.2];
    let layout = Layout::contiguous([4, 2]).expect("small");
    let request = Request::in_place(Projection::max_norm(1.0, 1), layout).with_report();
    let plan = Plan::new(&request, &DeviceProfile::native(1)).expect("valid");
    let stats = Stats { inside: 2, rim: 0, outside: 1, non_finite: 1 };
    let judged = |plant: fn(&mut Report)| {
        let mut report = Report::default();
        (report.slices, report.changed, report.zero, report.non_finite) = (4, 1, 1, 1);
        (report.first_non_finite, report.smallest_factor) = (Some(2), 0.2);
        report.largest_norm = 5.0;
        report.mean_norm = (5.0 + 0.05f64.sqrt()) / 3.0;
        plant(&mut report);
        check(&report, &plan, &memory, &stats).err().unwrap_or_default()
    };
    assert_eq!(judged(|_| ()), "");
    assert!(judged(|report| report.slices = 3).starts_with("slices"));
    assert!(judged(|report| report.changed = 2).starts_with("changed"));
    assert!(judged(|report| report.zero = 0).starts_with("zero"));
    assert!(judged(|report| report.non_finite = 2).starts_with("non_finite"));
    assert!(judged(|report| report.first_non_finite = Some(0)).starts_with("first_non_finite"));
    assert!(judged(|report| report.largest_norm *= 1.0 + 1e-5).starts_with("largest_norm"));
    assert!(judged(|report| report.mean_norm *= 4.0 / 3.0).starts_with("mean_norm"));
    assert!(judged(|report| report.smallest_factor = 1.0).starts_with("smallest_factor"));
}

#[test]
fn a_wrong_norm_is_caught() {
    let near = |found: f64, exact: f64| same_norm(found, exact, 9, Margin::f32(20));
    assert!(near(1.0, 1.0) && near(1.0 + 1e-6, 1.0) && !near(1.0 + 1e-5, 1.0));
    assert!(near(f64::INFINITY, 4e38) && !near(f64::INFINITY, 3e38) && !near(3.4e38, 4e38));
    assert!(near(f64::NAN, f64::NAN) && !near(f64::NAN, 1.0) && !near(1.0, f64::NAN));
    assert!(near(f64::INFINITY, f64::INFINITY) && !near(f64::NAN, f64::INFINITY));
    assert!(near(0.0, 1e-40) && !near(0.0, 1e-37));
}
