//! The rules of one set for every radius, where radii are in memory.

use crate::dtype::DType;
use crate::norm::Norm;
use crate::plan::margin::Margin;
use crate::plan::rule::{Plane, Rule};
use crate::plan::slack::Slack;
use crate::projection::{Formula, Place, Projection, Set, ZeroSlice};

/// What makes a rule of a radius.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rims {
    projection: Projection,
    length: usize,
    dtype: DType,
    slack: Slack,
    /// Half the spacing at 1 of what a device computes rims with.
    unit: f64,
}

/// A number of a rim as a function of the radius: `slope · c + offset`, 0 at least and where c is 0.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Line {
    pub slope: f64,
    /// Infinite of a number that is so for every radius.
    pub offset: f64,
}

/// What kernels need to make a rim of a radius.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Lines {
    /// What radii are multiplied by, and what those that are the least are.
    pub scale: f64,
    /// 0 if there is no least.
    pub low_scale: f64,
    /// What radii are taken for at least.
    pub least: f64,
    /// Whether a negative one turns a slice over.
    pub turns: bool,
    /// The largest radius that elements reach; infinite where none has to be reached.
    pub most: f64,
    pub zero: ZeroSlice,
    /// The norm that a slice may have (not its power), that which it goes to, and the same of those that
    /// are too short.
    pub lines: [Line; 4],
}

impl Rims {
    /// Those of a projection (checked before) of slices of `length` elements, whose set takes radii.
    pub fn new(projection: &Projection, length: usize, dtype: DType, margin: Margin) -> Self {
        let slack = Slack::new(projection.norm(), projection.rounds(), margin, dtype, length);
        Rims { projection: *projection, length, dtype, slack, unit: margin.unit }
    }

    /// The rule of a slice with this radius; none if it is not a radius.
    #[inline]
    pub fn at(&self, r: f64) -> Option<Rule> {
        let set = self.projection.set();
        let (signed, turns) = (set.needs_direction(), self.turns());
        // A maximum would pass NaN over.
        if r.is_nan() || r < 0.0 && !signed && !turns {
            return None;
        }
        let set = set.times(if signed { r } else { r.abs().max(self.projection.least()) });
        // Zero times infinity is no radius either, nor is one that elements cannot reach.
        set.check(self.dtype).ok()?;
        let rule = Rule::of_set(set, &self.projection, self.length, self.dtype, self.slack);
        Some(match rule {
            // Nothing is turned over that becomes zero.
            Rule::Scale(mut rim) if turns => {
                rim.turned = r < 0.0 && set.radius() > 0.0;
                Rule::Scale(rim)
            }
            rule => rule,
        })
    }

    /// The plane of which radii are multiples; none of other sets. Its offset is as it was given: what rounding takes
    /// of a subnormal one, a large radius would bring back.
    pub fn plane(&self) -> Option<Plane> {
        match self.projection.set() {
            Set::Hyperplane { offset } => Some(Plane::Hyperplane { offset }),
            Set::HalfSpace { offset } => Some(Plane::HalfSpace { offset }),
            _ => None,
        }
    }

    fn turns(&self) -> bool {
        matches!(self.projection.set(), Set::WeightNorm { .. })
    }

    /// The numbers of [`Rims::at`] as functions of the radius; an offset is none.
    pub fn lines(&self) -> Option<Lines> {
        let (set, kappa) = (self.projection.set(), self.slack.kappa);
        let (scale, length) = (set.radius(), self.length as f64);
        let zero = self.projection.zero_policy();
        let of = |scale, low_scale, zero, lines| Lines {
            scale,
            low_scale,
            least: self.projection.least(),
            turns: self.turns(),
            most: if low_scale > 0.0 { self.dtype.largest() } else { f64::INFINITY },
            zero,
            lines,
        };
        let reached = |scale, zero, rate| of(scale, scale, zero, self.reached(rate));
        let kept = |scale| of(scale, 0.0, ZeroSlice::Keep, self.within(1.0));
        Some(match set {
            Set::Hyperplane { .. } | Set::HalfSpace { .. } | Set::Line => return None,
            Set::UnitNorm { .. } | Set::WeightNorm { .. } | Set::Sphere { .. } => {
                reached(scale, zero, 1.0)
            }
            Set::Simplex { .. } => reached(scale, ZeroSlice::Keep, 1.0),
            Set::MinMaxNorm { low, high, rate } if low * (1.0 + kappa) > high * (1.0 - kappa) => {
                reached(0.5 * (low + high), ZeroSlice::Keep, rate)
            }
            Set::MinMaxNorm { low, high, rate } if high.is_infinite() => {
                let [_, goal, low_threshold, low_goal] = self.between(rate);
                let endless = Line { slope: 0.0, offset: f64::INFINITY };
                of(1.0, low, ZeroSlice::Keep, [endless, goal, low_threshold, low_goal])
            }
            Set::MinMaxNorm { low, high, rate } => {
                of(high, low, ZeroSlice::Keep, self.between(rate))
            }
            Set::Ball { norm: Norm::Linf, .. } => {
                of(scale, 0.0, ZeroSlice::Keep, self.box_of(scale))
            }
            Set::ClipAverageNorm { .. } => kept(scale * length),
            Set::ClipRms { .. } => kept(scale * length.sqrt()),
            _ => kept(scale),
        })
    }

