//! What no kernel knows: slices are gathered one by one, decided in f64 and written back. It is correct
//! for every dtype and rule, at the ends of every range, and not tuned.

mod decide;
pub(super) mod elements;
mod radial;
mod shrink;

use rayon::prelude::*;

use super::memory::Memory;
use super::number::Number;
use super::radii::Radii;
use super::rule::is_cut;
use crate::plan::Plan;
use crate::plan::geometry::{Axis, Geometry};
use crate::plan::rule::Rule;
use crate::report::Tally;
use decide::Decision;
pub(super) use decide::replaced;
use elements::Size;

/// Elements that are worked on before they are written back: their results stay in the caches.
const BATCH: usize = 1 << 18;

/// Projects every slice, or some of them by their numbers in row-major order of the kept axes.
pub(super) fn project<T: Number>(
    plan: &Plan,
    radii: Option<Radii<'_>>,
    slices: Option<&[usize]>,
    mut memory: Memory<'_, T>,
) -> Tally {
    let (geometry, rule, policy) = (plan.geometry(), plan.rule(), plan.policy());
    let cut = is_cut(plan);
    let mut tally = Tally::default();
    for_batches(geometry, slices, |batch| {
        let source = memory.source();
        let one = |&slice: &usize| {
            let elements: Vec<f64> = gather(geometry, source, slice, T::wide);
            let Some(radii) = radii else {
                return Decision::new(&rule, policy, &elements, slice as u64);
            };
            match radii.rule(slice) {
                Some(Rule::Scale(rim)) => Decision::with_rim(rim, policy, &elements, slice as u64),
                Some(rule) => Decision::new(&rule, policy, &elements, slice as u64),
                None => Decision::left(&rule, &elements, slice as u64),
            }
        };
        // Collected, then merged in order: the sum of the norms has the same bits in every run.
        let decided: Vec<Decision> = batch.par_iter().map(one).collect();
        for (&slice, decision) in batch.iter().zip(decided) {
            tally = tally.merge(decision.tally);
            match decision.result {
                Some(result) => {
                    let elements = result.into_iter().map(|y| T::narrow(y, cut));
                    scatter(geometry, target(&mut memory), slice, elements);
                }
                None if matches!(memory, Memory::Apart(..)) => {
                    let kept = gather(geometry, memory.source(), slice, |x| x);
                    scatter(geometry, target(&mut memory), slice, kept.into_iter());
                }
                None => {}
            }
        }
    });
    tally
}

/// Where elements go; nowhere if norms are asked for.
pub(super) fn target<'m, T: Number>(memory: &'m mut Memory<'_, T>) -> &'m mut [T] {
    match memory {
        Memory::InPlace(data) => data,
        Memory::Apart(_, target) => target,
        Memory::Norms(..) => &mut [],
    }
}

/// Writes the norm of every slice, or of some. Beyond its type it is infinite; NaN stays NaN.
pub(super) fn norms<T: Number>(
    plan: &Plan,
    slices: Option<&[usize]>,
    source: &[T],
    norms: &mut [T::Real],
) {
    let (geometry, norm) = (plan.geometry(), plan.request().norm());
    for_batches(geometry, slices, |batch| {
        let one = |&slice: &usize| {
            T::real_of(Size::new(norm, &gather(geometry, source, slice, T::wide)).number())
        };
        let found: Vec<T::Real> = batch.par_iter().map(one).collect();
        batch.iter().zip(found).for_each(|(&slice, n)| norms[slice] = n);
    });
}

/// Numbers of slices that together have about a batch of elements.
fn for_batches(geometry: &Geometry, slices: Option<&[usize]>, mut act: impl FnMut(&[usize])) {
    let batch = (BATCH / geometry.length().max(1)).max(64);
    match slices {
        Some(slices) => slices.chunks(batch).for_each(act),
        None => {
            let all = geometry.slices();
            for first in (0..all).step_by(batch) {
                act(&(first..(first + batch).min(all)).collect::<Vec<usize>>());
            }
        }
    }
}

/// Where a slice begins.
fn start(geometry: &Geometry, slice: usize, stride: impl Fn(&Axis) -> usize) -> usize {
    geometry.kept.iter().map(|axis| slice / axis.slice % axis.size * stride(axis)).sum()
}

/// The elements of a slice, in row-major order of the reduced axes.
fn gather<T: Number, U>(
    geometry: &Geometry,
    source: &[T],
    slice: usize,
    element: impl Fn(T) -> U,
) -> Vec<U> {
    let start = start(geometry, slice, |axis| axis.source);
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
    let start = start(geometry, slice, |axis| axis.target);
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
pub(super) fn place(axes: &[Axis], mut index: usize, stride: impl Fn(&Axis) -> usize) -> usize {
    let mut place = 0;
    for axis in axes.iter().rev() {
        place += index % axis.size * stride(axis);
        index /= axis.size;
    }
    place
}
