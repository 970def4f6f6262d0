//! Groups of tensors on the native CPU backend.
//!
//! Every memory is locked once. The first pass accumulates over each member, the second writes
//! what the decision asks for, if anything.

mod apply;
mod decide;
mod locked;
mod measure;
mod path;
mod pieces;
mod reduce;
mod results;
mod sums;
mod weights;

use std::sync::Arc;

use crate::buffer::DeviceBuffer;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::model::{Clip, Decay, GivenNorm, Kind, Model, PendingGroupReport};
use crate::norm::Norm;
use crate::plan::group::{GroupPlan, Member, Memories, Power};
use crate::plan::rule::bound;
use crate::projection::Rounding;
use apply::Apply;
use decide::{Decision, Effect};
pub(crate) use pieces::Pieces;
use reduce::Reduce;

/// Carries out a plan, cut into pieces once for all its runs. `given` is the norm that was computed
/// on the device.
pub(crate) fn run(
    plan: &GroupPlan,
    pieces: &Pieces,
    model: &Model,
    decay: Option<&Decay>,
    given: Option<f64>,
    results: &DeviceBuffer,
) -> Result<PendingGroupReport> {
    let request = plan.request();
    let memories = Memories::of(model, decay).tensors;
    let mut guards = locked::lock(&memories, request);
    let (mut open, weights) = locked::open(&mut guards, request);
    let (members, cut) = (&request.members[..], request.clip.rounds() == Rounding::TowardZero);
    if let Kind::Value { low, high } = request.clip.kind {
        let clamp =
            |member: &Member| Effect::Clamp(bound(low, member.dtype), bound(high, member.dtype));
        let effects: Vec<Effect> = members.iter().map(clamp).collect();
        Apply { members, pieces, weights: &weights, effects: &effects, cut }.run(&mut open);
        return Ok(PendingGroupReport::none());
    }
    let norm = request.clip.norm_used().unwrap_or(Norm::L2);
    let (total, tensors) = match known(&request.clip, given) {
        Some(known) => {
            let total = Decision::given(&plan.rim(), request.clip.policy(), known);
            // Nothing was read, so nothing is known of a tensor.
            (total, vec![under(&total, Decision::none(norm, Power::plain(0.0))); members.len()])
        }
        None => {
            let (memories, weights) = (&open[..], &weights[..]);
            decide(plan, norm, &Reduce { norm, members, pieces, memories, weights }.run())
        }
    };
    if request.clip.writes() {
        let effects: Vec<Effect> = tensors.iter().map(|tensor| tensor.effect).collect();
        Apply { members, pieces, weights: &weights, effects: &effects, cut }.run(&mut open);
    }
    drop((open, weights));
    // The results may lie in a memory that a member of another group lies in.
    drop(guards);
    results::write(plan, norm, &total, &tensors, results);
    Ok(PendingGroupReport::ready(results::report(model.shared_names(), &total, &tensors)))
}

/// Carries out a plan of examples: the norm of each, and their sums. `memories` are in the order of the
/// request's.
pub(crate) fn run_examples(
    plan: &GroupPlan,
    pieces: &Pieces,
    memories: &[DeviceBuffer],
    names: &Arc<[String]>,
    results: &DeviceBuffer,
) -> Result<PendingGroupReport> {
    let request = plan.request();
    let Some(of_examples) = &request.sums else {
        let reason = "it has no sums".to_string();
        return Err(Error::PlanMismatch { reason });
    };
    let mut guards = locked::lock(memories, request);
    let (open, weights) = locked::open(&mut guards, request);
    let norm = request.clip.norm_used().unwrap_or(Norm::L2);
    let (members, cut) = (&request.members[..], request.clip.rounds() == Rounding::TowardZero);
    let powers = Reduce { norm, members, pieces, memories: &open, weights: &weights }.run();
    let merge = |all, &one: &Power| Power::merge(norm, all, one);
    let each: Vec<Power> = powers
        .chunks(request.bundle())
        .map(|example| example.iter().fold(Power::plain(0.0), merge))
        .collect();
    let (total, examples) = decide(plan, norm, &each);
    let effects: Vec<Effect> = examples.iter().map(|example| example.effect).collect();
    let summed = sums::sums(of_examples, &effects, &open, cut);
    drop((open, weights));
    drop(guards);
    sums::store(of_examples, summed, memories);
    results::write(plan, norm, &total, &examples, results);
    Ok(PendingGroupReport::ready(results::report(Arc::clone(names), &total, &examples)))
}

/// The norm that was computed elsewhere, if so.
fn known(clip: &Clip, device: Option<f64>) -> Option<f64> {
    match clip.given()? {
        GivenNorm::Host(norm) => Some(norm),
        GivenNorm::Device => device,
    }
}

/// What follows for all tensors as one vector and for each, from what was accumulated over each.
fn decide(plan: &GroupPlan, norm: Norm, powers: &[Power]) -> (Decision, Vec<Decision>) {
    let policy = plan.request().clip.policy();
    let all = powers.iter().fold(Power::plain(0.0), |all, &one| Power::merge(norm, all, one));
    let alone = |&power: &Power| Decision::none(norm, power);
    match plan.request().clip.kind {
        Kind::Each { .. } => {
            let rims = DType::ALL.map(|dtype| plan.rim_of(dtype));
            let one = |(&power, member): (&Power, &Member)| {
                Decision::new(&rims[member.dtype as usize], policy, power)
            };
            // Of an example, its first tensor stands for all.
            let members = plan.request().members.iter().step_by(plan.request().bundle());
            (alone(&all), powers.iter().zip(members).map(one).collect())
        }
        Kind::Global { .. } => {
            let total = Decision::new(&plan.rim(), policy, all);
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
