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
mod panel;
mod part;
mod replace;
mod rule;
mod store;
mod sums;
#[cfg(test)]
mod tests;
mod tile;

use crate::error::Result;
use crate::norm::Norm;
use crate::plan::Plan;
use crate::plan::request::Task;
use crate::report::Tally;
use general::Memory;
use part::{Apart, InPlace, Norms};
use rule::Rule;
use tile::{Order, Tile};

/// Projects in place.
pub(crate) fn project(plan: &Plan, data: &mut [f32]) -> Result<Tally> {
    let (geometry, rule) = (plan.geometry(), Rule::new(plan));
    if geometry.elements() == 0 || (rule.is_idle() && !general::serves(plan)) {
        return Ok(empty(plan));
    }
    let data = &mut data[geometry.target_offset..];
    if general::serves(plan) {
        return Ok(general::project(plan, Memory::InPlace(data)));
    }
    let tally = drive::run(Tile::new(plan, Order::Target), InPlace { data }, &rule);
    if let Some(policy) = rule.replaces(&tally) {
        replace::replace(plan, policy, data);
    }
    Ok(tally)
}

/// Projects `source` into `target`.
pub(crate) fn project_into(plan: &Plan, source: &[f32], target: &mut [f32]) -> Result<Tally> {
    let geometry = plan.geometry();
    if geometry.elements() == 0 {
        return Ok(empty(plan));
    }
    let source = &source[geometry.source_offset..];
    let target = &mut target[geometry.target_offset..];
    if general::serves(plan) {
        return Ok(general::project(plan, Memory::Apart(source, target)));
    }
    let rule = Rule::new(plan);
    let tally = drive::run(Tile::new(plan, Order::Target), Apart { source, target }, &rule);
    if let Some(policy) = rule.replaces(&tally) {
        replace::replace(plan, policy, target);
    }
    Ok(tally)
}

/// Writes the norm of each slice, in row-major order of the kept axes.
pub(crate) fn norms(plan: &Plan, source: &[f32], norms: &mut [f32]) -> Result<Tally> {
    let geometry = plan.geometry();
    if geometry.elements() == 0 {
        // The norm of an empty slice.
        norms.fill(0.0);
        return Ok(empty(plan));
    }
    let source = &source[geometry.source_offset..];
    if let Task::Norms { norm, .. } = plan.request().task
        && norm != Norm::L2
    {
        return Ok(general::norms(plan, norm, source, norms));
    }
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
