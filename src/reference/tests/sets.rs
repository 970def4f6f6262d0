//! Every set, by hand.

use super::*;
use crate::projection::{Compat, OnNonFinite};
use crate::{Axes, Norm};

fn near(projection: Projection, slice: &[f32], expected: &[f64]) {
    let layout = Layout::contiguous([slice.len()]).unwrap();
    let found = project(&projection, slice, &layout).unwrap();
    let same = |(y, e): (&f64, &f64)| {
        (y - e).abs() <= 1e-14 * e.abs() && y.is_sign_negative() == e.is_sign_negative()
    };
    assert!(found.iter().zip(expected).all(same), "{projection}: {found:?}, not {expected:?}");
}

#[test]
fn radial_sets_scale_in_any_norm() {
    let c = |norm| Projection::max_norm(2.0, Axes::all()).norm_in(norm);
    near(c(Norm::L1), &[3.0, -1.0], &[1.5, -0.5]);
    near(c(Norm::Linf), &[4.0, -1.0], &[2.0, -0.5]);
    near(c(Norm::lp(3.0).unwrap()), &[4.0, 0.0], &[2.0, 0.0]);
    near(c(Norm::lp(0.5).unwrap()), &[2.0, 2.0], &[0.5, 0.5]);
    near(Projection::clip_average_norm(1.0, Axes::all()), &[3.0, 4.0], &[1.2, 1.6]);
    // Four elements: their root, unlike that of two, is a radius of 24 bits.
    near(Projection::clip_rms(1.0, Axes::all()), &[3.0, -3.0, 3.0, 3.0], &[1.0, -1.0, 1.0, 1.0]);
}

#[test]
fn spheres_and_intervals() {
    let tiny = 2f32.powi(-100);
    near(Projection::unit_norm(Axes::all()), &[3.0 * tiny, -4.0 * tiny], &[0.6, -0.8]);
    near(Projection::unit_norm(Axes::all()), &[0.0, -0.0], &[0.0, -0.0]);
    let basis = Projection::unit_norm(Axes::all()).zero_slices(ZeroSlice::BasisVector);
    near(basis, &[0.0, 0.0], &[1.0, 0.0]);
    let between = Projection::min_max_norm(1.0, 10.0, Axes::all());
    near(between, &[0.3, 0.0], &[1.0, 0.0]);
    near(between, &[30.0, 0.0], &[10.0, 0.0]);
    near(between.rate(0.5), &[20.0, 0.0], &[15.0, 0.0]);
    near(between, &[3.0, 4.0], &[3.0, 4.0]);
    near(between.zero_slices(ZeroSlice::BasisVector), &[0.0], &[0.0]);
}

#[test]
fn sums_are_shrunk_by_sorting() {
    let ball = |c| Projection::ball(Norm::L1, c, Axes::all());
    near(ball(2.0), &[3.0, -1.0, 0.5], &[2.0, -0.0, 0.0]);
    near(ball(3.0), &[3.0, -1.5, 0.0], &[2.25, -0.75, 0.0]);
    near(ball(9.0), &[3.0, -1.5], &[3.0, -1.5]);
    near(ball(0.0), &[3.0, -1.5], &[0.0, -0.0]);
    near(ball(f64::INFINITY), &[3e38, -1.5], &[f64::from(3e38f32), -1.5]);
    near(ball(0.25), &[1e19, 1.0], &[0.25, 0.0]);
    near(Projection::sphere(Norm::L1, 1.0, Axes::all()), &[0.25, -0.5], &[0.375, -0.625]);
    near(Projection::sphere(Norm::L1, 1.0, Axes::all()), &[0.0, 0.0], &[0.0, 0.0]);
    let simplex = Projection::simplex(1.0, Axes::all());
    near(simplex, &[0.5, 0.5], &[0.5, 0.5]);
    near(simplex, &[0.0, 0.0, 0.0, 0.0], &[0.25; 4]);
    near(simplex, &[-5.0, 3.0], &[0.0, 1.0]);
}

#[test]
fn elements_are_clamped() {
    let bounds = Projection::bounds(-1.0, 2.0);
    near(bounds, &[-3.0, f32::INFINITY, -0.0, 1.5], &[-1.0, 2.0, -0.0, 1.5]);
    near(Projection::ball(Norm::Linf, 1.0, Axes::all()), &[-3.0, 0.5], &[-1.0, 0.5]);
    near(bounds.on_non_finite(OnNonFinite::Zero), &[f32::NAN], &[0.0]);
    let layout = Layout::contiguous([2]).unwrap();
    let ball = Projection::ball(Norm::Linf, 1.0, 0);
    let kept = project(&ball, &[f32::INFINITY, 5.0], &layout).unwrap();
    assert_eq!(kept, [f64::INFINITY, 5.0]);
}

#[test]
fn other_systems_have_formulas_of_their_own() {
    let keras = Projection::max_norm(10.0, Axes::all()).compat(Compat::Keras);
    near(keras, &[3.0, 4.0], &[3.0 * (5.0 / (5.0 + 1e-7)), 4.0 * (5.0 / (5.0 + 1e-7))]);
    near(keras.with_radius(1.0), &[3.0, 4.0], &[3.0 / (5.0 + 1e-7), 4.0 / (5.0 + 1e-7)]);
    let renorm = Projection::max_norm(5.0, Axes::all()).compat(Compat::Torch);
    near(renorm, &[3.0, 4.0], &[3.0, 4.0]);
    let normalize = Projection::unit_norm(Axes::all()).compat(Compat::Torch).with_epsilon(0.5);
    near(normalize, &[0.25, 0.0], &[0.5, 0.0]);
    let l2 = Projection::unit_norm(Axes::all()).compat(Compat::TensorFlow);
    near(l2, &[1e-8, 0.0], &[f64::from(1e-8f32) / 1e-6, 0.0]);
}
