//! The promises of one norm over some elements, in numbers.

use std::fmt;

use normproj::plan::margin::{Margin, U};
use normproj::{Clip, Norm, OnNonFinite, Rounding, reference};

use crate::clip_compare::{Judge, replaced};
use crate::judge::{Rule, Stats, ulp};

/// Everything that is known of an element.
#[derive(Debug, Clone, Copy)]
pub struct Element {
    /// As it was stored.
    pub raw: f32,
    /// As the clip reads it: with weights, where it decays.
    pub x: f32,
    /// As it is stored now.
    pub y: f32,
    /// What it should be.
    pub exact: f64,
    pub decays: bool,
    /// How far `x` itself may be off.
    pub slack: f64,
}

/// What the elements under one norm are measured by.
pub struct Bounds {
    clip: Clip,
    pub norm: Norm,
    pub radius: f64,
    margin: Margin,
    given: Option<f64>,
}

impl Bounds {
    pub fn new(judge: &Judge, device: Option<f32>) -> Self {
        let clip = judge.clip;
        let host = clip.given().and_then(|given| match given {
            normproj::GivenNorm::Host(norm) => Some(norm),
            _ => None,
        });
        Bounds {
            clip,
            norm: clip.norm_used().unwrap_or(Norm::L2),
            radius: reference::radius(clip.radius().unwrap_or(f64::INFINITY)),
            margin: judge.margin,
            given: host.or(device.map(f64::from)),
        }
    }

    /// The relative error of the computed norm.
    pub fn sigma(&self) -> f64 {
        match self.norm {
            Norm::L1 => self.margin.sigma,
            Norm::Linf => 0.0,
            _ => 0.5 * self.margin.sigma,
        }
    }

    /// Below this nothing is promised of a norm over so many elements: an adapter may take
    /// subnormal numbers for zero.
    pub fn tiny(&self, length: usize) -> f64 {
        2f64.powi(-126)
            * match self.norm {
                Norm::L1 => length as f64,
                Norm::Linf => 1.0,
                _ => (length as f64).sqrt(),
            }
    }

    /// Whether the result of so many elements is made of normal numbers.
    fn normal(&self, length: usize) -> bool {
        self.radius == 0.0 || self.radius >= 2.0 * self.tiny(length)
    }

    /// Whether so many elements must end with `n ≤ c`.
    pub fn feasible(&self, length: usize) -> bool {
        self.given.is_none() && self.clip.rounds() == Rounding::Feasible && self.normal(length)
    }

    /// How far what is scaled may be from the exact one, relatively.
    pub fn relative(&self) -> f64 {
        match self.clip.rounds() {
            Rounding::Feasible => {
                let Margin { sigma, kappa, .. } = self.margin;
                2.0 * match self.norm {
                    // A quotient of f32 may be off by 2.5 ulp.
                    Norm::L1 => kappa + 0.5 * sigma + 2.0 * U,
                    Norm::Linf => 8.0 * U,
                    _ => kappa,
                }
            }
            _ => self.sigma() + 8.0 * U,
        }
    }

    fn error(&self, exact: f64) -> f64 {
        let nearest = self.clip.rounds() == Rounding::Nearest && self.margin.sigma < U;
        // Sums in f64 (the CPU backend): 4 ulp.
        let scaled = if nearest { 4.0 * ulp(exact) } else { self.relative() * exact.abs() };
        scaled + 2f64.powi(-126)
    }

    /// The promises that the elements of one group break.
    pub fn broken(&self, elements: &[Element], stats: &mut Stats) -> Vec<(Rule, String)> {
        let x: Vec<f32> = elements.iter().map(|e| e.x).collect();
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
        let place = self.place(&x, elements);
        *(match place {
            Place::Inside => &mut stats.inside,
            Place::Rim { .. } => &mut stats.rim,
            Place::Outside => &mut stats.outside,
        }) += 1;
        self.broken_there(place, &x, elements)
    }