    /// The lines of a norm that is bounded, of which a part of the way is gone.
    fn within(&self, rate: f64) -> [Line; 4] {
        let Slack { sigma, kappa, up, .. } = self.slack;
        let formula = self.projection.formula().unwrap_or(Formula::OWN);
        let compared = if formula.place == Place::Norm { formula.epsilon } else { 0.0 };
        let below = self.compared(1.0 - sigma);
        let threshold =
            Line { slope: (1.0 + up.relative) * below, offset: (up.absolute - compared) * below };
        let goal = Line { slope: rate * (1.0 - kappa), offset: -rate * kappa * up.absolute };
        [threshold, goal, Line::default(), Line::default()]
    }

    /// Those of a norm that is bounded from below as well.
    fn between(&self, rate: f64) -> [Line; 4] {
        let Slack { sigma, kappa, down, .. } = self.slack;
        let [threshold, goal, ..] = self.within(rate);
        let above = self.compared(1.0 + sigma);
        let low_threshold =
            Line { slope: (1.0 - down.relative) * above, offset: -down.absolute * above };
        let low_goal = Line { slope: rate * (1.0 + kappa), offset: rate * kappa * down.absolute };
        [threshold, goal, low_threshold, low_goal]
    }

    /// Those of a norm that is reached. The lower threshold keeps 12u of room: where what rounding takes of
    /// a norm is as much as the norm, the error of f32 is more than κ of the rest.
    fn reached(&self, rate: f64) -> [Line; 4] {
        let Slack { kappa, up, down, .. } = self.slack;
        let (high, low) = (1.0 + kappa, 1.0 - kappa);
        let goal = Line { slope: rate, offset: 0.0 };
        let threshold = Line { slope: (1.0 + up.relative) * high, offset: up.absolute * high };
        let low_threshold = Line {
            slope: (1.0 - down.relative) * low - 12.0 * self.unit,
            offset: -down.absolute * low,
        };
        [threshold, goal, low_threshold, goal]
    }

    /// That of magnitudes, which are bounded exactly: 4u under what a product of a radius may be rounded up
    /// from, unless it is not rounded.
    fn box_of(&self, scale: f64) -> [Line; 4] {
        let exact = scale.to_bits() << 12 == 0;
        let slope = if exact { 1.0 } else { 1.0 - 4.0 * self.unit };
        [Line { slope, offset: 0.0 }, Line::default(), Line::default(), Line::default()]
    }

