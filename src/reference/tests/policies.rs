//! Clips by norm of slices: the policies for NaN and infinity, and other systems' epsilon.

use crate::projection::{Compat, OnNonFinite};
use crate::reference::*;

const NAN: f32 = f32::NAN;
const INF: f32 = f32::INFINITY;

fn clipped(projection: Projection, rows: &[[f32; 2]]) -> Vec<f64> {
    let layout = Layout::contiguous([rows.len(), 2]).unwrap();
    project(&projection, rows.as_flattened(), &layout).unwrap()
}

/// NaN equals NaN.
fn same(found: &[f64], expected: &[f64]) -> bool {
    let pairs = found.iter().zip(expected);
    found.len() == expected.len()
        && pairs.into_iter().all(|(a, b)| a == b || a.is_nan() && b.is_nan())
}

#[test]
fn each_slice_follows_the_policy() {
    let rows = [[NAN, INF], [-INF, 2.0], [3.0, 4.0]];
    let (nan, inf) = (f64::NAN, f64::INFINITY);
    for (policy, expected) in [
        (OnNonFinite::Leave, [nan, inf, -inf, 2.0]),
        (OnNonFinite::Zero, [0.0; 4]),
        (OnNonFinite::Propagate, [nan, nan, nan, 0.0]),
        (OnNonFinite::Poison, [nan; 4]),
    ] {
        let projection = Projection::clip_norm(2.5, 1).on_non_finite(policy);
        let found = clipped(projection, &rows);
        assert!(same(&found[..4], &expected), "{policy}: {found:?}");
        assert_eq!(found[4..], [1.5, 2.0], "a finite slice beside it");
    }
}

#[test]
fn epsilon_counts_in_the_comparison_and_in_the_quotient() {
    let by = |c, compat| clipped(Projection::clip_norm(c, 1).compat(compat), &[[3.0, 4.0]]);
    assert_eq!(by(5.0, Compat::TensorFlow), [3.0, 4.0]);
    let torch = by(5.0, Compat::Torch);
    assert_eq!(torch, [3.0 * (5.0 / 5.000_001), 4.0 * (5.0 / 5.000_001)]);
    assert_eq!(by(5.000_002, Compat::Torch), [3.0, 4.0]);
    // An epsilon above the radius: nothing but zero is inside.
    let small = clipped(Projection::clip_norm(0.0, 1).compat(Compat::Torch), &[[0.0, -0.0]]);
    assert!(same(&small, &[0.0, 0.0]));
}
