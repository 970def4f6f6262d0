//! The decision for slices, from what was accumulated over them.

mod scale;
mod shrink;

use scale::Range;
pub(super) use scale::{compared, factor};
use shrink::Shrinking;
pub(super) use shrink::{Shrinkings, Slices};

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
    /// Magnitudes are at most this, an element.
    Cube(f64),
    /// Elements move toward zero by one distance.
    Shrink(Shrinking),
    /// Each has a radius of its own.
    Each(Radii<'a>, Kind),
}

/// What becomes of slices that have a radius each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Scale,
    Cube,
    /// As it is of magnitudes, or of elements.
    Shrink(bool),
}

/// Least norms beyond this are aimed at from above, beyond what an f32 can hold.
const LARGEST_AIM: f64 = 1e38;

impl<'a> Rule<'a> {
    /// The rule of a plan; none if no kernel knows it.
    pub fn new<R: Real>(plan: &Plan, radii: Option<Radii<'a>>) -> Option<Self> {
        let rule = plan.rule();
        let (norm, form, fills) = match (rule, radii) {
            (Planned::Scale(rim), _) if matches!(plan.request().task, Task::Norms { .. }) => {
                (rim.norm, Form::Norms, false)
            }
            (Planned::Along(_), _) => return None,
            (Planned::Clamp(bounds), _) if bounds.alone => return None,
            (rule, Some(radii)) => {
                let (norm, kind) = match rule {
                    Planned::Scale(rim) => (rim.norm, Kind::Scale),
                    Planned::Shrink(sums) => (Norm::L1, Kind::Shrink(sums.magnitudes)),
                    Planned::Clamp(_) | Planned::Along(_) => (Norm::Linf, Kind::Cube),
                };
                (norm, Form::Each(radii, kind), kind != Kind::Shrink(false))
            }
            (Planned::Scale(rim), None) if !R::DOUBLE && rim.low_target > LARGEST_AIM => {
                return None;
            }
            (Planned::Scale(rim), None) => (rim.norm, Form::Scale(rim), rim.low_threshold > 0.0),
            // The search works in the precision of elements, with sums of many of them.
            (Planned::Shrink(sums), None) if !R::DOUBLE && is_far(sums.target) => return None,
            (Planned::Shrink(sums), None) => {
                let shrinking = Shrinking::new(sums, R::DOUBLE);
                (Norm::L1, Form::Shrink(shrinking), sums.magnitudes && sums.low > 0.0)
            }
            (Planned::Clamp(bounds), None) => (Norm::Linf, Form::Cube(bounds.high), false),
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
            Form::Each(..) | Form::Shrink(_) => false,
        };
        keeps && !self.report && !self.replaces
    }

