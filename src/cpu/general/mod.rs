//! Every rule but scaling into an L2 ball: slices are gathered one by one, decided in f64 and written
//! back. It is not tuned; the ball, which training asks for at every step, has kernels of its own.

mod clamp;
mod decide;
mod elements;
mod shrink;

use rayon::prelude::*;

use crate::norm::Norm;
use crate::plan::Plan;
use crate::plan::geometry::{Axis, Geometry};
use crate::plan::rule::Rule;
use crate::report::Tally;
use decide::Decision;

/// Elements that are worked on before they are written back: their results stay in the caches.
const BATCH: usize = 1 << 18;

/// The memory of a request.
pub(super) enum Memory<'a> {
    InPlace(&'a mut [f32]),
    Apart(&'a [f32], &'a mut [f32]),
}

impl Memory<'_> {
    fn source(&self) -> &[f32] {
        match self {
            Memory::InPlace(data) => data,
            Memory::Apart(source, _) => source,
        }
    }

    fn target(&mut self) -> &mut [f32] {
        match self {
            Memory::InPlace(data) => data,
            Memory::Apart(_, target) => target,
        }
    }

    fn copies(&self) -> bool {
        matches!(self, Memory::Apart(..))
    }
}

/// Whether a plan is carried out here.
pub(super) fn serves(plan: &Plan) -> bool {
    match plan.rule() {
        Rule::Scale(rim) => {
            let plain = !rim.always && rim.floor == 0.0 && rim.rate == 1.0;
            rim.norm != Norm::L2 || rim.low_threshold > 0.0 || !plain
        }
        Rule::Shrink(_) | Rule::Clamp(_) => true,
    }
}

/// Projects every slice.
pub(super) fn project(plan: &Plan, mut memory: Memory<'_>) -> Tally {
    let (geometry, rule, policy) = (plan.geometry(), plan.rule(), plan.policy());
    if let Rule::Clamp(bounds) = rule
        && bounds.alone
    {
        return clamp::elements(plan, &bounds, memory);
    }
    let mut tally = Tally::default();
    for_batches(geometry, |slices| {
        let source = memory.source();
        let one = |slice: usize| {
            let elements = gather(geometry, source, slice);
            Decision::new(&rule, policy, &elements, geometry.logical_slice(slice) as u64)
        };
        // Collected, then merged in order: the sum of the norms has the same bits in every run.
        let decided: Vec<Decision> = slices.clone().into_par_iter().map(one).collect();
        for (slice, decision) in slices.zip(decided) {
            tally = tally.merge(decision.tally);
            match decision.result {
                Some(result) => scatter(geometry, memory.target(), slice, &result),
                None if memory.copies() => {
                    let kept = gather(geometry, memory.source(), slice);
                    scatter(geometry, memory.target(), slice, &kept);
                }
                None => {}
            }
        }
    });
    tally
}

/// Writes the norm of every slice, in row-major order of the kept axes.
pub(super) fn norms(plan: &Plan, norm: Norm, source: &[f32], norms: &mut [f32]) -> Tally {
    let geometry = plan.geometry();
    for_batches(geometry, |slices| {
        let one = |slice: usize| elements::norm(norm, &gather(geometry, source, slice)) as f32;
        let found: Vec<f32> = slices.clone().into_par_iter().map(one).collect();
        slices.zip(found).for_each(|(slice, n)| norms[geometry.logical_slice(slice)] = n);
    });
    Tally::default()
}

/// Ranges of slices that together have about a batch of elements.
fn for_batches(geometry: &Geometry, mut act: impl FnMut(std::ops::Range<usize>)) {
    let (slices, batch) = (geometry.slices(), (BATCH / geometry.length().max(1)).max(64));
    for first in (0..slices).step_by(batch) {
        act(first..(first + batch).min(slices));
    }
}

/// The elements of a slice, in row-major order of the reduced axes.
fn gather(geometry: &Geometry, source: &[f32], slice: usize) -> Vec<f32> {
    let start = place(&geometry.kept, slice, |axis| axis.source);
    match geometry.reduced.as_slice() {
        [] => vec![source[start]],
        [run] if run.source == 1 => source[start..start + run.size].to_vec(),
        [run] => source[start..].iter().step_by(run.source).take(run.size).copied().collect(),
        axes => {
            let at = |i| source[start + place(axes, i, |axis| axis.source)];
            (0..geometry.length()).map(at).collect()
        }
    }
}

fn scatter(geometry: &Geometry, target: &mut [f32], slice: usize, elements: &[f32]) {
    let start = place(&geometry.kept, slice, |axis| axis.target);
    match geometry.reduced.as_slice() {
        [run] => {
            let places = target[start..].iter_mut().step_by(run.target);
            places.zip(elements).for_each(|(y, &x)| *y = x);
        }
        axes => {
            for (i, &x) in elements.iter().enumerate() {
                target[start + place(axes, i, |axis| axis.target)] = x;
            }
        }
    }
}

/// Where the element is that `index` counts along axes, the innermost fastest.
fn place(axes: &[Axis], mut index: usize, stride: impl Fn(&Axis) -> usize) -> usize {
    let mut place = 0;
    for axis in axes.iter().rev() {
        place += index % axis.size * stride(axis);
        index /= axis.size;
    }
    place
}
