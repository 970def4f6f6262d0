//! The first pass: what is accumulated over each member.

use super::decide::merge;
use super::locked::{Memory, Weights};
use super::path::Path;
use crate::norm::Norm;
use crate::plan::group::GroupRequest;

/// The sum of squares, the sum of magnitudes or the largest magnitude of each member, infinite or
/// NaN only if an element is.
pub(super) fn reduce(
    request: &GroupRequest,
    norm: Norm,
    memories: &[Memory<'_>],
    weights: &[Weights<'_>],
) -> Vec<f64> {
    let one = |(member, weights): (&crate::plan::group::Member, &Weights<'_>)| {
        let Some(path) = Path::new(member) else { return 0.0 };
        let data = memories[member.memory].elements();
        let rate = member.companion.map_or(0.0, |companion| companion.rate);
        let mut power = 0.0;
        path.walk(&(0..data.len()), &mut |run| {
            for i in 0..run.size {
                let g = data[run.at + i * run.stride];
                let x = match weights {
                    Some(weights) => weights[run.weight + i * run.weight_stride].mul_add(rate, g),
                    None => g,
                };
                let magnitude = f64::from(x.abs());
                let term = if norm == Norm::L2 { magnitude * magnitude } else { magnitude };
                power = merge(norm, power, term);
            }
        });
        power
    };
    request.members.iter().zip(weights).map(one).collect()
}
