//! The native CPU backend: what runs where there is no GPU.
//!
//! A request becomes a [`Tile`]: its axes in memory order. [`drive::run`] halves the tile until a
//! part fits the cache of a thread, and there reduces, decides and stores while it is hot; a slice
//! that does not fit is swept twice, by all threads. Squares of f32 are exact in f64 and cannot
//! overflow it, so a plain sum in f64 serves every finite input, and is finite only for those. What the
//! kernels do not know, slices of zeros that become something and sums of f64 that leave its range among
//! it, goes slice by slice ([`general`]). Slices that move along a direction have a room of their own
//! ([`along`]).

pub(crate) mod along;
mod clamp;
mod drive;
mod found;
mod general;
pub(crate) mod group;
mod kernel;
mod limits;
mod memory;
mod near_power;
mod number;
mod outcome;
mod panel;
mod power;
mod radii;
mod rule;
mod simd;
mod slices;
pub(crate) mod step;
mod store;
mod sums;
mod term;
#[cfg(test)]
mod tests;
mod tile;
pub(crate) mod touched;

use std::sync::{Arc, RwLock};

use half::{bf16, f16};

use crate::dtype::DType;
use crate::error::Result;
use crate::host::{HostMemory, lock_read, lock_write};
use crate::plan::Plan;
use crate::plan::request::Output;
use crate::plan::rule::{Clamp, Rule as Planned};
use crate::report::Tally;
use found::Found;
use limits::Limits;
use memory::Memory;
use number::Number;
use radii::Radii;
use rule::Rule;
use step::{Coefficients, Narrowed, Weights};
use tile::{Order, Tile};

/// Carries out a plan: `from` is read, `to` written; the same memory in place. `numbers` are those of a
/// plan that has some.
pub(crate) fn run(
    plan: &Plan,
    from: &Arc<RwLock<HostMemory>>,
    to: &Arc<RwLock<HostMemory>>,
    numbers: &Numbers,
) -> Result<Tally> {
    match plan.request().dtype {
        DType::F32 => run_as::<f32>(plan, from, to, numbers),
        DType::F16 => run_as::<f16>(plan, from, to, numbers),
        DType::BF16 => run_as::<bf16>(plan, from, to, numbers),
        DType::F64 => run_as::<f64>(plan, from, to, numbers),
    }
}

fn run_as<T: Number>(
    plan: &Plan,
    from: &Arc<RwLock<HostMemory>>,
    to: &Arc<RwLock<HostMemory>>,
    numbers: &Numbers,
) -> Result<Tally> {
    let radii = Radii::new(plan, &numbers.radii);
    let [low, high] = &numbers.limits;
    let limits = Limits::new(plan, [low, high]);
    if let (Some(limits), Planned::Clamp(all)) = (&limits, plan.rule()) {
        return Ok(within::<T>(plan, &all, limits, from, to));
    }
    // One lock cannot be held twice; disjoint views of one memory go through a copy.
    let copy = || lock_read(from).of::<T>().to_vec();
    let apart = !Arc::ptr_eq(from, to);
    match &plan.request().output {
        Output::InPlace => project(plan, radii, lock_write(to).of_mut::<T>()),
        Output::Into(_) if apart => {
            project_into(plan, radii, lock_read(from).of::<T>(), lock_write(to).of_mut())
        }
        Output::Into(_) => {
            let copy = copy();
            project_into(plan, radii, &copy, lock_write(to).of_mut())
        }
        Output::Norms(layout) => {
            let place = layout.offset()..layout.end();
            if apart {
                let (source, mut target) = (lock_read(from), lock_write(to));
                return norms(plan, source.of::<T>(), &mut target.of_mut()[place]);
            }
            let copy = copy();
            norms(plan, &copy, &mut lock_write(to).of_mut()[place])
        }
    }
}

/// Numbers beside a tensor, in row-major order.
#[derive(Debug, Default)]
pub(crate) struct Numbers {
    /// The radii of slices.
    pub radii: Vec<f64>,
    /// The lower and the upper bounds of elements.
    pub limits: [Vec<f64>; 2],
}

/// Moves every element between its limits.
fn within<T: Number>(
    plan: &Plan,
    all: &Clamp,
    limits: &Limits<'_>,
    from: &Arc<RwLock<HostMemory>>,
    to: &Arc<RwLock<HostMemory>>,
) -> Tally {
    let geometry = plan.geometry();
    if geometry.elements() == 0 {
        return empty(plan);
    }
    let apart = match plan.request().output {
        Output::InPlace => None,
        // One lock cannot be held twice.
        _ => Some(lock_read(from).of::<T>()[geometry.source_offset..].to_vec()),
    };
    let mut target = lock_write(to);
    let target = &mut target.of_mut::<T>()[geometry.target_offset..];
    let memory = match &apart {
        Some(source) => Memory::Apart(source, target),
        None => Memory::InPlace(target),
    };
    limits.clamp(plan, all, memory)
}

