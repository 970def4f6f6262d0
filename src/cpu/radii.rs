//! Radii of slices that are in memory.

use crate::plan::Plan;
use crate::plan::rims::Rims;
use crate::plan::rule::Rule;

/// One radius for each slice in row-major order of the kept axes, or one for all.
#[derive(Debug, Clone, Copy)]
pub(super) struct Radii<'a> {
    rims: Rims,
    values: &'a [f64],
}

impl<'a> Radii<'a> {
    /// Those of a plan, if it has any.
    pub fn new(plan: &Plan, values: &'a [f64]) -> Option<Self> {
        plan.rims().map(|rims| Radii { rims, values })
    }

    /// The rule of a slice; none if its radius is none.
    #[inline]
    pub fn rule(&self, slice: usize) -> Option<Rule> {
        let place = if self.values.len() == 1 { 0 } else { slice };
        self.values.get(place).and_then(|&radius| self.rims.at(radius))
    }
}
