//! The native CPU backend: what runs where there is no GPU.
//!
//! A request becomes a [`Tile`]: its axes in memory order. [`drive::run`] halves the tile until a
//! part fits the cache of a thread, and there reduces, decides and stores while it is hot; a slice
//! that does not fit is swept twice, by all threads. Squares of f32 are exact in f64 and cannot
//! overflow it, so a plain sum in f64 serves every finite input, and is finite only for those.

mod drive;
mod factor;
mod general;
pub(crate) mod group;
mod kernel;
mod number;
mod panel;
mod part;
mod replace;
mod rule;
mod store;
mod sums;
#[cfg(test)]
mod tests;
mod tile;

use std::sync::{Arc, RwLock};

use half::{bf16, f16};

use crate::dtype::DType;
use crate::error::Result;
use crate::host::{HostMemory, lock_read, lock_write};
use crate::norm::Norm;
use crate::plan::Plan;
use crate::plan::request::Output;
use crate::report::Tally;
use general::Memory;
use number::Number;
use part::{Apart, InPlace, Norms};
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
    let (geometry, rule) = (plan.geometry(), Rule::new(plan));
    if geometry.elements() == 0 || (rule.is_idle() && !general::serves(plan)) {
        return Ok(empty(plan));
    }
    let data = &mut data[geometry.target_offset..];
    if general::serves(plan) {
        return Ok(general::project(plan, Memory::InPlace(data)));
    }
    let data: &mut [f32] = bytemuck::cast_slice_mut(data);
    let tally = drive::run(Tile::new(plan, Order::Target), InPlace { data }, &rule);
    if let Some(policy) = rule.replaces(&tally) {
        replace::replace(plan, policy, data);
    }
    Ok(tally)
}

/// Projects `source` into `target`.
fn project_into<T: Number>(plan: &Plan, source: &[T], target: &mut [T]) -> Result<Tally> {
    let geometry = plan.geometry();
    if geometry.elements() == 0 {
        return Ok(empty(plan));
    }
    let source = &source[geometry.source_offset..];
    let target = &mut target[geometry.target_offset..];
    if general::serves(plan) {
        return Ok(general::project(plan, Memory::Apart(source, target)));
    }
    let (source, target): (&[f32], &mut [f32]) =
        (bytemuck::cast_slice(source), bytemuck::cast_slice_mut(target));
    let rule = Rule::new(plan);
    let tally = drive::run(Tile::new(plan, Order::Target), Apart { source, target }, &rule);
    if let Some(policy) = rule.replaces(&tally) {
        replace::replace(plan, policy, target);
    }
    Ok(tally)
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
    let norm = plan.request().norm();
    if norm != Norm::L2 || T::DTYPE != DType::F32 {
        return Ok(general::norms(plan, norm, source, norms));
    }
    let (source, norms): (&[f32], &mut [f32]) =
        (bytemuck::cast_slice(source), bytemuck::cast_slice_mut(norms));
    let (tile, rule) = (Tile::new(plan, Order::Source), Rule::new(plan));
    if tile.is_in_order() {
        return Ok(drive::run(tile, Norms { source, norms }, &rule));
    }
    // Threads share norms only if slices lie in memory as they are counted.
    let mut slots = vec![0.0; norms.len()];
    let tally = drive::run(tile, Norms { source, norms: &mut slots }, &rule);
    for (slot, norm) in slots.into_iter().enumerate() {
        norms[tile.slice_of(slot)] = norm;
    }
    Ok(tally)
}

/// What a request did that had nothing to do.
fn empty(plan: &Plan) -> Tally {
    if !plan.request().report {
        return Tally::default();
    }
    let slices = plan.geometry().slices() as u64;
    Tally { slices, zero: slices, ..Tally::default() }
}
