//! The decision for slices, from what was accumulated over them.

mod scale;
mod shrink;

use scale::Range;
pub(super) use scale::factor;
pub(super) use shrink::{Shrinking, Slices};

use super::found::Found;
use super::number::Real;
use super::outcome::{AtMost, Outcomes};
use super::radii::Radii;
use super::term::Term;
use crate::norm::Norm;
use crate::plan::Plan;
use crate::plan::request::Task;
use crate::plan::rim::Rim;
use crate::plan::rule::Rule as Planned;
use crate::projection::{OnNonFinite, Rounding, ZeroSlice};
use crate::report::Tally;

/// What decides about slices, what becomes of them, and whether they are counted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule<'a> {
    /// What is accumulated.
    pub term: Term,
    /// Whether elements are cut off toward zero where they are rounded.
    pub cut: bool,
    form: Form<'a>,
    report: bool,
    /// Whether slices that are not finite become something else.
    replaces: bool,
    /// Whether slices of zeros do.
    fills: bool,
    range: Range,
    /// Whether elements have the precision of f64, and its range.
    double: bool,
}

#[derive(Debug, Clone, Copy)]
enum Form<'a> {
    /// Norms alone.
    Norms,
    /// Slices are multiplied by a factor.
    Scale(Rim),
    /// Each is, by a rim of its own.
    Each(Radii<'a>),
    /// Magnitudes are at most this, an element.
    Cube(f64),
    /// Elements move toward zero by one distance.
    Shrink(Shrinking),
}

/// Least norms beyond this are aimed at from above, beyond what an f32 can hold.
const LARGEST_AIM: f64 = 1e38;

impl<'a> Rule<'a> {
    /// The rule of a plan; none if no kernel knows it.
    pub fn new<R: Real>(plan: &Plan, radii: Option<Radii<'a>>) -> Option<Self> {
        let rule = plan.rule();
        let (norm, form, fills) = match rule {
            Planned::Scale(rim) if matches!(plan.request().task, Task::Norms { .. }) => {
                (rim.norm, Form::Norms, false)
            }
            Planned::Scale(rim) if radii.is_some() => {
                (rim.norm, radii.map_or(Form::Norms, Form::Each), true)
            }
            Planned::Scale(rim) if !R::DOUBLE && rim.low_target > LARGEST_AIM => return None,
            Planned::Scale(rim) => (rim.norm, Form::Scale(rim), rim.low_threshold > 0.0),
            // The search works in the precision of elements, with sums of many of them.
            Planned::Shrink(sums) if !R::DOUBLE && is_far(sums.target) => return None,
            Planned::Shrink(sums) => {
                let shrinking = Shrinking::new(sums, R::DOUBLE);
                (Norm::L1, Form::Shrink(shrinking), sums.magnitudes && sums.low > 0.0)
            }
            Planned::Clamp(bounds) if bounds.alone => return None,
            Planned::Along(_) => return None,
            Planned::Clamp(bounds) => (Norm::Linf, Form::Cube(bounds.high), false),
        };
        let term = Term::of(norm);
        let basis = match rule {
            Planned::Scale(rim) => rim.zero == ZeroSlice::BasisVector,
            Planned::Shrink(sums) => sums.zero == ZeroSlice::BasisVector,
            Planned::Clamp(_) | Planned::Along(_) => false,
        };
        Some(Rule {
            term,
            cut: is_cut(plan),
            form,
            report: plan.request().report,
            replaces: plan.policy() != OnNonFinite::Leave,
            fills: fills && basis,
            range: Range::new::<R>(term),
            double: R::DOUBLE,
        })
    }

    /// Whether no slice can change and none is noted.
    pub fn is_idle(&self) -> bool {
        let keeps = match self.form {
            Form::Norms => true,
            Form::Scale(rim) => {
                let bounds = rim.threshold < f64::INFINITY || rim.low_threshold > 0.0;
                !bounds && !rim.always
            }
            Form::Cube(high) => high == f64::INFINITY,
            Form::Each(_) | Form::Shrink(_) => false,
        };
        keeps && !self.report && !self.replaces
    }

