//! What a report says against what the oracle counts.

use normproj::plan::margin::Margin;
use normproj::plan::request::Task;
use normproj::{Plan, Projection, Report, reference};

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
