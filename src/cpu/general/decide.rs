//! What becomes of one slice.

use super::elements::{Size, largest};
use super::radial::scaled;
use super::shrink::shrink;
use crate::norm::Norm;
use crate::plan::rim::Rim;
use crate::plan::rule::{Clamp, Rule};
use crate::projection::{OnNonFinite, ZeroSlice};
use crate::report::Tally;

/// What becomes of one slice.
pub(super) struct Decision {
    /// Its elements, unless it keeps every bit.
    pub result: Option<Vec<f64>>,
    pub tally: Tally,
}

impl Decision {
    /// For a slice that is the `index`-th in row-major order of the kept axes.
    pub fn new(rule: &Rule, policy: OnNonFinite, slice: &[f64], index: u64) -> Self {
        let size = Size::new(norm_of(rule), slice);
        if !size.value.is_finite() {
            let first_non_finite = Some(index);
            let tally = Tally { slices: 1, non_finite: 1, first_non_finite, ..Tally::default() };
            return Decision { result: replaced(policy, size.value.is_nan(), slice), tally };
        }
        let result = match rule {
            Rule::Scale(rim) if size.value == 0.0 => {
                basis(rim.zero, rim.low_threshold, rim.low_target, slice.len())
            }
            Rule::Scale(rim) => scaled(rim, slice, size),
            Rule::Shrink(sums) => shrink(sums, slice, size.number()),
            Rule::Clamp(bounds) => clamped(bounds, slice),
            // A direction is needed too: see `cpu/along`.
            Rule::Along(_) => None,
        };
        // A finite slice must not look infinite.
        let norm = size.number().min(f64::MAX);
        let beyond = || rule.smallest_factor_beyond(size.value, size.exponent);
        let tally = Tally {
            slices: 1,
            changed: result.is_some().into(),
            zero: u64::from(norm == 0.0),
            largest_norm: norm,
            norm_sum: norm,
            smallest_factor: result.as_ref().and_then(|_| beyond()),
            ..Tally::default()
        };
        Decision { result, tally }
    }
}

impl Decision {
    /// By a rim of its own, which may turn the slice over.
    pub fn with_rim(rim: Rim, policy: OnNonFinite, slice: &[f64], index: u64) -> Self {
        let Decision { result, mut tally } = Decision::new(&Rule::Scale(rim), policy, slice, index);
        let finite = tally.non_finite == 0;
        let turns = rim.turned && finite && tally.zero == 0;
        let result = match result {
            Some(result) if rim.turned && finite => Some(result.iter().map(|y| -y).collect()),
            None if turns => Some(slice.iter().map(|x| -x).collect()),
            result => result,
        };
        if finite && result.is_some() {
            tally.changed = 1;
            let norm = tally.largest_norm;
            // A basis vector is no multiple.
            let factor = if tally.zero == 0 { rim.factor(norm) } else { 1.0 };
            tally.smallest_factor = tally.smallest_factor.or(Some(factor));
        }
        Decision { result, tally }
    }

    /// Of a slice whose radius is none.
    pub fn left(rule: &Rule, slice: &[f64], index: u64) -> Self {
        let Decision { tally, .. } = Decision::new(rule, OnNonFinite::Leave, slice, index);
        Decision { result: None, tally: Tally { changed: 0, invalid: 1, ..tally } }
    }
}

/// The norm that a report tells.
fn norm_of(rule: &Rule) -> Norm {
    match rule {
        Rule::Scale(rim) => rim.norm,
        Rule::Along(_) => Norm::L2,
        Rule::Shrink(_) => Norm::L1,
        Rule::Clamp(_) => Norm::Linf,
    }
}

/// A slice of zeros that is too short: c·e₁, if it is to be that.
pub(super) fn basis(zero: ZeroSlice, least: f64, c: f64, length: usize) -> Option<Vec<f64>> {
    if zero == ZeroSlice::Keep || least <= 0.0 {
        return None;
    }
    Some((0..length).map(|i| if i == 0 { c } else { 0.0 }).collect())
}

fn clamped(bounds: &Clamp, slice: &[f64]) -> Option<Vec<f64>> {
    let Clamp { low, high, .. } = *bounds;
    let inside = largest(slice) <= high;
    (!inside).then(|| slice.iter().map(|x| x.clamp(low, high)).collect())
}

/// What a policy makes of a slice with NaN or infinity.
pub(in crate::cpu) fn replaced(
    policy: OnNonFinite,
    any_nan: bool,
    slice: &[f64],
) -> Option<Vec<f64>> {
    let over_infinity = |x: &f64| if x.is_finite() { 0.0 } else { f64::NAN };
    Some(match policy {
        OnNonFinite::Leave => return None,
        OnNonFinite::Zero => vec![0.0; slice.len()],
        OnNonFinite::Propagate if !any_nan => slice.iter().map(over_infinity).collect(),
        OnNonFinite::Propagate | OnNonFinite::Poison => vec![f64::NAN; slice.len()],
    })
}
