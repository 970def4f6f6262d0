//! Norms of the elements of one slice, in f64.

use crate::norm::Norm;

/// Terms that are added up one after the other: the chain of additions stays under what the margin
/// promises for slices of up to 2^30 elements.
const BLOCK: usize = 1024;

/// The sum of a term of each element.
pub(super) fn sum(elements: &[f32], term: impl Fn(f64) -> f64) -> f64 {
    let block = |block: &[f32]| -> f64 { block.iter().map(|&x| term(x.into())).sum() };
    elements.chunks(BLOCK).map(block).sum()
}

/// What is compared with a threshold: the sum of squares for L2, else the norm.
pub(super) fn power(norm: Norm, elements: &[f32]) -> f64 {
    match norm {
        Norm::L1 => sum(elements, f64::abs),
        Norm::L2 => sum(elements, |x| x * x),
        Norm::Linf => largest(elements),
        Norm::Lp(p) => lp(p.value(), elements),
    }
}

/// The norm: NaN with any NaN, else infinite with any infinity.
pub(super) fn norm(norm: Norm, elements: &[f32]) -> f64 {
    let most = largest(elements);
    if !most.is_finite() {
        return most;
    }
    let power = power(norm, elements);
    if norm == Norm::L2 { power.sqrt() } else { power }
}

/// The largest magnitude, 0 of nothing. Without their signs the bits of f32 are in the order of
/// magnitudes, NaN above all, so that none is lost.
pub(super) fn largest(elements: &[f32]) -> f64 {
    let bits = elements.iter().map(|x| x.to_bits() & 0x7fff_ffff).max();
    f32::from_bits(bits.unwrap_or(0)).into()
}

/// Relative to the largest, so that no power overflows.
fn lp(p: f64, elements: &[f32]) -> f64 {
    let most = largest(elements);
    if most == 0.0 {
        return 0.0;
    }
    let sum = match p {
        3.0 => sum(elements, |x| (x / most).abs().powi(3)),
        4.0 => sum(elements, |x| (x / most).powi(4)),
        p => sum(elements, |x| (x / most).abs().powf(p)),
    };
    // Of a small p and a long slice the root leaves f64; a finite slice must not look infinite.
    (most * sum.powf(p.recip())).min(f64::MAX)
}
