//! The decision for one slice, from its sum of squares.

use super::factor::Factor;
use super::tile::{At, Line};
use crate::norm::Norm;
use crate::plan::Plan;
use crate::plan::request::Task;
use crate::plan::rim::Rim;
use crate::plan::rule::Rule as Planned;
use crate::projection::OnNonFinite;
use crate::report::Tally;

/// What slices are compared with and scaled to, and whether they are counted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule {
    threshold: f64,
    target: f64,
    epsilon: f64,
    pub report: bool,
    policy: OnNonFinite,
}

impl Rule {
    pub fn new(plan: &Plan) -> Self {
        let rim = match plan.rule() {
            Planned::Scale(rim) => rim,
            // Refused by the plan.
            Planned::Shrink(_) | Planned::Clamp(_) => Rim::unbounded(Norm::L2),
        };
        let Rim { threshold, target, epsilon, .. } = rim;
        let policy = match plan.request().task {
            Task::Project(projection) => projection.policy(),
            Task::Norms { .. } => OnNonFinite::Leave,
        };
        // Slices that are to be replaced must be found, and a slice of zeros is never outside.
        let report = plan.request().report || policy != OnNonFinite::Leave;
        Rule { threshold: threshold.max(0.0), target, epsilon, report, policy }
    }

    /// What becomes of the slices that were counted as not finite, where they do not keep their
    /// bits.
    pub fn replaces(&self, tally: &Tally) -> Option<OnNonFinite> {
        (tally.non_finite > 0 && self.policy != OnNonFinite::Leave).then_some(self.policy)
    }

    /// Whether no slice can change and none is counted.
    pub fn is_idle(&self) -> bool {
        self.threshold == f64::INFINITY && !self.report
    }

    /// Whether a slice is outside. A sum that is NaN or infinite belongs to a slice that holds
    /// such an element, which keeps its bits.
    #[inline(always)]
    pub fn violates(&self, sum: f64) -> bool {
        (sum > self.threshold) & (sum < f64::INFINITY)
    }

    /// The factor of a slice that violates; of no meaning for another.
    #[inline(always)]
    pub fn unchecked_factor(&self, sum: f64) -> f64 {
        self.target / (sum.sqrt() + self.epsilon)
    }

    /// The factors of some slices, computed side by side, or the mark of those that are kept.
    #[inline(always)]
    pub fn factors<const N: usize>(&self, sums: &[f64; N]) -> [f64; N] {
        let mut factors = [f64::KEEP; N];
        // Roots and quotients cost more than all else of a short slice.
        if sums.iter().fold(false, |any, &sum| any | self.violates(sum)) {
            for (factor, &sum) in factors.iter_mut().zip(sums) {
                let scaled = self.unchecked_factor(sum);
                *factor = if self.violates(sum) { scaled } else { f64::KEEP };
            }
        }
        factors
    }

    /// Counts one slice, `index` in row-major order of the kept axes.
    #[inline(always)]
    pub fn count(&self, tally: &mut Tally, sum: f64, index: usize) {
        if self.report {
            *tally = tally.merge(self.one(sum, index as u64));
        }
    }

    fn one(&self, sum: f64, index: u64) -> Tally {
        if !sum.is_finite() {
            let first_non_finite = Some(index);
            return Tally { slices: 1, non_finite: 1, first_non_finite, ..Tally::default() };
        }
        Tally {
            slices: 1,
            changed: u64::from(sum > self.threshold),
            zero: u64::from(sum == 0.0),
            largest_norm: sum.sqrt(),
            norm_sum: sum.sqrt(),
            ..Tally::default()
        }
    }

    /// Counts every slice of the kept axes among `axes`.
    pub fn count_all(&self, axes: &[Line], at: At, sums: &[f64], tally: &mut Tally) {
        match axes {
            [] => self.count(tally, sums[at.slot], at.slice),
            [line, rest @ ..] if line.is_reduced() => self.count_all(rest, at, sums, tally),
            [line, rest @ ..] => {
                for i in 0..line.size {
                    self.count_all(rest, at.step(line, i), sums, tally);
                }
            }
        }
    }
}
