//! The second pass: what is written to each member.

use super::decide::Effect;
use super::locked::{Memory, Weights};
use super::path::Path;
use crate::plan::group::GroupRequest;

/// Does to each member what its effect says.
pub(super) fn apply(
    request: &GroupRequest,
    memories: &mut [Memory<'_>],
    weights: &[Weights<'_>],
    effects: &[Effect],
) {
    for ((member, weights), &effect) in request.members.iter().zip(weights).zip(effects) {
        if !effect.writes(member.companion.is_some()) {
            continue;
        }
        let (Some(path), Memory::Write(data)) = (Path::new(member), &mut memories[member.memory])
        else {
            continue;
        };
        let rate = member.companion.map_or(0.0, |companion| companion.rate);
        path.walk(&(0..data.len()), &mut |run| {
            for i in 0..run.size {
                let place = &mut data[run.at + i * run.stride];
                let x = match weights {
                    Some(weights) => {
                        weights[run.weight + i * run.weight_stride].mul_add(rate, *place)
                    }
                    None => *place,
                };
                *place = result(effect, x);
            }
        });
    }
}

fn result(effect: Effect, x: f32) -> f32 {
    match effect {
        Effect::Leave | Effect::Inside => x,
        Effect::Scale(factor) => (f64::from(x) * factor) as f32,
        Effect::Fill(value) => value,
        Effect::OverInfinity if x.is_finite() => 0.0,
        Effect::OverInfinity => f32::NAN,
        Effect::Clamp(low, _) if x < low => low,
        Effect::Clamp(_, high) if x > high => high,
        Effect::Clamp(..) => x,
    }
}
