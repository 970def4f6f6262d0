//! The radius of the part at hand, for each slice.

use super::magnitude::Magnitude;
use super::statistics::{Kind, Slice, Statistics};
use crate::plan::slack::Slack;
use crate::projection::OnNonFinite;

/// What is done to a slice whose part here has norm `l` and that has norm `n` as a whole.
///
/// It is kept where `n ≤ T·(1 − δ)`; else the part goes to norm `l·t/n`, with `t = c·(1 − 3δ)`. Norms are
/// within `1 ± δ` of exact, and a part that is projected ends inside its radius, so that the whole ends
/// inside `c·(1 − 2δ)`: also as it is measured the second time, when it is kept therefore. In 16 bits T is
/// more than c, by what rounding may add (`plan/slack`).
pub(super) struct Goal {
    limit: Magnitude,
    target: Magnitude,
    endless: bool,
    policy: OnNonFinite,
}

impl Goal {
    /// That of radius c.
    pub fn new(c: f64, slack: &Slack, error: f64, policy: OnNonFinite) -> Self {
        let worked = slack.radius(c);
        let target = worked * (1.0 - 3.0 * error) - 3.0 * error * slack.up.absolute;
        let number = |x: f64| Magnitude::new(x.clamp(0.0, f64::MAX));
        let limit = slack.above(worked) * (1.0 - error);
        // Not only that of c: what 16 bits may add to a norm of small p has no end either.
        let endless = limit == f64::INFINITY;
        Goal { limit: number(limit), target: number(target), endless, policy }
    }

    /// The radius of each part; none where it keeps its bits.
    pub fn radii(&self, local: &Statistics, whole: &Statistics) -> Vec<Option<Magnitude>> {
        let both = local.slices.iter().zip(&whole.slices);
        let part = |slice| local.norm_of(slice);
        both.map(|(own, all)| self.radius(part(own), all, whole)).collect()
    }

    fn radius(&self, part: Magnitude, slice: &Slice, whole: &Statistics) -> Option<Magnitude> {
        if slice.kind != Kind::Finite {
            return (self.policy == OnNonFinite::Zero).then_some(Magnitude::ZERO);
        }
        let norm = whole.norm_of(slice);
        let kept = self.endless || norm <= self.limit || part == Magnitude::ZERO;
        (!kept).then(|| part.times(self.target).over(norm))
    }
}
