//! What becomes of slices with NaN or infinity, where they do not keep their bits.

use super::factor::Factor;
use super::part::InPlace;
use super::store;
use super::sums;
use super::tile::{Order, Tile};
use crate::plan::Plan;
use crate::projection::OnNonFinite;

/// What becomes of the elements of one slice.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Replaced {
    Keep,
    By(f32),
    /// By `x/∞`: finite elements become 0, the others NaN.
    OverInfinity,
}

impl Replaced {
    /// By the sum of squares of a slice: NaN with any NaN, else infinite with any infinity.
    fn new(policy: OnNonFinite, sum: f64) -> Self {
        match policy {
            _ if sum.is_finite() => Replaced::Keep,
            OnNonFinite::Leave => Replaced::Keep,
            OnNonFinite::Zero => Replaced::By(0.0),
            OnNonFinite::Propagate if sum == f64::INFINITY => Replaced::OverInfinity,
            OnNonFinite::Propagate | OnNonFinite::Poison => Replaced::By(f32::NAN),
        }
    }
}

impl Factor for Replaced {
    const KEEP: Replaced = Replaced::Keep;

    fn keeps(self) -> bool {
        self == Replaced::Keep
    }

    fn times(self, x: f32) -> f32 {
        match self {
            Replaced::Keep => x,
            Replaced::By(value) => value,
            Replaced::OverInfinity if x.is_finite() => 0.0,
            Replaced::OverInfinity => f32::NAN,
        }
    }
}

/// Replaces the slices of a result that are not finite. They were kept, or copied, with all their
/// bits, and no other slice of a result is like that. It is rare, and so another sweep.
pub(super) fn replace(plan: &Plan, policy: OnNonFinite, data: &mut [f32]) {
    let tile = Tile::new(plan, Order::Target).of_target();
    let mut sums = vec![0.0; tile.slots()];
    sums::add(&tile, data, &mut sums);
    let replaced: Vec<Replaced> = sums.iter().map(|&sum| Replaced::new(policy, sum)).collect();
    store::sweep(&tile, InPlace { data }, &replaced);
}