    /// The radii of slices that are in memory.
    pub fn radii(&self) -> Option<Radii<'a>> {
        if let Form::Each(radii) = self.form { Some(radii) } else { None }
    }

    /// What becomes of slices.
    pub fn decide<R: Real>(&self, powers: &[f64], slices: &dyn Slices) -> Outcomes<R> {
        match &self.form {
            Form::Norms => Outcomes::Kept,
            Form::Scale(rim) => scale::decide(self.term, rim, powers, self.range),
            Form::Each(radii) => {
                // Turned slices and those that grow beyond f32 are left to others.
                let rim = |slot: usize| {
                    let rim = radii.rim(slices.number(slot))?;
                    (!self.is_apart(&rim)).then_some(rim)
                };
                scale::decide_each(self.term, rim, powers, self.range)
            }
            &Form::Cube(high) => {
                let moves = |largest: f64| largest > high && largest < f64::INFINITY;
                if !powers.iter().any(|&largest| moves(largest)) {
                    return Outcomes::Kept;
                }
                let bound = |&largest: &f64| if moves(largest) { high } else { -1.0 };
                let bounds = powers.iter().map(|largest| AtMost(R::real_of(bound(largest))));
                Outcomes::AtMost(bounds.collect())
            }
            Form::Shrink(shrinking) => shrinking.decide(powers, slices),
        }
    }

    /// Whether slices are noted at all.
    pub fn watches(&self) -> bool {
        let apart = self.range != Range::Ample || self.radii().is_some();
        self.report || self.replaces || self.fills || apart
    }

    /// Notes a slice that is the `index`-th in row-major order of the kept axes.
    pub fn note(&self, found: &mut Found, power: f64, changed: bool, index: usize) {
        if self.is_odd(power, index) {
            found.odd.push(index);
        } else if self.report {
            found.tally = found.tally.merge(self.tally(power, changed, index));
        }
    }

    fn tally(&self, power: f64, changed: bool, index: usize) -> Tally {
        if !power.is_finite() {
            let first_non_finite = Some(index as u64);
            let invalid = self.radii().is_some_and(|radii| radii.rim(index).is_none()).into();
            return Tally {
                slices: 1,
                non_finite: 1,
                first_non_finite,
                invalid,
                ..Tally::default()
            };
        }
        let norm = self.term.root(power);
        let rim = self.radii().map(|radii| radii.rim(index));
        let factor = |rim: Rim| rim.factor(norm);
        Tally {
            invalid: u64::from(rim == Some(None)),
            smallest_factor: rim.flatten().filter(|_| changed).map(factor),
            slices: 1,
            changed: changed.into(),
            zero: u64::from(norm == 0.0),
            largest_norm: norm,
            norm_sum: norm,
            ..Tally::default()
        }
    }

    /// Whether a slice is left to others.
    fn is_odd(&self, power: f64, index: usize) -> bool {
        let rim = self.radii().and_then(|radii| radii.rim(index));
        if rim.is_some_and(|rim| self.is_apart(&rim)) {
            return true;
        }
        let (term, range) = (self.term, self.range);
        let left = |rim: &Rim| range.is_left_by(term, rim, power, factor(term, rim, power));
        let beyond = match &self.form {
            _ if range == Range::Ample => false,
            Form::Each(_) => rim.as_ref().map_or_else(|| range.is_left_by_norm(term, power), left),
            Form::Norms => range.is_left_by_norm(term, power),
            Form::Scale(rim) => left(rim),
            Form::Cube(_) => false,
            Form::Shrink(shrinking) => shrinking.is_beyond(power),
        };
        beyond || self.replaces && !power.is_finite() || self.fills && power == 0.0
    }

    /// Whether no kernel knows a rim.
    fn is_apart(&self, rim: &Rim) -> bool {
        rim.turned || !self.double && rim.low_target > LARGEST_AIM
    }
}

/// Whether sums around this come near the ends of the range of f32.
fn is_far(target: f64) -> bool {
    target > 0.0 && target < f64::INFINITY && !(1e-30..=1e30).contains(&target)
}

/// Whether a plan cuts elements off toward zero where they are rounded.
pub(super) fn is_cut(plan: &Plan) -> bool {
    plan.rounds() == Rounding::TowardZero && plan.request().dtype.size() == 2
}

/// Whether a sum of f64, or a factor, is far from the ends of the range: zero is.
#[inline(always)]
fn is_plain(power: f64) -> bool {
    (power == 0.0) | (1e-250..=1e250).contains(&power)
}