    /// A factor of a power, for the norm.
    fn compared(&self, factor: f64) -> f64 {
        if self.projection.norm() == Norm::L2 { factor.sqrt() } else { factor }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::rim::Rim;
    use crate::projection::Rounding;

    fn rim(rule: Rule) -> Rim {
        match rule {
            Rule::Scale(rim) => rim,
            rule => panic!("{rule:?} does not scale"),
        }
    }

    /// The four norms of a rule.
    fn numbers(rule: Rule) -> [f64; 4] {
        match rule {
            Rule::Scale(rim) => {
                let rooted = |power: f64| if rim.squared { power.sqrt() } else { power };
                let goals = [rim.target, rim.low_target].map(|goal| goal * rim.rate);
                [rooted(rim.threshold), goals[0], rooted(rim.low_threshold), goals[1]]
            }
            Rule::Shrink(sums) if sums.low == 0.0 => [sums.high, sums.target, 0.0, 0.0],
            Rule::Shrink(sums) => [sums.high, sums.target, sums.low, sums.target],
            Rule::Clamp(bounds) => [bounds.high, 0.0, 0.0, 0.0],
            Rule::Along(_) => [0.0; 4],
        }
    }

    #[test]
    fn lines_go_through_the_rims_of_all_radii() {
        for (dtype, rounding) in [
            (DType::F32, Rounding::Feasible),
            (DType::F16, Rounding::Feasible),
            (DType::BF16, Rounding::TowardZero),
            (DType::F32, Rounding::Nearest),
        ] {
            let margin = Margin::f32(9).with_radii_on_device();
            for projection in [
                Projection::max_norm(0.5, 0),
                Projection::max_norm(0.5, 0).norm_in(Norm::L1),
                Projection::unit_norm(0).with_radius(2.0),
                Projection::clip_rms(0.5, 0),
                Projection::clip_norm(0.5, 0).compat(crate::Compat::Torch),
                Projection::min_max_norm(0.25, 0.75, 0),
                Projection::min_max_norm(0.75, 0.75, 0),
                Projection::min_max_norm(0.0, 3.0, 0),
                Projection::ball(Norm::L1, 2.0, 0),
                Projection::sphere(Norm::L1, 0.5, 0),
                Projection::simplex(3.0, 0),
            ] {
                let rims = Rims::new(&projection.rounding(rounding), 100, dtype, margin);
                let Lines { scale, low_scale, lines, .. } = rims.lines().unwrap();
                for r in [1e-3, 0.7, 3.0, 1e3] {
                    let scales = [scale, scale, low_scale, low_scale];
                    let exact = numbers(rims.at(r).unwrap());
                    // Nothing goes to the least norm where nothing is too short.
                    let asked = if exact[2] > 0.0 { 4 } else { 3 };
                    for ((line, scale), exact) in lines.iter().zip(scales).zip(exact).take(asked) {
                        let c = crate::plan::margin::toward_zero(scale * r);
                        let found = if c == 0.0 { 0.0 } else { line.slope * c + line.offset };
                        let near =
                            (found.max(0.0) - exact).abs() <= 13.0 * crate::plan::margin::U * c;
                        assert!(near, "{projection} {dtype} {r}: {found} {exact}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_box_is_never_larger_than_its_radius() {
        let margin = Margin::f32(1).with_radii_on_device();
        for scale in [0.3, 0.1, 7.0, 1.0, 4.0, 0.7] {
            let rims = Rims::new(&Projection::ball(Norm::Linf, scale, 0), 4, DType::F32, margin);
            let slope = rims.lines().unwrap().lines[0].slope as f32;
            for i in 0..1000 {
                let r = f32::from_bits(0x3f80_0000 + 8191 * i);
                let found = f64::from(crate::plan::margin::toward_zero(scale) as f32 * r * slope);
                let exact = scale * f64::from(r);
                assert!(found <= exact && found >= exact * (1.0 - margin.radius), "{scale} {r}");
                assert!(scale.log2().fract() != 0.0 || found == exact);
            }
        }
    }

    #[test]
    fn what_is_no_radius_has_no_rule() {
        let margin = Margin::f32(1);
        let of = |projection: Projection| Rims::new(&projection, 4, DType::F16, margin);
        let ball = of(Projection::max_norm(1.0, 0));
        assert!(ball.at(f64::NAN).is_none() && ball.at(-1e-45).is_none());
        assert!(ball.at(-0.0).is_some_and(|rule| rim(rule).target == 0.0));
        assert!(ball.at(f64::INFINITY).is_some_and(|rule| rim(rule).threshold.is_infinite()));
        for projection in [
            Projection::unit_norm(0),
            Projection::sphere(Norm::L1, 1.0, 0),
            Projection::simplex(1.0, 0),
            Projection::min_max_norm(1.0, 2.0, 0),
        ] {
            let reached = of(projection);
            assert!(reached.at(65504.0).is_some() && reached.at(65505.0).is_none());
        }
        let weight = of(Projection::weight_norm(0));
        assert!(weight.at(-2.0).map(rim).is_some_and(|rim| rim.turned && rim.target == 2.0));
        assert!(of(Projection::max_norm(0.0, 0)).at(f64::INFINITY).is_none());
        let endless = of(Projection::min_max_norm(1.0, f64::INFINITY, 0));
        assert!(endless.at(0.0).is_some() && endless.at(f64::INFINITY).is_none());
        let half_space = of(Projection::half_space(2.0, 0));
        assert!(half_space.at(-3.0).is_some() && half_space.at(f64::INFINITY).is_some());
        assert!(half_space.at(f64::NEG_INFINITY).is_none());
        assert!(of(Projection::hyperplane(2.0, 0)).at(f64::INFINITY).is_none());
    }
}
