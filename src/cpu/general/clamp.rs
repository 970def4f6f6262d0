//! Boxes: each element by itself.

use super::{place, target};
use crate::cpu::limits::Limits;
use crate::cpu::memory::Memory;
use crate::cpu::number::Number;
use crate::plan::Plan;
use crate::plan::rule::Clamp;
use crate::projection::OnNonFinite;
use crate::report::Tally;

/// Moves every element to the nearer bound, of all or its own.
pub(in crate::cpu) fn elements<T: Number>(
    plan: &Plan,
    all: &Clamp,
    limits: Option<&Limits<'_>>,
    mut memory: Memory<'_, T>,
) -> Tally {
    let (geometry, policy) = (plan.geometry(), plan.policy());
    // A bound is an element, or infinite.
    let element = |bound: f64| T::nearest(T::real_of(bound));
    let mut tally = Tally::default();
    for index in 0..geometry.slices() {
        let x = memory.source()[place(&geometry.kept, index, |axis| axis.source)];
        let (wide, number) = (x.wide(), geometry.logical_slice(index));
        let own = limits.map_or(Some(*all), |limits| limits.of(number, all));
        let bounds = own.unwrap_or(*all);
        let y = match policy {
            _ if own.is_none() => x,
            OnNonFinite::Leave if wide.is_nan() => x,
            OnNonFinite::Zero if wide.is_nan() => element(0.0),
            // Selected, not computed: `clamp` would keep a NaN, and the others ask for one.
            _ if wide.is_nan() => element(f64::NAN),
            _ if wide < bounds.low => element(bounds.low),
            _ if wide > bounds.high => element(bounds.high),
            _ => x,
        };
        let counted = counted_as(wide, x.is_same(y), number as u64);
        tally = tally.merge(Tally { invalid: own.is_none().into(), ..counted });
        if matches!(memory, Memory::Apart(..)) || !x.is_same(y) {
            target(&mut memory)[place(&geometry.kept, index, |axis| axis.target)] = y;
        }
    }
    tally
}

/// A NaN is not finite; an infinity is clamped like any number.
fn counted_as(x: f64, kept: bool, index: u64) -> Tally {
    let changed = u64::from(!x.is_nan() && !kept);
    if !x.is_finite() {
        let first_non_finite = Some(index);
        return Tally { slices: 1, changed, non_finite: 1, first_non_finite, ..Tally::default() };
    }
    Tally {
        slices: 1,
        changed,
        zero: u64::from(x == 0.0),
        largest_norm: x.abs(),
        norm_sum: x.abs(),
        ..Tally::default()
    }
}
