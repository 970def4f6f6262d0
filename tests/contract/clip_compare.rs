//! The comparator of groups: which of the promises does a clip break? A pure function of what the
//! memories held before and after.

use std::ops::Range;

use normproj::plan::group::GroupPlan;
use normproj::plan::margin::Margin;
use normproj::{Clip, DType, OnNonFinite, Rounding, reference};

use crate::clip_bounds::Bounds;
use crate::clip_element::Element;
use crate::clip_scene::Scene;
use crate::judge::{Rule, Stats, Violation};

/// What a clip is judged by.
#[derive(Debug, Clone, Copy)]
pub struct Judge {
    pub clip: Clip,
    /// Of the norm of all tensors.
    pub all: Margin,
    /// Of the norms of tensors of each dtype, in the order of `DType::ALL`.
    pub margins: [Margin; 4],
    /// Whether it ran on the CPU backend: `g + λ·w` is rounded once, where a shader may round the product too, and no
    /// subnormal number is taken for zero.
    pub native: bool,
}

impl Judge {
    /// By one margin.
    pub fn new(clip: Clip, margin: Margin, native: bool) -> Judge {
        Judge { clip, all: margin, margins: [margin; 4], native }
    }

    /// By what a plan promises.
    pub fn of(plan: &GroupPlan, native: bool) -> Judge {
        let margins = DType::ALL.map(|dtype| plan.margin_of(dtype));
        Judge { clip: plan.request().clip, all: plan.margin(), margins, native }
    }

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
                (true, Some(_)) => Bounds::new(self, before, &group).broken(&elements, &mut stats),
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
        let mut violations = Vec::new();
        if once.decay.is_some() || self.clip.given().is_some() {
            return Ok(());
        }
        let (tensors, again) = (once.bits(), twice.bits());
        for group in self.groups(tensors.len()) {
            let (was, is) = (tensors[group.clone()].concat(), again[group.clone()].concat());
            let bounds = Bounds::new(self, once, &group);
            let x: Vec<f64> = was.iter().map(|&(_, x)| x).collect();
            let promised = self.clip.norm_used().is_none() || bounds.feasible(&x);
            // The NaN that were infinities are NaN to the second clip.
            let spreads = self.clip.policy() == OnNonFinite::Propagate;
            if !promised || spreads && x.iter().any(|x| x.is_nan()) {
                continue;
            }
            // The payload of a NaN that a policy writes is free.
            let same = |a: (u64, f64), b: (u64, f64)| a.0 == b.0 || a.1.is_nan() && b.1.is_nan();
            if let Some(i) = was.iter().zip(&is).position(|(&a, &b)| !same(a, b)) {
                let detail = format!("element {i}: {:e} once, {:e} twice", was[i].1, is[i].1);
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
        let (raw, read, written) = (before.bits(), before.decayed(), after.bits());
        let rate = before.decay.as_ref().map_or(0.0, |decay| decay.rate);
        let cut = self.clip.rounds() == Rounding::TowardZero;
        let tensor = |number: usize| {
            let (weights, x) = (before.weights(number), &read[number].values);
            // The product is rounded, and the sum to another neighbour.
            let rounded = |i: usize| match (&weights, self.native) {
                (Some(w), false) => {
                    let double = read[number].dtype == DType::F64;
                    let spacing = 2f64.powi(if double { -52 } else { -23 });
                    ((rate * w[i]).abs() + x[i].abs()) * spacing
                }
                _ => 0.0,
            };
            let one = |i: usize| Element {
                dtype: read[number].dtype,
                cut,
                raw: raw[number][i].0,
                x: x[i],
                bits: written[number][i].0,
                y: written[number][i].1,
                exact: exact[number][i],
                decays: weights.is_some(),
                slack: rounded(i),
            };
            (0..x.len()).map(one).collect()
        };
        (0..read.len()).map(tensor).collect()
    }
}

fn neighbours(before: &Scene, after: &Scene) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (number, memory) in before.memories.iter().enumerate() {
        let mut written = vec![false; memory.bytes().len()];
        for tensor in before.tensors.iter().filter(|tensor| tensor.memory == number) {
            let size = tensor.dtype.size();
            for at in reference::places(&tensor.layout) {
                written[size * at..size * (at + 1)].fill(true);
            }
        }
        let words = memory.bytes().chunks(4).zip(after.memories[number].bytes().chunks(4));
        for (at, (was, is)) in words.enumerate() {
            let touched = |i: usize| !written[4 * at + i] && was[i] != is[i];
            if (0..was.len()).any(touched) {
                let detail = format!("word {at} of memory {number}: {was:x?} became {is:x?}");
                violations.push(Violation { rule: Rule::Neighbour, detail });
            }
        }
    }
    violations
}

/// Norms alone write nothing.
fn unchanged(elements: &[Element]) -> Vec<(Rule, String)> {
    let changed = elements.iter().find(|e| e.raw != e.bits);
    changed.map(|e| (Rule::Inside, e.to_string())).into_iter().collect()
}

/// Clipping by value is exact, whatever the policy.
fn clamped(elements: &[Element]) -> Vec<(Rule, String)> {
    let wrong = |e: &&Element| {
        let kept = e.bits == e.stored();
        let exact = e.narrowed(e.exact);
        let right = match e.decays && e.slack > 0.0 {
            // An infinity less itself is no number.
            true if e.y == exact => true,
            true => (e.y - e.exact).abs() <= e.most(e.slack) || e.x.is_nan() && e.y.is_nan(),
            false if e.exact.is_nan() || e.exact == e.x => {
                kept || e.decays && e.y.is_nan() && e.x.is_nan()
            }
            // The sign of a bound that is zero is free.
            false => e.y == exact || kept && (e.x - e.exact).abs() < e.least_normal(),
        };
        !right
    };
    elements.iter().find(wrong).map(|e| (Rule::Accurate, e.to_string())).into_iter().collect()
}

/// What a policy makes of a group with a NaN or an infinity.
pub fn replaced(policy: OnNonFinite, elements: &[Element]) -> Option<(Rule, String)> {
    let right = |e: &Element| match policy {
        OnNonFinite::Leave => e.bits == e.raw,
        OnNonFinite::Zero => e.bits == 0,
        OnNonFinite::Propagate | OnNonFinite::Poison if e.exact.is_nan() => e.y.is_nan(),
        OnNonFinite::Propagate | OnNonFinite::Poison => e.y == 0.0,
    };
    let wrong = elements.iter().find(|e| !right(e))?;
    Some((Rule::NonFinite, format!("by {policy}, {wrong}")))
}
