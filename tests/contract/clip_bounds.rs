//! The promises of one norm over some elements, in numbers.

use std::ops::Range;

use normproj::plan::margin::Margin;
use normproj::{Clip, DType, GivenNorm, Norm, OnNonFinite, Rounding, reference};

use crate::clip_compare::{Judge, replaced};
use crate::clip_element::Element;
use crate::clip_scene::Scene;
use crate::judge::{Rule, Stats, ones, ulp};
use crate::values::least_normal;

/// What the elements under one norm are measured by.
pub struct Bounds {
    clip: Clip,
    pub norm: Norm,
    pub radius: f64,
    margin: Margin,
    given: Option<f64>,
    /// The least normal number of what is computed with.
    least: f64,
    /// Whether smaller ones may be taken for zero: by an adapter, also where it computes in f64.
    flushes: bool,
    /// T, where the norm may end that aims at the radius.
    above: f64,
    /// How much lower than at c a slice aims, relatively, for what rounding adds to small elements.
    lowered: f64,
    /// Whether elements of f16 are among them.
    half: bool,
    /// Whether results are rounded to 16 bits.
    narrow: bool,
}

impl Bounds {
    /// Of the tensors of a scene that share a norm.
    pub fn new(judge: &Judge, scene: &Scene, group: &Range<usize>) -> Self {
        let clip = judge.clip;
        let host = clip.given().and_then(|given| match given {
            GivenNorm::Host(norm) => Some(norm),
            _ => None,
        });
        let tensors = &scene.tensors[group.clone()];
        let any = |dtype| tensors.iter().any(|tensor| tensor.dtype == dtype);
        let double = any(DType::F64);
        let all_double = double && tensors.iter().all(|tensor| tensor.dtype == DType::F64);
        let margin = match tensors {
            [alone] if !clip.is_global() => judge.margins[alone.dtype as usize],
            _ => judge.all,
        };
        let norm = clip.norm_used().unwrap_or(Norm::L2);
        let radius = clip.radius().unwrap_or(f64::INFINITY);
        let radius = reference::radius_in(if double { DType::F64 } else { DType::F32 }, radius);
        // Each tensor has the room that the longest of its dtype needs.
        let lengths = |dtype: DType| -> usize {
            let of = |tensors: &[crate::clip_scene::Place]| -> Vec<usize> {
                let alike = tensors.iter().filter(|tensor| tensor.dtype == dtype);
                alike.map(|tensor| tensor.layout.len()).collect()
            };
            match clip.is_global() {
                true => of(tensors).into_iter().sum(),
                false => of(&scene.tensors).into_iter().max().unwrap_or(0),
            }
        };
        let (half, brain) = (any(DType::F16), any(DType::BF16));
        let count = if half { lengths(DType::F16) } else { 0 }
            + if brain { lengths(DType::BF16) } else { 0 };
        let relative = if brain { 2f64.powi(-8) } else { 2f64.powi(-11) };
        let absolute = if half { 2f64.powi(-25) } else { 2f64.powi(-134) };
        let narrow = half || brain;
        let above = match clip.rounds() {
            Rounding::Feasible if narrow && radius > 0.0 => {
                radius * (1.0 + relative) + absolute * ones(norm, count as f64)
            }
            _ => radius,
        };
        let added = (above - radius * (1.0 + relative)).max(0.0);
        let lowered = match radius > 0.0 && radius.is_finite() && added > 0.0 {
            true => (margin.of(norm).kappa * added / radius).min(1.0),
            false => 0.0,
        };
        Bounds {
            clip,
            norm,
            radius,
            margin,
            given: host.or(scene.given),
            least: least_normal(if all_double { DType::F64 } else { DType::F32 }),
            flushes: !judge.native,
            above,
            lowered,
            half,
            narrow,
        }
    }

    /// The relative error of the computed norm.
    pub fn sigma(&self) -> f64 {
        match self.norm {
            Norm::L2 => 0.5 * self.margin.sigma,
            norm => self.margin.of(norm).sigma,
        }
    }

    /// Whether elements of 16 bits are cut off where they are rounded.
    pub fn cuts(&self) -> bool {
        self.clip.rounds() == Rounding::TowardZero
    }

    /// How much lower than at c a slice aims, relatively.
    pub fn lowered(&self) -> f64 {
        self.lowered
    }

    /// How far beyond the radius a norm may be that is kept, relatively.
    pub fn room(&self) -> f64 {
        if self.above > self.radius { self.above / self.radius - 1.0 } else { 0.0 }
    }

    /// Half of the spacing of what results are rounded to.
    pub fn unit(&self) -> f64 {
        self.margin.unit
    }

    /// Whether sums are of more precision than elements, whatever the norm sums.
    pub fn is_native(&self) -> bool {
        self.margin.sigma < self.margin.unit
    }

