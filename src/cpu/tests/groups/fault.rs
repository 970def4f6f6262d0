//! The comparison of what a clip left with what it should have left.

use super::naive::{Want, expected};
use super::{After, Case};
use crate::model::Verdict;
use crate::norm::Norm;
use crate::plan::group::Region;

/// The first thing that is wrong, if there is one.
pub(super) fn fault(case: &Case, after: &After) -> Option<String> {
    let expected = expected(case);
    let norm = case.clip.norm_used().unwrap_or(Norm::L2);
    let kappa = after.plan.margin().of(norm).kappa;
    let memories = after.memories.iter().zip(&expected.memories).enumerate();
    for (memory, (found, wanted)) in memories {
        for (i, (&found, &wanted)) in found.iter().zip(wanted).enumerate() {
            if !agrees(found, wanted, kappa) {
                let before = case.memories[memory][i];
                return Some(format!("{memory}:{i}: {before} became {found}, not {wanted:?}"));
            }
        }
    }
    if case.clip.norm_used().is_none() {
        let untouched = after.results.iter().all(|&result| result == 0.0);
        return (after.report.is_ok() || !untouched).then(|| "there is a report".to_string());
    }
    let report = match &after.report {
        Ok(report) => report,
        Err(error) => return Some(error.to_string()),
    };
    let verdicts: Vec<Verdict> =
        std::iter::once(report.total()).chain(report.tensors().map(|(_, one)| one)).collect();
    if verdicts.len() != expected.verdicts.len() {
        return Some(format!("{} verdicts", verdicts.len()));
    }
    for (i, (found, &(norm, scale))) in verdicts.iter().zip(&expected.verdicts).enumerate() {
        // A target lies inside the radius by κ.
        if !near(found.norm, norm, 1e-12) || !near(found.scale, scale, 1.1 * kappa) {
            return Some(format!("verdict {i} is {found:?}, not {norm}, {scale}"));
        }
        if let Some(wrong) = result_fault(case, after, i, found) {
            return Some(format!("result {i}: {wrong}, where {found:?}"));
        }
    }
    None
}

fn agrees(found: f32, wanted: Want, kappa: f64) -> bool {
    match wanted {
        Want::Bits(bits) => found.to_bits() == bits,
        // A norm from elsewhere says nothing of the elements: these are scaled like all others.
        Want::Near(exact) if exact.is_nan() => found.is_nan(),
        Want::Near(exact) if exact.is_infinite() => f64::from(found) == exact,
        Want::Near(exact) => {
            let error = (f64::from(found) - exact).abs();
            error <= 2.0 * kappa * exact.abs() + 2f64.powi(-126)
                && found.is_sign_negative() == exact.is_sign_negative()
        }
    }
}

fn near(found: f64, exact: f64, bound: f64) -> bool {
    found == exact
        || (found - exact).abs() <= bound * exact.abs()
        || found.is_nan() && exact.is_nan()
}

/// What is wrong with the results on the device of one tensor, or of all (0).
fn result_fault(case: &Case, after: &After, i: usize, verdict: &Verdict) -> Option<String> {
    let at = |region| after.results[after.plan.results().start(region) + i];
    let same = |a: f32, b: f64| a == b as f32 || a.is_nan() && b.is_nan();
    let (norm, scale) = (at(Region::Norm), at(Region::Scale));
    let (half, flag) = (at(Region::HalfSquare), at(Region::NonFinite));
    let squares = case.clip.norm_used() == Some(Norm::L2);
    let half_square = if squares { verdict.half_square() } else { 0.0 };
    let good = same(norm, verdict.norm)
        && same(scale, verdict.scale)
        && (same(half, half_square) || near(half.into(), half_square, 1e-7))
        && flag == if verdict.norm.is_finite() { 0.0 } else { 1.0 };
    (!good).then(|| format!("norm {norm}, scale {scale}, half {half}, flag {flag}"))
}