    /// The radii of slices that are in memory.
    pub fn radii(&self) -> Option<Radii<'a>> {
        if let Form::Each(radii, _) = self.form { Some(radii) } else { None }
    }

    /// The rim, where nothing is asked for but that slices are scaled to it, and rounded to nearest.
    pub fn alone(&self) -> Option<&Rim> {
        match &self.form {
            Form::Scale(rim) if !self.watches() && !self.cut => Some(rim),
            _ => None,
        }
    }

    /// What becomes of slices.
    pub fn decide<R: Real>(&self, powers: &[f64], slices: &dyn Slices) -> Outcomes<R> {
        match &self.form {
            Form::Norms => Outcomes::Kept,
            Form::Scale(rim) => scale::decide(self.term, rim, powers, self.range),
            &Form::Cube(high) => bounded(powers, |_| Some(high)),
            Form::Shrink(shrinking) => Shrinkings::All(shrinking).decide(powers, slices),
            Form::Each(radii, kind) => {
                // What no kernel knows is left to others.
                let rule = |slot: usize| {
                    let rule = radii.rule(slices.number(slot))?;
                    (!self.is_apart(&rule)).then_some(rule)
                };
                self.decide_each(rule, *kind, powers, slices)
            }
        }
    }

    /// As [`Rule::decide`], where each slice has a rule of its own, or none and is kept.
    fn decide_each<R: Real>(
        &self,
        rule: impl Fn(usize) -> Option<Planned>,
        kind: Kind,
        powers: &[f64],
        slices: &dyn Slices,
    ) -> Outcomes<R> {
        match kind {
            Kind::Scale => {
                let rim = |slot| match rule(slot) {
                    Some(Planned::Scale(rim)) => Some(rim),
                    _ => None,
                };
                scale::decide_each(self.term, rim, powers, self.range)
            }
            Kind::Cube => bounded(powers, |slot| match rule(slot) {
                Some(Planned::Clamp(bounds)) => Some(bounds.high),
                _ => None,
            }),
            Kind::Shrink(magnitudes) => {
                let own = |slot| match rule(slot) {
                    Some(Planned::Shrink(sums)) => Shrinking::new(sums, R::DOUBLE),
                    _ => Shrinking::none(magnitudes, R::DOUBLE),
                };
                let own: Vec<Shrinking> = (0..powers.len()).map(own).collect();
                Shrinkings::Each(&own).decide(powers, slices)
            }
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
            let invalid = self.radii().is_some_and(|radii| radii.rule(index).is_none()).into();
            return Tally {
                slices: 1,
                non_finite: 1,
                first_non_finite,
                invalid,
                ..Tally::default()
            };
        }
        let norm = self.term.root(power);
        let rule = self.radii().map(|radii| radii.rule(index));
        let factor = match rule {
            Some(Some(Planned::Scale(rim))) if changed => Some(rim.factor(norm)),
            _ => None,
        };
        Tally {
            invalid: u64::from(rule == Some(None)),
            smallest_factor: factor,
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
        let rule = self.radii().and_then(|radii| radii.rule(index));
        if rule.is_some_and(|rule| self.is_apart(&rule)) {
            return true;
        }
        let (term, range) = (self.term, self.range);
        let left = |rim: &Rim| range.is_left_by(term, rim, power, factor(term, rim, power));
        let beyond = match &self.form {
            _ if range == Range::Ample => false,
            Form::Each(..) => match &rule {
                Some(Planned::Scale(rim)) => left(rim),
                Some(Planned::Shrink(sums)) => Shrinking::new(*sums, self.double).is_beyond(power),
                Some(Planned::Clamp(_) | Planned::Along(_)) => false,
                None => range.is_left_by_norm(term, power),
            },
            Form::Norms => range.is_left_by_norm(term, power),
            Form::Scale(rim) => left(rim),
            Form::Cube(_) => false,
            Form::Shrink(shrinking) => shrinking.is_beyond(power),
        };
        beyond || self.replaces && !power.is_finite() || self.fills && power == 0.0
    }

    /// Whether no kernel knows the rule of a slice.
    fn is_apart(&self, rule: &Planned) -> bool {
        match rule {
            Planned::Scale(rim) => rim.turned || !self.double && rim.low_target > LARGEST_AIM,
            Planned::Shrink(sums) => !self.double && is_far(sums.target),
            Planned::Clamp(_) | Planned::Along(_) => false,
        }
    }
}

/// Slices whose magnitudes are at most a number each; of those that have none every bit is kept.
fn bounded<R: Real>(powers: &[f64], high: impl Fn(usize) -> Option<f64>) -> Outcomes<R> {
    let bound = |(slot, &largest): (usize, &f64)| match high(slot) {
        Some(high) if largest > high && largest < f64::INFINITY => high,
        _ => -1.0,
    };
    let bounds = || powers.iter().enumerate().map(bound);
    match bounds().any(|bound| bound >= 0.0) {
        true => Outcomes::AtMost(bounds().map(|bound| AtMost(R::real_of(bound))).collect()),
        false => Outcomes::Kept,
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
