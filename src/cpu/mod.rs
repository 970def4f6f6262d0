//! The native CPU backend: what runs where there is no GPU.
//!
//! A request becomes a [`Tile`]: its axes in memory order. [`drive::run`] halves the tile until a
//! part fits the cache of a thread, and there reduces, decides and stores while it is hot; a slice
//! that does not fit is swept twice, by all threads. Squares of f32 are exact in f64 and cannot
//! overflow it, so a plain sum in f64 serves every finite input, and is finite only for those. What the
//! kernels do not know, slices of zeros that become something and sums of f64 that leave its range among
//! it, goes slice by slice ([`general`]).

mod clamp;
mod drive;
mod found;
mod general;
pub(crate) mod group;
mod instruction;
mod kernel;
mod memory;
mod number;
mod outcome;
mod panel;
mod power;
mod rule;
mod slices;
mod store;
mod sums;
mod term;
#[cfg(test)]
mod tests;
mod tile;

use std::sync::{Arc, RwLock};

use half::{bf16, f16};

use crate::dtype::DType;
use crate::error::Result;
use crate::host::{HostMemory, lock_read, lock_write};
use crate::plan::Plan;
use crate::plan::request::Output;
use crate::plan::rule::Rule as Planned;
use crate::report::Tally;
use found::Found;
use memory::Memory;
use number::Number;
use rule::Rule;
use tile::{Order, Tile};

/// Carries out a plan: `from` is read, `to` written; the same memory in place.
pub(crate) fn run(
    plan: &Plan,
    from: &Arc<RwLock<HostMemory>>,
    to: &Arc<RwLock<HostMemory>>,
) -> Result<Tally> {
    match plan.request().dtype {
        DType::F32 => run_as::<f32>(plan, from, to),
        DType::F16 => run_as::<f16>(plan, from, to),
        DType::BF16 => run_as::<bf16>(plan, from, to),
        DType::F64 => run_as::<f64>(plan, from, to),
    }
}

fn run_as<T: Number>(
    plan: &Plan,
    from: &Arc<RwLock<HostMemory>>,
    to: &Arc<RwLock<HostMemory>>,
) -> Result<Tally> {
    // One lock cannot be held twice; disjoint views of one memory go through a copy.
    let copy = || lock_read(from).of::<T>().to_vec();
    let apart = !Arc::ptr_eq(from, to);
    match &plan.request().output {
        Output::InPlace => project(plan, lock_write(to).of_mut::<T>()),
        Output::Into(_) if apart => {
            project_into(plan, lock_read(from).of::<T>(), lock_write(to).of_mut())
        }
        Output::Into(_) => {
            let copy = copy();
            project_into(plan, &copy, lock_write(to).of_mut())
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

/// Projects in place.
fn project<T: Number>(plan: &Plan, data: &mut [T]) -> Result<Tally> {
    if plan.geometry().elements() == 0 {
        return Ok(empty(plan));
    }
    let data = &mut data[plan.geometry().target_offset..];
    let Some(rule) = Rule::new::<T::Real>(plan) else {
        return Ok(without_kernels(plan, Memory::InPlace(data)));
    };
    if rule.is_idle() {
        return Ok(empty(plan));
    }
    Ok(by_kernels(plan, &rule, Memory::InPlace(data)))
}

/// Projects `source` into `target`.
fn project_into<T: Number>(plan: &Plan, source: &[T], target: &mut [T]) -> Result<Tally> {
    let geometry = plan.geometry();
    if geometry.elements() == 0 {
        return Ok(empty(plan));
    }
    let source = &source[geometry.source_offset..];
    let target = &mut target[geometry.target_offset..];
    let memory = Memory::Apart(source, target);
    Ok(match Rule::new::<T::Real>(plan) {
        Some(rule) => by_kernels(plan, &rule, memory),
        None => without_kernels(plan, memory),
    })
}

/// Projects where nothing is accumulated, or no kernel knows the rule.
fn without_kernels<T: Number>(plan: &Plan, memory: Memory<'_, T>) -> Tally {
    match plan.rule() {
        Planned::Clamp(bounds) if bounds.alone => clamp::run(plan, &bounds, memory),
        _ => general::project(plan, None, memory),
    }
}

/// Projects by the kernels, and what they leave slice by slice.
fn by_kernels<T: Number>(plan: &Plan, rule: &Rule, mut memory: Memory<'_, T>) -> Tally {
    let tile = Tile::new(plan, memory.order());
    let Found { tally, odd } = drive::run(tile, memory.again(), rule);
    match odd.as_slice() {
        [] => tally,
        odd => tally.merge(general::project(plan, Some(odd), memory)),
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
    let Some(rule) = Rule::new::<T::Real>(plan) else {
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
