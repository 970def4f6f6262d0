//! What should become of a group, in plain f64 arithmetic.

use super::super::naive::places;
use super::{Case, Place};
use crate::model::{GivenNorm, Kind};
use crate::{Norm, OnNonFinite};

/// What an element should be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Want {
    Bits(u32),
    Near(f64),
}

/// What should become of one memory, and what should be said of the group.
#[derive(Debug, Clone)]
pub(super) struct Expected {
    pub memories: Vec<Vec<Want>>,
    /// Norm and scale of all tensors as one vector, then of each.
    pub verdicts: Vec<(f64, f64)>,
}

fn elements((_, layout): &Place) -> Vec<usize> {
    let reduced = vec![true; layout.rank()];
    places(layout, &reduced).into_iter().map(|(place, _)| place).collect()
}

fn norm_of(norm: Norm, values: &[f32]) -> f64 {
    if values.iter().any(|x| x.is_nan()) {
        return f64::NAN;
    }
    let magnitudes = values.iter().map(|x| f64::from(x.abs()));
    match norm {
        Norm::L1 => magnitudes.sum(),
        Norm::L2 => magnitudes.map(|x| x * x).sum::<f64>().sqrt(),
        Norm::Linf => magnitudes.fold(0.0, f64::max),
        Norm::Lp(p) => magnitudes.map(|x| x.powf(p.value())).sum::<f64>().powf(p.value().recip()),
    }
}

pub(super) fn expected(case: &Case) -> Expected {
    let mut memories: Vec<Vec<Want>> = (case.memories.iter())
        .map(|memory| memory.iter().map(|x| Want::Bits(x.to_bits())).collect())
        .collect();
    // Each tensor as it is taken: its places, and its elements with the weights added.
    let tensors: Vec<(Vec<usize>, Vec<f32>, bool)> = (case.members.iter().enumerate())
        .map(|(index, place)| {
            let at = elements(place);
            let gradients = at.iter().map(|&i| case.memories[place.0][i]);
            match case.decay.as_ref().and_then(|(rate, all)| Some((*rate as f32, all.get(index)?)))
            {
                Some((rate, weights)) => {
                    let w = elements(weights).into_iter().map(|i| case.memories[weights.0][i]);
                    let sums = gradients.zip(w).map(|(g, w)| w.mul_add(rate, g)).collect();
                    (at, sums, true)
                }
                None => (at.clone(), gradients.collect(), false),
            }
        })
        .collect();
    let all: Vec<f32> = tensors.iter().flat_map(|(_, values, _)| values.clone()).collect();
    let norm = case.clip.norm_used().unwrap_or(Norm::L2);
    let total = match (case.clip.given(), case.given) {
        (Some(GivenNorm::Host(norm)), _) => norm,
        (Some(GivenNorm::Device), Some(norm)) if norm >= 0.0 => norm.into(),
        (Some(GivenNorm::Device), _) => f64::NAN,
        (None, _) => norm_of(norm, &all),
    };
    let invalid = case.clip.given().is_some() && total.is_nan();
    let mut verdicts = vec![(total, scale(case, total))];
    for ((at, values, decays), place) in tensors.iter().zip(&case.members) {
        let own = norm_of(norm, values);
        let decisive = if case.clip.is_global() { total } else { own };
        for (&i, &x) in at.iter().zip(values) {
            let memory = &mut memories[place.0][i];
            match case.clip.kind {
                Kind::Norms { .. } => {}
                Kind::Value { low, high } => *memory = Want::Bits(clamped(x, low, high).to_bits()),
                _ if invalid => {}
                _ => *memory = element(case, x, decisive, *decays).unwrap_or(*memory),
            }
        }
        let own = if case.clip.given().is_some() { 0.0 } else { own };
        verdicts.push((own, scale(case, decisive)));
    }
    if matches!(case.clip.kind, Kind::Each { .. }) {
        verdicts[0].1 = 1.0;
    }
    Expected { memories, verdicts }
}

fn clamped(x: f32, low: f64, high: f64) -> f32 {
    match x {
        x if f64::from(x) < low => truncated(low),
        x if f64::from(x) > high => truncated(high),
        _ => x,
    }
}

/// The nearest f32 toward zero.
fn truncated(value: f64) -> f32 {
    let near = value as f32;
    if f64::from(near).abs() <= value.abs() { near } else { f32::from_bits(near.to_bits() - 1) }
}

/// The factor by which a group of some norm is scaled.
fn scale(case: &Case, norm: f64) -> f64 {
    let zeros = norm == 0.0 && case.clip.given().is_none();
    let (Some(c), true) = (case.clip.radius(), norm.is_finite() && !zeros) else { return 1.0 };
    let c = if c > f32::MAX.into() { c } else { truncated(c).into() };
    let whole = norm + case.clip.epsilon();
    if whole <= c { 1.0 } else { c / whole }
}

/// What an element should become; nothing where it keeps its bits.
fn element(case: &Case, x: f32, norm: f64, decays: bool) -> Option<Want> {
    if !norm.is_finite() {
        return match case.clip.policy() {
            OnNonFinite::Leave => None,
            OnNonFinite::Zero => Some(Want::Bits(0)),
            OnNonFinite::Propagate if norm == f64::INFINITY && x.is_finite() => Some(Want::Bits(0)),
            OnNonFinite::Propagate | OnNonFinite::Poison => Some(Want::Bits(0x7fc0_0000)),
        };
    }
    let scale = scale(case, norm);
    if scale == 1.0 {
        return decays.then_some(Want::Bits(x.to_bits()));
    }
    if scale == 0.0 || x == 0.0 {
        return Some(Want::Bits((0.0 * x).to_bits()));
    }
    Some(Want::Near(f64::from(x) * scale))
}
