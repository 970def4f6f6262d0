//! The comparator of groups: which of the promises does a clip break? A pure function of what the
//! memories held before and after.

use std::ops::Range;

use normproj::plan::margin::Margin;
use normproj::{Clip, OnNonFinite, reference};

use crate::clip_bounds::{Bounds, Element};
use crate::clip_scene::Scene;
use crate::judge::{Rule, Stats, Violation};

/// What a clip is judged by.
#[derive(Debug, Clone, Copy)]
pub struct Judge {
    pub clip: Clip,
    pub margin: Margin,
    /// Whether `g + λ·w` is rounded once; a shader may round the product too.
    pub fused: bool,
}

impl Judge {
    /// Judges one clip.
    pub fn check(&self, before: &Scene, after: &Scene) -> Result<Stats, Vec<Violation>> {
        let exact = reference::clip(&self.clip, &before.decayed(), before.given)
            .expect("the oracle takes what the library took");
        let tensors = self.elements(before, after, &exact.tensors);
        let (mut stats, mut violations) = (Stats::default(), neighbours(before, after));
        for group in self.groups(tensors.len()) {
            let elements = tensors[group.clone()].concat();
            let broken = match (self.clip.writes(), self.clip.norm_used()) {
                (false, _) => unchanged(&elements),
                (true, None) => clamped(&elements),
                (true, Some(_)) => Bounds::new(self, before.given).broken(&elements, &mut stats),
            };
            violations.extend(broken.into_iter().map(|(rule, detail)| {
                let detail = format!("tensors {group:?}: {detail}");
                Violation { rule, detail }
            }));
        }
        if violations.is_empty() { Ok(stats) } else { Err(violations) }
    }

    /// Judges a second clip of a result. Nothing is promised without feasibility, with decay, or of
    /// a norm that was given.
    pub fn check_again(&self, once: &Scene, twice: &Scene) -> Result<(), Vec<Violation>> {
        let (tensors, bounds) = (once.elements(), Bounds::new(self, once.given));
        let mut violations = Vec::new();
        if once.decay.is_some() || self.clip.given().is_some() {
            return Ok(());
        }
        let again = twice.elements();
        for group in self.groups(tensors.len()) {
            let (once, twice) = (tensors[group.clone()].concat(), again[group].concat());
            let promised = self.clip.norm_used().is_none() || bounds.feasible(once.len());
            // The NaN that were infinities are NaN to the second clip.
            let spreads = self.clip.policy() == OnNonFinite::Propagate;
            if !promised || spreads && once.iter().any(|x| x.is_nan()) {
                continue;
            }
            // The payload of a NaN that a policy writes is free.
            let same = |a: f32, b: f32| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan();
            if let Some(i) = once.iter().zip(&twice).position(|(&a, &b)| !same(a, b)) {
                let detail = format!("element {i}: {:e} once, {:e} twice", once[i], twice[i]);
                violations.push(Violation { rule: Rule::Idempotent, detail });
            }
        }
        if violations.is_empty() { Ok(()) } else { Err(violations) }
    }

    /// The tensors that share one norm.
    pub fn groups(&self, tensors: usize) -> Vec<Range<usize>> {
        match self.clip.is_global() {
            true => std::iter::once(0..tensors).collect(),
            false => (0..tensors).map(|i| i..i + 1).collect(),
        }
    }

    /// Everything that is known of the elements of each tensor.
    pub fn elements(&self, before: &Scene, after: &Scene, exact: &[Vec<f64>]) -> Vec<Vec<Element>> {
        let (raw, x, y) = (before.elements(), before.decayed(), after.elements());
        let rate = before.decay.as_ref().map_or(0.0, |decay| f64::from(decay.rate as f32));
        let tensor = |number: usize| {
            let weights = before.weights(number);
            // The product is rounded, and the sum to another neighbour.
            let rounded = |i: usize| match (&weights, self.fused) {
                (Some(w), false) => {
                    let product = (rate * f64::from(w[i])).abs() + f64::from(x[number][i].abs());
                    product * 2f64.powi(-23)
                }
                _ => 0.0,
            };
            let one = |i: usize| Element {
                raw: raw[number][i],
                x: x[number][i],
                y: y[number][i],
                exact: exact[number][i],
                decays: weights.is_some(),
                slack: rounded(i),
            };
            (0..x[number].len()).map(one).collect()
        };
        (0..x.len()).map(tensor).collect()
    }
}

fn neighbours(before: &Scene, after: &Scene) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (number, memory) in before.memories.iter().enumerate() {
        let mut written = vec![false; memory.len()];
        let here = before.tensors.iter().filter(|tensor| tensor.memory == number);
        here.flat_map(|t| reference::places(&t.layout)).for_each(|at| written[at] = true);
        for (at, (was, is)) in memory.iter().zip(&after.memories[number]).enumerate() {
            if !written[at] && was.to_bits() != is.to_bits() {
                let detail = format!("place {at} of memory {number}: {was:e} became {is:e}");
                violations.push(Violation { rule: Rule::Neighbour, detail });
            }
        }
    }
    violations
}

/// Norms alone write nothing.
fn unchanged(elements: &[Element]) -> Vec<(Rule, String)> {
    let changed = elements.iter().find(|e| e.raw.to_bits() != e.y.to_bits());
    changed.map(|e| (Rule::Inside, e.to_string())).into_iter().collect()
}

/// Clipping by value is exact, whatever the policy.
fn clamped(elements: &[Element]) -> Vec<(Rule, String)> {
    let tiny = |value: f32| value.abs() < f32::MIN_POSITIVE;
    let wrong = |e: &&Element| {
        let exact = e.exact as f32;
        let kept = e.x.to_bits() == e.y.to_bits();
        let right = match e.decays && e.slack > 0.0 {
            // An infinity less itself is no number.
            true if f64::from(e.y) == e.exact => true,
            true => (f64::from(e.y) - e.exact).abs() <= e.slack || e.x.is_nan() && e.y.is_nan(),
            false if e.exact.is_nan() || exact == e.x => kept || e.decays && e.exact.is_nan(),
            // The sign of a bound that is zero is free.
            false => e.y == exact || kept && tiny(e.x - exact),
        };
        !right
    };
    elements.iter().find(wrong).map(|e| (Rule::Accurate, e.to_string())).into_iter().collect()
}

/// What a policy makes of a group with a NaN or an infinity.
pub fn replaced(policy: OnNonFinite, elements: &[Element]) -> Option<(Rule, String)> {
    let right = |e: &Element| match policy {
        OnNonFinite::Leave => e.y.to_bits() == e.raw.to_bits(),
        OnNonFinite::Zero => e.y.to_bits() == 0,
        OnNonFinite::Propagate | OnNonFinite::Poison if e.exact.is_nan() => e.y.is_nan(),
        OnNonFinite::Propagate | OnNonFinite::Poison => e.y == 0.0,
    };
    let wrong = elements.iter().find(|e| !right(e))?;
    Some((Rule::NonFinite, format!("by {policy}, {wrong}")))
}