    /// Where the exact norm lies.
    pub fn place(&self, x: &[f32], elements: &[Element]) -> Place {
        let (c, sigma) = (self.radius, self.sigma());
        // A norm that was given does not depend on the elements.
        let blur = match self.given {
            Some(_) => 0.0,
            None => elements.iter().map(|e| e.slack).sum::<f64>(),
        };
        let exceeds = |bound: f64| match self.given {
            Some(given) => given > bound - self.clip.epsilon(),
            None => reference::exceeds_in(self.norm, x, bound - self.clip.epsilon()),
        };
        let beyond = if self.clip.rounds() == Rounding::Feasible { 0.0 } else { 2.0 * sigma };
        if !exceeds(c * (1.0 - 2.0 * sigma) - blur) {
            Place::Inside
        } else if self.normal(x.len()) && exceeds(c * (1.0 + beyond) + blur) {
            Place::Outside
        } else {
            Place::Rim { within: !exceeds(c - blur) }
        }
    }

    fn broken_there(&self, place: Place, x: &[f32], elements: &[Element]) -> Vec<(Rule, String)> {
        let mut broken = Vec::new();
        let mut demand = |rule, holds: &dyn Fn(&Element) -> bool| {
            let wrong = elements.iter().find(|e| !holds(e));
            broken.extend(wrong.map(|e| (rule, e.to_string())));
        };
        let kept = |e: &Element| match e.decays {
            false => e.y.to_bits() == e.raw.to_bits(),
            // Under a norm that was given, a sum that is no number is kept like any other.
            true if e.x.is_nan() => e.y.is_nan(),
            true => e.y == e.x || (f64::from(e.y) - f64::from(e.x)).abs() <= e.slack,
        };
        let feasible = self.clip.rounds() == Rounding::Feasible;
        match place {
            Place::Inside => demand(Rule::Inside, &kept),
            Place::Rim { within: true } if feasible && self.given.is_none() => {
                demand(Rule::Rim, &|e| {
                    let loss = f64::from(e.x.abs()) - f64::from(e.y.abs());
                    let most = self.error(e.x.into()) + e.slack;
                    e.x * e.y >= 0.0 && (-e.slack..=most).contains(&loss)
                });
            }
            _ => (),
        }
        if self.radius == 0.0 && place == Place::Outside {
            demand(Rule::Zero, &|e| {
                let zero = e.y.to_bits() == e.x.to_bits() & 0x8000_0000;
                zero || e.slack > 0.0 && e.y == 0.0 || !e.x.is_finite()
            });
        }
        let norm = self.given.unwrap_or_else(|| length(self.norm, x));
        let blur: f64 = elements.iter().map(|e| e.slack).sum();
        demand(Rule::Accurate, &|e| {
            let y = f64::from(e.y);
            let moved = self.given.is_none() && blur > 0.0 && blur.is_finite();
            let blurred = e.slack + if moved { e.exact.abs() * blur / norm } else { 0.0 };
            let near = (y - e.exact).abs() <= self.error(e.exact) + blurred;
            // Not the absence of a difference: a NaN must not pass, unless it is expected.
            near || y == e.exact || y.is_nan() && e.exact.is_nan()
        });
        let y: Vec<f32> = elements.iter().map(|e| e.y).collect();
        let finite = y.iter().all(|y| y.is_finite());
        if self.feasible(x.len()) && (!finite || reference::exceeds_in(self.norm, &y, self.radius))
        {
            let over = length(self.norm, &y) / self.radius - 1.0;
            broken.push((Rule::Feasible, format!("{over:e} beyond {:e}", self.radius)));
        }
        broken
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
fn length(norm: Norm, x: &[f32]) -> f64 {
    match norm {
        Norm::L1 => reference::exact_sum_of_magnitudes(x).0,
        Norm::Linf => x.iter().fold(0.0, |n, x| f64::from(x.abs()).max(n)),
        _ => reference::exact_sum_of_squares(x).0.sqrt(),
    }
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = |value: f32| format!("{value:e} ({:#010x})", value.to_bits());
        write!(f, "{} became {}, exactly {:e}", bits(self.raw), bits(self.y), self.exact)?;
        if self.decays { write!(f, ", read as {}", bits(self.x)) } else { Ok(()) }
    }
}
