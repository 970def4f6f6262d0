//! Groups of tensors on the native CPU backend.
//!
//! Every memory is locked once. The first pass accumulates over each member, the second writes
//! what the decision asks for, if anything.

mod apply;
mod decide;
mod locked;
mod path;
mod pieces;
mod reduce;
mod results;
mod weights;

use crate::buffer::DeviceBuffer;
use crate::error::Result;
use crate::model::{Clip, Decay, GivenNorm, Kind, Model, PendingGroupReport};
use crate::norm::Norm;
use crate::plan::group::{GroupPlan, Memories};
use crate::plan::margin::toward_zero;
use apply::Apply;
use decide::{Decision, Effect, merge};
pub(crate) use pieces::Pieces;
use reduce::Reduce;

/// Carries out a plan, cut into pieces once for all its runs. `given` is the norm that was computed
/// on the device.
pub(crate) fn run(
    plan: &GroupPlan,
    pieces: &Pieces,
    model: &Model,
    decay: Option<&Decay>,
    given: Option<f32>,
    results: &DeviceBuffer,
) -> Result<PendingGroupReport> {
    let request = plan.request();
    let memories = Memories::of(model, decay);
    let mut guards = locked::lock(&memories, request);
    let (mut elements, weights) = locked::open(&mut guards, request);
    if let Kind::Value { low, high } = request.clip.kind {
        let clamp = Effect::Clamp(bound(low), bound(high));
        let effects = vec![clamp; request.members.len()];
        Apply { pieces, weights: &weights, effects: &effects }.run(&mut elements);
        return Ok(PendingGroupReport::none());
    }
    let norm = request.clip.norm_used().unwrap_or(Norm::L2);
    let (total, tensors) = match known(&request.clip, given) {
        Some(known) => {
            let total = Decision::given(&plan.rim(), request.clip.policy(), known);
            // Nothing was read, so nothing is known of a tensor.
            (total, vec![under(&total, Decision::none(norm, 0.0)); request.members.len()])
        }
        None => {
            let (memories, weights) = (&elements[..], &weights[..]);
            decide(plan, norm, &Reduce { norm, pieces, memories, weights }.run())
        }
    };
    let effects: Vec<Effect> = tensors.iter().map(|tensor| tensor.effect).collect();
    Apply { pieces, weights: &weights, effects: &effects }.run(&mut elements);
    drop((elements, weights));
    // The results may lie in a memory that a member of another group lies in.
    drop(guards);
    results::write(plan, norm, &total, &tensors, results);
    Ok(PendingGroupReport::ready(results::report(model, &total, &tensors)))
}

/// The norm that was computed elsewhere, if so.
fn known(clip: &Clip, device: Option<f32>) -> Option<f64> {
    match clip.given()? {
        GivenNorm::Host(norm) => Some(norm),
        GivenNorm::Device => device.map(f64::from),
    }
}

/// What follows for all tensors as one vector and for each, from what was accumulated over each.
fn decide(plan: &GroupPlan, norm: Norm, powers: &[f64]) -> (Decision, Vec<Decision>) {
    let (rim, policy) = (plan.rim(), plan.request().clip.policy());
    let all = powers.iter().fold(0.0, |all, &power| merge(norm, all, power));
    let alone = |&power: &f64| Decision::none(norm, power);
    match plan.request().clip.kind {
        Kind::Each { .. } => {
            let tensors = powers.iter().map(|&power| Decision::new(&rim, policy, power));
            (alone(&all), tensors.collect())
        }
        Kind::Global { .. } => {
            let total = Decision::new(&rim, policy, all);
            (total, powers.iter().map(|power| under(&total, alone(power))).collect())
        }
        Kind::Norms { .. } | Kind::Value { .. } => {
            (alone(&all), powers.iter().map(alone).collect())
        }
    }
}

/// A tensor that shares the fate of all.
fn under(total: &Decision, mut tensor: Decision) -> Decision {
    tensor.verdict.scale = total.verdict.scale;
    Decision { effect: total.effect, ..tensor }
}

/// A bound of elements, rounded toward zero to a finite f32 unless it is infinite.
fn bound(value: f64) -> f32 {
    let magnitude = toward_zero(value.abs());
    let most = if value.is_infinite() { f64::INFINITY } else { f32::MAX.into() };
    magnitude.min(most).copysign(value) as f32
}
