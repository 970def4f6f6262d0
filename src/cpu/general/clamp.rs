//! Boxes: each element by itself.

use rayon::prelude::*;

use super::{Memory, place};
use crate::cpu::kernel;
use crate::plan::Plan;
use crate::plan::rule::Clamp;
use crate::projection::OnNonFinite;
use crate::report::Tally;

/// Elements of a run that one thread works on alone.
const GRAIN: usize = 1 << 18;

/// Moves every element to the nearer bound.
pub(super) fn elements(plan: &Plan, bounds: &Clamp, mut memory: Memory<'_>) -> Tally {
    let (geometry, policy) = (plan.geometry(), plan.policy());
    let (low, high) = (bounds.low as f32, bounds.high as f32);
    let contiguous = matches!(geometry.kept.as_slice(), [run] if run.target == 1);
    let counted = plan.request().report || policy != OnNonFinite::Leave;
    if let Memory::InPlace(data) = &mut memory
        && contiguous
        && !counted
    {
        let chunks = data[..geometry.slices()].par_chunks_mut(GRAIN);
        chunks.for_each(|chunk| kernel::clamp(chunk, kernel::Clamp(low, high)));
        return Tally::default();
    }
    let mut tally = Tally::default();
    for index in 0..geometry.slices() {
        let x = memory.source()[place(&geometry.kept, index, |axis| axis.source)];
        let y = match policy {
            OnNonFinite::Leave if x.is_nan() => x,
            OnNonFinite::Zero if x.is_nan() => 0.0,
            // Selected, not computed: `clamp` would keep a NaN, and the others ask for one.
            _ if x.is_nan() => f32::NAN,
            _ if x < low => low,
            _ if x > high => high,
            _ => x,
        };
        tally = tally.merge(counted_as(x, y, geometry.logical_slice(index) as u64));
        if memory.copies() || x.to_bits() != y.to_bits() {
            memory.target()[place(&geometry.kept, index, |axis| axis.target)] = y;
        }
    }
    tally
}

/// A NaN is not finite; an infinity is clamped like any number.
fn counted_as(x: f32, y: f32, index: u64) -> Tally {
    if !x.is_finite() {
        let changed = u64::from(!x.is_nan() && x.to_bits() != y.to_bits());
        let first_non_finite = Some(index);
        return Tally { slices: 1, changed, non_finite: 1, first_non_finite, ..Tally::default() };
    }
    let n = f64::from(x.abs());
    Tally {
        slices: 1,
        changed: u64::from(x.to_bits() != y.to_bits()),
        zero: u64::from(x == 0.0),
        largest_norm: n,
        norm_sum: n,
        ..Tally::default()
    }
}
