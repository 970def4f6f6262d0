//! Rules that have no kernels of their own, at the ends of the range.

use crate::{Axes, Context, Norm, Projection};

fn projected(projection: &Projection, slice: &[f32]) -> (Vec<f32>, f64) {
    let context = Context::cpu();
    let buffer = context.upload(slice, [slice.len()]).unwrap();
    let report = context.project_reported(projection, &buffer).unwrap().wait().unwrap();
    (buffer.read().unwrap(), report.largest_norm)
}

/// A quasi-norm may be far beyond every L2 norm, and a radius there still binds.
#[test]
fn a_large_radius_binds_where_norms_are_larger() {
    let quarter = Norm::lp(0.25).unwrap();
    let projection = Projection::max_norm(1e55, Axes::all()).norm_in(quarter);
    // n = 65536⁴ · 3e38, about 5.5e57.
    let (found, norm) = projected(&projection, &vec![3e38; 1 << 16]);
    assert!((norm / (2f64.powi(64) * f64::from(3e38f32)) - 1.0).abs() < 1e-9, "{norm:e}");
    let expected = 1e55 / 2f64.powi(64);
    assert!((f64::from(found[0]) / expected - 1.0).abs() < 1e-5, "{:e}", found[0]);
}

#[test]
fn a_finite_slice_has_a_finite_norm() {
    let tiny = Norm::lp(1.0 / 64.0).unwrap();
    let slice = vec![1.0; 1 << 17];
    // n = 2^(17 · 64), which f64 cannot hold.
    let (_, norm) = projected(&Projection::max_norm(1.0, Axes::all()).norm_in(tiny), &slice);
    assert_eq!(norm, f64::MAX);
}

#[test]
fn a_least_norm_of_the_largest_number_is_reached_by_numbers() {
    let projection = Projection::min_max_norm(f32::MAX.into(), f64::INFINITY, Axes::all());
    let (found, _) = projected(&projection, &[-1.0]);
    assert_eq!(found, [f32::MIN]);
}

/// A sum that is to be met exactly is met within rounding, and the search ends.
#[test]
fn sums_to_nearest() {
    let slice: Vec<f32> = (0..5000).map(|i| (i % 97) as f32 * 0.013 - 0.5).collect();
    let simplex = Projection::simplex(1.0, Axes::all()).rounding(crate::Rounding::Nearest);
    let (found, _) = projected(&simplex, &slice);
    let sum: f64 = found.iter().map(|&y| f64::from(y)).sum();
    assert!((sum - 1.0).abs() < 2e-7, "{sum}");
}