    /// The norm that was computed elsewhere, if so.
    pub fn given(&self) -> Option<f64> {
        self.given
    }

    /// Below this nothing is promised of a norm over so many elements: an adapter may take
    /// subnormal numbers for zero.
    pub fn tiny(&self, length: usize) -> f64 {
        self.least * ones(self.norm, length.max(1) as f64)
    }

    /// Whether the results are made of normal numbers, and their norm bounded by what rounding adds.
    fn normal(&self, x: &[f64]) -> bool {
        let room = self.radius == 0.0 || self.radius >= 2.0 * self.tiny(x.len());
        let factor = (self.radius / length(self.norm, x)).min(1.0);
        room && !self.quasi(x) && !self.vanishes(x, factor)
    }

    /// Whether elements, times a factor, are subnormal under a norm of p < 1: an adapter may take them for
    /// zero, and however small they are, their powers are not.
    fn vanishes(&self, x: &[f64], factor: f64) -> bool {
        let Norm::Lp(p) = self.norm else { return false };
        let subnormal = |x: &f64| *x != 0.0 && x.abs() * factor < self.least;
        p.value() < 1.0 && self.given.is_none() && self.flushes && x.iter().any(subnormal)
    }

    /// The least norm that may be found of elements: without those that vanish, if any do.
    pub fn least_norm(&self, x: &[f64]) -> Option<f64> {
        let kept = |x: &f64| if x.abs() < self.least { 0.0 } else { *x };
        self.vanishes(x, 1.0).then(|| length(self.norm, &x.iter().map(kept).collect::<Vec<f64>>()))
    }

    /// For p < 1 there is no triangle inequality: what rounding adds to small numbers of f16 bounds
    /// nothing.
    fn quasi(&self, x: &[f64]) -> bool {
        let Norm::Lp(p) = self.norm else { return false };
        if p.value() >= 1.0 || !self.half {
            return false;
        }
        let factor = (self.radius / length(self.norm, x)).min(1.0);
        x.iter().any(|x| x.abs() * factor < 2f64.powi(-14))
    }

    /// Whether these elements must end with `n ≤ c`.
    pub fn feasible(&self, x: &[f64]) -> bool {
        self.given.is_none() && self.clip.rounds() != Rounding::Nearest && self.normal(x)
    }

    /// How far what is scaled may be from the exact one, relatively, before it is rounded to 16 bits.
    pub fn relative(&self) -> f64 {
        let Margin { sigma, kappa, unit, .. } = self.margin;
        match self.clip.rounds() {
            Rounding::Nearest => self.sigma() + 8.0 * unit,
            _ => {
                2.0 * match self.norm {
                    Norm::L2 => kappa,
                    // A quotient of f32 may be off by 2.5 ulp.
                    Norm::L1 => kappa + 0.5 * sigma + 2.0 * unit,
                    Norm::Linf => 8.0 * unit,
                    norm => self.margin.of(norm).kappa,
                }
            }
        }
    }

    fn error(&self, e: &Element) -> f64 {
        let nearest =
            self.clip.rounds() == Rounding::Nearest && self.margin.sigma < self.margin.unit;
        // Sums in f64 (the CPU backend): 4 ulp.
        let exact = e.exact;
        let own = nearest && e.dtype != DType::F64;
        let scaled = if own { 4.0 * ulp(exact) } else { self.relative() * exact.abs() };
        scaled + self.lowered * exact.abs() + e.least_normal()
    }

    /// The promises that the elements of one group break.
    pub fn broken(&self, elements: &[Element], stats: &mut Stats) -> Vec<(Rule, String)> {
        let x: Vec<f64> = elements.iter().map(|e| e.x).collect();
        let no_norm = self.given.is_some_and(|given| given.is_nan() || given < 0.0);
        let finite = match self.given {
            None => x.iter().all(|x| x.is_finite()),
            Some(given) => given.is_finite() && !no_norm,
        };
        if !finite {
            stats.non_finite += 1;
            let policy = if no_norm { OnNonFinite::Leave } else { self.clip.policy() };
            return replaced(policy, elements).into_iter().collect();
        }
        if self.vanishes(&x, 1.0) {
            // Nothing but that no element grows.
            stats.rim += 1;
            let grown = |e: &&Element| e.y.abs() > e.most(e.x.abs() + e.slack + e.least_normal());
            let wrong = elements.iter().find(grown);
            return wrong.map(|e| (Rule::Accurate, e.to_string())).into_iter().collect();
        }
        let place = self.place(&x, elements);
        *(match place {
            Place::Inside => &mut stats.inside,
            Place::Rim { .. } => &mut stats.rim,
            Place::Outside => &mut stats.outside,
        }) += 1;
        self.broken_there(place, &x, elements)
    }