/// Projects in place.
fn project<T: Number>(plan: &Plan, radii: Option<Radii<'_>>, data: &mut [T]) -> Result<Tally> {
    if plan.geometry().elements() == 0 {
        return Ok(empty(plan));
    }
    project_from(plan, radii, &mut data[plan.geometry().target_offset..])
}

/// As [`project`], from the first element on.
fn project_from<T: Number>(plan: &Plan, radii: Option<Radii<'_>>, data: &mut [T]) -> Result<Tally> {
    let Some(rule) = Rule::new::<T::Real>(plan, radii) else {
        return Ok(without_kernels(plan, radii, Memory::InPlace(data)));
    };
    if rule.is_idle() {
        return Ok(empty(plan));
    }
    Ok(by_kernels(plan, &rule, Memory::InPlace(data)))
}

/// Updates weights, and projects and copies them part by part while they are in a cache.
fn project_stepped<T: Number>(
    plan: &Plan,
    tile: Tile,
    mut weights: Weights<'_, T>,
    mut copy: Narrowed<'_>,
    numbers: &Coefficients<T::Real>,
) -> Result<Tally> {
    let rule = Rule::new::<T::Real>(plan, None).filter(|rule| !rule.is_idle());
    let Some(rule) = rule else {
        weights.again().update(tile, numbers);
        let tally = project_from(plan, None, weights.weights)?;
        copy.write(weights.weights, tile);
        return Ok(tally);
    };
    let Found { tally, odd } =
        drive::run_stepped(tile, weights.again(), copy.again(), numbers, &rule);
    if odd.is_empty() {
        return Ok(tally);
    }
    let memory = Memory::InPlace(&mut *weights.weights);
    let tally = tally.merge(general::project(plan, rule.radii(), Some(&odd), memory));
    // Slices of which kernels know nothing are rare: everything is copied once more.
    copy.write(weights.weights, tile);
    Ok(tally)
}

/// Projects `source` into `target`.
fn project_into<T: Number>(
    plan: &Plan,
    radii: Option<Radii<'_>>,
    source: &[T],
    target: &mut [T],
) -> Result<Tally> {
    let geometry = plan.geometry();
    if geometry.elements() == 0 {
        return Ok(empty(plan));
    }
    let source = &source[geometry.source_offset..];
    let target = &mut target[geometry.target_offset..];
    let memory = Memory::Apart(source, target);
    Ok(match Rule::new::<T::Real>(plan, radii) {
        Some(rule) => by_kernels(plan, &rule, memory),
        None => without_kernels(plan, radii, memory),
    })
}

/// Projects where nothing is accumulated, or no kernel knows the rule.
fn without_kernels<T: Number>(
    plan: &Plan,
    radii: Option<Radii<'_>>,
    memory: Memory<'_, T>,
) -> Tally {
    match plan.rule() {
        Planned::Clamp(bounds) if bounds.alone => clamp::run(plan, &bounds, memory),
        _ => general::project(plan, radii, None, memory),
    }
}

/// Projects by the kernels, and what they leave slice by slice.
fn by_kernels<T: Number>(plan: &Plan, rule: &Rule, mut memory: Memory<'_, T>) -> Tally {
    let tile = Tile::new(plan, memory.order());
    let Found { tally, odd } = drive::run(tile, memory.again(), rule);
    match odd.as_slice() {
        [] => tally,
        odd => tally.merge(general::project(plan, rule.radii(), Some(odd), memory)),
    }
}

/// Writes the norm of each slice, in row-major order of the kept axes.
fn norms<T: Number>(plan: &Plan, source: &[T], norms: &mut [T::Real]) -> Result<Tally> {
    let geometry = plan.geometry();
    if geometry.elements() == 0 {
        // The norm of an empty slice.
        norms.fill(T::real_of(0.0));
        return Ok(empty(plan));
    }
    let source = &source[geometry.source_offset..];
    let Some(rule) = Rule::new::<T::Real>(plan, None) else {
        general::norms(plan, None, source, norms);
        return Ok(Tally::default());
    };
    let tile = Tile::new(plan, Order::Source);
    let Found { odd, .. } = if tile.is_in_order() {
        drive::run(tile, Memory::Norms(source, norms), &rule)
    } else {
        // Threads share norms only if slices lie in memory as they are counted.
        let mut slots = vec![T::Real::default(); norms.len()];
        let found = drive::run(tile, Memory::Norms(source, &mut slots), &rule);
        for (slot, norm) in slots.into_iter().enumerate() {
            norms[tile.slice_of(slot)] = norm;
        }
        found
    };
    if !odd.is_empty() {
        general::norms(plan, Some(&odd), source, norms);
    }
    Ok(Tally::default())
}

/// What a request did that had nothing to do.
fn empty(plan: &Plan) -> Tally {
    if !plan.request().report {
        return Tally::default();
    }
    let slices = plan.geometry().slices() as u64;
    Tally { slices, zero: slices, ..Tally::default() }
}
