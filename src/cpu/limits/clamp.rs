//! Each element between bounds of its own.

use super::Limits;
use crate::cpu::general::{place, target};
use crate::cpu::memory::Memory;
use crate::cpu::number::Number;
use crate::plan::Plan;
use crate::plan::rule::Clamp;
use crate::projection::OnNonFinite;
use crate::report::Tally;

impl Limits<'_> {
    /// Moves every element to the nearer of its bounds, within those of all.
    pub(in crate::cpu) fn clamp<T: Number>(
        &self,
        plan: &Plan,
        all: &Clamp,
        mut memory: Memory<'_, T>,
    ) -> Tally {
        let (geometry, policy) = (plan.geometry(), plan.policy());
        // A bound is an element, or infinite.
        let element = |bound: f64| T::nearest(T::real_of(bound));
        let mut tally = Tally::default();
        for index in 0..geometry.slices() {
            let x = memory.source()[place(&geometry.kept, index, |axis| axis.source)];
            let (wide, number) = (x.wide(), geometry.logical_slice(index));
            let own = self.of(number, all);
            let bounds = own.unwrap_or(*all);
            let moved = match policy {
                _ if own.is_none() => None,
                OnNonFinite::Leave if wide.is_nan() => None,
                OnNonFinite::Zero if wide.is_nan() => Some(element(0.0)),
                // Selected, not computed: `clamp` would keep a NaN, and the others ask for one.
                _ if wide.is_nan() => Some(element(f64::NAN)),
                _ if wide < bounds.low => Some(element(bounds.low)),
                _ if wide > bounds.high => Some(element(bounds.high)),
                _ => None,
            };
            let counted = counted_as(wide, moved.is_none(), number as u64);
            tally = tally.merge(Tally { invalid: own.is_none().into(), ..counted });
            if matches!(memory, Memory::Apart(..)) || moved.is_some() {
                let place = place(&geometry.kept, index, |axis| axis.target);
                target(&mut memory)[place] = moved.unwrap_or(x);
            }
        }
        tally
    }
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