    /// Where the exact norm lies.
    pub fn place(&self, x: &[f64], elements: &[Element]) -> Place {
        let sigma = self.sigma() + if self.narrow { 4.0 * self.margin.unit } else { 0.0 };
        // A norm that was given does not depend on the elements.
        let blur = match self.given {
            Some(_) => 0.0,
            None => elements.iter().map(|e| e.slack).sum::<f64>(),
        };
        let exceeds = |bound: f64| match self.given {
            Some(given) => given > bound - self.clip.epsilon(),
            None => reference::exceeds_in(self.norm, x, bound - self.clip.epsilon()),
        };
        let (feasible, c) = (self.clip.rounds() != Rounding::Nearest, self.above);
        // An Lp norm that is given is taken to a power and back.
        let given = matches!((self.given, self.norm), (Some(_), Norm::Lp(_)));
        let beyond = if feasible && !given { 0.0 } else { 2.0 * sigma };
        if !exceeds(c * (1.0 - 2.0 * sigma) - blur) {
            Place::Inside
        } else if self.normal(x) && exceeds(c * (1.0 + beyond) + blur) {
            Place::Outside
        } else {
            Place::Rim { within: !exceeds(self.radius - blur) }
        }
    }

    fn broken_there(&self, place: Place, x: &[f64], elements: &[Element]) -> Vec<(Rule, String)> {
        let mut broken = Vec::new();
        let mut demand = |rule, holds: &dyn Fn(&Element) -> bool| {
            let wrong = elements.iter().find(|e| !holds(e));
            broken.extend(wrong.map(|e| (rule, e.to_string())));
        };
        let kept = |e: &Element| match e.decays {
            false => e.bits == e.raw,
            // Under a norm that was given, a sum that is no number is kept like any other.
            true if e.x.is_nan() => e.y.is_nan(),
            true if e.slack == 0.0 => e.y == e.narrowed(e.x),
            true => {
                let (relative, absolute) = e.grain();
                (e.y - e.x).abs() <= e.slack + relative * (e.x.abs() + e.slack) + absolute
                    || e.y == e.x
            }
        };
        let feasible = self.clip.rounds() != Rounding::Nearest;
        match place {
            Place::Inside => demand(Rule::Inside, &kept),
            Place::Rim { within: true } if feasible && self.given.is_none() => {
                demand(Rule::Rim, &|e| {
                    let loss = e.x.abs() - e.y.abs();
                    let most = e.most(self.error(e) + e.slack);
                    let grown = e.slack + if e.decays { e.most(0.0) } else { 0.0 };
                    e.x * e.y >= 0.0 && (-grown..=most).contains(&loss)
                });
            }
            _ => (),
        }
        if self.radius == 0.0 && place == Place::Outside {
            demand(Rule::Zero, &|e| {
                let signed = e.y == 0.0 && e.y.is_sign_negative() == e.x.is_sign_negative();
                signed || e.slack > 0.0 && e.y == 0.0 || !e.x.is_finite()
            });
        }
        let norm = self.given.unwrap_or_else(|| length(self.norm, x));
        let blur: f64 = elements.iter().map(|e| e.slack).sum();
        demand(Rule::Accurate, &|e| {
            let moved = self.given.is_none() && blur > 0.0 && blur.is_finite();
            let blurred = e.slack + if moved { e.exact.abs() * (blur / norm) } else { 0.0 };
            let near = (e.y - e.exact).abs() <= e.most(self.error(e) + blurred);
            // What is kept between c and T is beyond c.
            let within = self.narrow && place != Place::Outside && kept(e);
            // Not the absence of a difference: a NaN must not pass, unless it is expected, or an infinity
            // meets a target of which rounding leaves nothing.
            let nothing = self.lowered >= 1.0 && e.exact.is_infinite();
            let odd = e.y.is_nan() && (e.exact.is_nan() || nothing);
            near || within || e.y == e.narrowed(e.exact) || odd
        });
        let y: Vec<f64> = elements.iter().map(|e| e.y).collect();
        let finite = y.iter().all(|y| y.is_finite());
        if self.feasible(x) && (!finite || self.exceeds(&y)) {
            let over = length(self.norm, &y) / self.above - 1.0;
            broken.push((Rule::Feasible, format!("{over:e} beyond {:e}", self.above)));
        }
        broken
    }

    fn exceeds(&self, y: &[f64]) -> bool {
        match self.norm {
            // No exact sum of powers is to be had: f64's error is far below ours.
            Norm::Lp(_) => length(self.norm, y) > self.above * (1.0 + 1e-14),
            _ => reference::exceeds_in(self.norm, y, self.above),
        }
    }
}

/// Where a norm lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Place {
    /// Far enough that every bit is kept.
    Inside,
    /// Near the radius: kept, or scaled.
    Rim { within: bool },
    /// Too large by more than computing can miss.
    Outside,
}

/// The norm of finite elements.
fn length(norm: Norm, x: &[f64]) -> f64 {
    reference::norm(norm, x)
}
