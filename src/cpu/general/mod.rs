//! Every dtype and rule but scaling f32 into an L2 ball: slices are gathered one by one, decided in f64 and written
//! back. It is not tuned; the ball, which training asks for at every step, has kernels of its own.

mod clamp;
mod decide;
mod elements;
mod radial;
mod shrink;

use rayon::prelude::*;

use super::number::Number;
use crate::dtype::DType;
use crate::norm::Norm;
use crate::plan::Plan;
use crate::plan::geometry::{Axis, Geometry};
use crate::plan::rule::Rule;
use crate::projection::Rounding;
use crate::report::Tally;
use decide::Decision;
use elements::Size;

/// Elements that are worked on before they are written back: their results stay in the caches.
const BATCH: usize = 1 << 18;

/// The memory of a request.
pub(super) enum Memory<'a, T> {
    InPlace(&'a mut [T]),
    Apart(&'a [T], &'a mut [T]),
}

impl<T> Memory<'_, T> {
    fn source(&self) -> &[T] {
        match self {
            Memory::InPlace(data) => data,
            Memory::Apart(source, _) => source,
        }
    }

    fn target(&mut self) -> &mut [T] {
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
        _ if plan.request().dtype != DType::F32 => true,
        Rule::Scale(rim) => {
            let plain = !rim.always && rim.floor == 0.0 && rim.rate == 1.0;
            rim.norm != Norm::L2 || rim.low_threshold > 0.0 || !plain
        }
        Rule::Shrink(_) | Rule::Clamp(_) => true,
    }
}

/// Projects every slice.
pub(super) fn project<T: Number>(plan: &Plan, mut memory: Memory<'_, T>) -> Tally {
    let (geometry, rule, policy) = (plan.geometry(), plan.rule(), plan.policy());
    if let Rule::Clamp(bounds) = rule
        && bounds.alone
    {
        return clamp::elements(plan, &bounds, memory);
    }
    let toward_zero = plan.rounds() == Rounding::TowardZero;
    let mut tally = Tally::default();
    for_batches(geometry, |slices| {
        let source = memory.source();
        let one = |slice: usize| {
            let elements: Vec<f64> = gather(geometry, source, slice, T::wide);
            Decision::new(&rule, policy, &elements, geometry.logical_slice(slice) as u64)
        };
        // Collected, then merged in order: the sum of the norms has the same bits in every run.
        let decided: Vec<Decision> = slices.clone().into_par_iter().map(one).collect();
        for (slice, decision) in slices.zip(decided) {
            tally = tally.merge(decision.tally);
            match decision.result {
                Some(result) => {
                    let elements = result.into_iter().map(|y| T::narrow(y, toward_zero));
                    scatter(geometry, memory.target(), slice, elements);
                }
                None if memory.copies() => {
                    let kept = gather(geometry, memory.source(), slice, |x| x);
                    scatter(geometry, memory.target(), slice, kept.into_iter());
                }
                None => {}
            }
        }
    });
    tally
}

/// Writes the norm of every slice, in row-major order of the kept axes. Beyond its type it is
/// infinite; NaN stays NaN.
pub(super) fn norms<T: Number>(
    plan: &Plan,
    norm: Norm,
    source: &[T],
    norms: &mut [T::Real],
) -> Tally {
    let geometry = plan.geometry();
    for_batches(geometry, |slices| {
        let one = |slice: usize| {
            T::real_of(Size::new(norm, &gather(geometry, source, slice, T::wide)).number())
        };
        let found: Vec<T::Real> = slices.clone().into_par_iter().map(one).collect();
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
fn gather<T: Number, U>(
    geometry: &Geometry,
    source: &[T],
    slice: usize,
    element: impl Fn(T) -> U,
) -> Vec<U> {
    let start = place(&geometry.kept, slice, |axis| axis.source);
    match geometry.reduced.as_slice() {
        [] => vec![element(source[start])],
        [run] => {
            let run = source[start..].iter().step_by(run.source).take(run.size);
            run.map(|&x| element(x)).collect()
        }
        axes => {
            let at = |i| element(source[start + place(axes, i, |axis| axis.source)]);
            (0..geometry.length()).map(at).collect()
        }
    }
}

fn scatter<T>(
    geometry: &Geometry,
    target: &mut [T],
    slice: usize,
    elements: impl Iterator<Item = T>,
) {
    let start = place(&geometry.kept, slice, |axis| axis.target);
    match geometry.reduced.as_slice() {
        [run] => {
            let places = target[start..].iter_mut().step_by(run.target);
            places.zip(elements).for_each(|(y, x)| *y = x);
        }
        axes => {
            for (i, x) in elements.enumerate() {
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
