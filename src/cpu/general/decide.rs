//! What becomes of one slice.

use super::elements::{largest, norm};
use super::shrink::shrink;
use crate::norm::Norm;
use crate::plan::rim::Rim;
use crate::plan::rule::{Clamp, Rule};
use crate::projection::{OnNonFinite, ZeroSlice};
use crate::report::Tally;

/// What becomes of one slice.
pub(super) struct Decision {
    /// Its elements, unless it keeps every bit.
    pub result: Option<Vec<f32>>,
    pub tally: Tally,
}

impl Decision {
    /// For a slice that is the `index`-th in row-major order of the kept axes.
    pub fn new(rule: &Rule, policy: OnNonFinite, slice: &[f32], index: u64) -> Self {
        let most = largest(slice);
        if !most.is_finite() {
            let first_non_finite = Some(index);
            let tally = Tally { slices: 1, non_finite: 1, first_non_finite, ..Tally::default() };
            return Decision { result: replaced(policy, most.is_nan(), slice), tally };
        }
        let n = norm(norm_of(rule), slice);
        let result = match rule {
            Rule::Scale(rim) => scaled(rim, slice, n, most),
            Rule::Shrink(sums) => shrink(sums, slice, n),
            Rule::Clamp(bounds) => clamped(bounds, slice, most),
        };
        let tally = Tally {
            slices: 1,
            changed: result.is_some().into(),
            zero: u64::from(most == 0.0),
            largest_norm: n,
            norm_sum: n,
            ..Tally::default()
        };
        Decision { result, tally }
    }
}

/// The norm that a report tells.
fn norm_of(rule: &Rule) -> Norm {
    match rule {
        Rule::Scale(rim) => rim.norm,
        Rule::Shrink(_) => Norm::L1,
        Rule::Clamp(_) => Norm::Linf,
    }
}

fn scaled(rim: &Rim, slice: &[f32], n: f64, most: f64) -> Option<Vec<f32>> {
    if most == 0.0 {
        return basis(rim.zero, rim.low_threshold, rim.low_target, slice.len());
    }
    let power = if rim.norm == Norm::L2 { n * n } else { n };
    if rim.keeps(power) {
        return None;
    }
    let factor = rim.factor(n);
    // A least norm of the largest f32 is aimed at from above, beyond what an element can hold.
    let one = |&x: &f32| (f64::from(x) * factor).clamp(f32::MIN.into(), f32::MAX.into()) as f32;
    Some(slice.iter().map(one).collect())
}

/// A slice of zeros that is too short: c·e₁, if it is to be that.
pub(super) fn basis(zero: ZeroSlice, least: f64, c: f64, length: usize) -> Option<Vec<f32>> {
    if zero == ZeroSlice::Keep || least <= 0.0 {
        return None;
    }
    Some((0..length).map(|i| if i == 0 { c as f32 } else { 0.0 }).collect())
}

fn clamped(bounds: &Clamp, slice: &[f32], most: f64) -> Option<Vec<f32>> {
    if most <= bounds.high {
        return None;
    }
    let high = bounds.high as f32;
    Some(slice.iter().map(|x| x.clamp(-high, high)).collect())
}

/// What a policy makes of a slice with NaN or infinity.
fn replaced(policy: OnNonFinite, any_nan: bool, slice: &[f32]) -> Option<Vec<f32>> {
    let over_infinity = |x: &f32| if x.is_finite() { 0.0 } else { f32::NAN };
    Some(match policy {
        OnNonFinite::Leave => return None,
        OnNonFinite::Zero => vec![0.0; slice.len()],
        OnNonFinite::Propagate if !any_nan => slice.iter().map(over_infinity).collect(),
        OnNonFinite::Propagate | OnNonFinite::Poison => vec![f32::NAN; slice.len()],
    })
}
