//! The rims of one set for every radius, where radii are in memory.

use crate::dtype::DType;
use crate::norm::Norm;
use crate::plan::margin::Margin;
use crate::plan::rim::Rim;
use crate::plan::slack::Slack;
use crate::projection::{Formula, Place, Projection, Set, ZeroSlice};

/// What makes a rim of a radius.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rims {
    norm: Norm,
    sphere: bool,
    /// What radii are multiplied by, and what the length of a slice multiplies them by beside.
    scale: f64,
    unit: f64,
    /// What they are taken for at least.
    least: f64,
    /// Whether a negative one turns a slice over.
    turns: bool,
    /// The largest radius that elements reach; infinite where none has to be reached.
    most: f64,
    zero: ZeroSlice,
    formula: Formula,
    slack: Slack,
    /// What a device's arithmetic takes from a number of a rim.
    room: f64,
}

/// A number of a rim as a function of the radius: `slope · c + offset`, 0 at least and where c is 0.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Line {
    pub slope: f64,
    pub offset: f64,
}

/// What kernels need to make a rim of a radius.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Lines {
    /// See [`Rims`]: scale and unit in one.
    pub scale: f64,
    pub least: f64,
    pub turns: bool,
    pub most: f64,
    pub zero: ZeroSlice,
    /// The norm that a slice may have (not its power), that which it goes to, and the same of those that
    /// are too short.
    pub lines: [Line; 4],
}

impl Rims {
    /// Those of a projection (checked before) of slices of `length` elements, whose set takes radii.
    pub fn new(projection: &Projection, length: usize, dtype: DType, margin: Margin) -> Self {
        let set = projection.set();
        let norm = set.norm();
        let unit = match set {
            Set::ClipAverageNorm { .. } => length as f64,
            Set::ClipRms { .. } => (length as f64).sqrt(),
            _ => 1.0,
        };
        let sphere = set.is_sphere();
        Rims {
            norm,
            sphere,
            scale: projection.radius(),
            unit,
            least: projection.least(),
            turns: matches!(set, Set::WeightNorm { .. }),
            most: if sphere { dtype.largest() } else { f64::INFINITY },
            zero: if sphere { projection.zero_policy() } else { ZeroSlice::Keep },
            formula: projection.formula().unwrap_or(Formula::OWN),
            slack: Slack::new(norm, projection.rounds(), margin, dtype, length),
            room: 12.0 * margin.unit,
        }
    }

    /// The rim of a slice with this radius; none if it is not a radius.
    #[inline]
    pub fn at(&self, r: f64) -> Option<Rim> {
        let c = self.scale * r.abs().max(self.least);
        let negative = r < 0.0 && !self.turns;
        // Zero times infinity is no radius either.
        if r.is_nan() || negative || c.is_nan() || self.sphere && c > self.most {
            return None;
        }
        if !self.sphere {
            return Some(Rim::ball(self.norm, c * self.unit, self.formula, self.slack));
        }
        let rim = Rim::sphere(self.norm, c, self.formula, self.slack);
        // Nothing is turned over that becomes zero.
        Some(Rim { zero: self.zero, turned: r < 0.0 && c > 0.0, ..rim })
    }

    /// The numbers of [`Rims::at`] as functions of the radius. A lower threshold keeps 12u of room: where
    /// what rounding takes of a norm is as much as the norm, the error of f32 is more than κ of the rest.
    pub fn lines(&self) -> Lines {
        let Slack { sigma, kappa, up, down, .. } = self.slack;
        let none = Line::default();
        let lines = if self.sphere {
            let (high, low) = (1.0 + kappa, 1.0 - kappa);
            let exact = Line { slope: 1.0, offset: 0.0 };
            [
                Line { slope: (1.0 + up.relative) * high, offset: up.absolute * high },
                exact,
                Line {
                    slope: (1.0 - down.relative) * low - self.room,
                    offset: -down.absolute * low,
                },
                exact,
            ]
        } else {
            let below = if self.norm == Norm::L2 { (1.0 - sigma).sqrt() } else { 1.0 - sigma };
            let compared =
                if self.formula.place == Place::Norm { self.formula.epsilon } else { 0.0 };
            [
                Line {
                    slope: (1.0 + up.relative) * below,
                    offset: (up.absolute - compared) * below,
                },
                Line { slope: 1.0 - kappa, offset: -kappa * up.absolute },
                none,
                none,
            ]
        };
        let Rims { scale, unit, least, turns, most, zero, .. } = *self;
        Lines { scale: scale * unit, least, turns, most, zero, lines }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::projection::Rounding;

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
            ] {
                let rims = Rims::new(&projection.rounding(rounding), 100, dtype, margin);
                let Lines { scale, lines, .. } = rims.lines();
                for r in [1e-3, 0.7, 3.0, 1e3] {
                    let rim = rims.at(r).unwrap();
                    let rooted = |power: f64| if rim.squared { power.sqrt() } else { power };
                    let numbers = [
                        rooted(rim.threshold),
                        rim.target,
                        rooted(rim.low_threshold),
                        rim.low_target,
                    ];
                    for (line, exact) in lines.iter().zip(numbers) {
                        let c = crate::plan::margin::toward_zero(scale * r);
                        let found = (line.slope * c + line.offset).max(0.0);
                        let near = (found - exact).abs() <= 13.0 * crate::plan::margin::U * c;
                        assert!(near, "{projection} {dtype} {r}: {found} {exact}");
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_no_radius_has_no_rim() {
        let margin = Margin::f32(1);
        let of = |projection: Projection| Rims::new(&projection, 4, DType::F16, margin);
        let ball = of(Projection::max_norm(1.0, 0));
        assert!(ball.at(f64::NAN).is_none() && ball.at(-1e-45).is_none());
        assert!(ball.at(-0.0).is_some_and(|rim| rim.target == 0.0));
        assert!(ball.at(f64::INFINITY).is_some_and(|rim| rim.threshold.is_infinite()));
        let sphere = of(Projection::unit_norm(0));
        assert!(sphere.at(65504.0).is_some() && sphere.at(65505.0).is_none());
        let weight = of(Projection::weight_norm(0));
        assert!(weight.at(-2.0).is_some_and(|rim| rim.turned && rim.target == 2.0));
        assert!(of(Projection::max_norm(0.0, 0)).at(f64::INFINITY).is_none());
    }
}
