//! Radii and slices at the ends of every range.

use normproj::{Layout, Norm, Projection, Request, ZeroSlice};

use crate::contexts::contexts;
use crate::run::{plans, prove_with_radii, serves};
use crate::values::Value;

/// A memory of one row, and one radius for it.
fn prove_row<T: Value>(projection: Projection, row: &[T], radius: f64) {
    let layout = Layout::contiguous([row.len()]).expect("small");
    let one = Layout::contiguous([1]).expect("small");
    let request = Request::in_place(projection, layout).of(T::DTYPE).with_report().with_radii(one);
    for context in contexts().filter(|context| serves(context, T::DTYPE)) {
        for plan in plans(context, &request, 1) {
            prove_with_radii(context, &plan, row, &[], Some(&[radius]));
        }
    }
}

/// What is reported then is not c over the largest number.
#[test]
fn factors_of_norms_beyond_f64() {
    let row = [1.5e308, -1.7e308, 1.2e308];
    let unit_norm = Projection::unit_norm(0).with_radius(0.01);
    for projection in [
        Projection::clip_average_norm(0.01, 0),
        unit_norm,
        unit_norm.norm_in(Norm::L1),
        Projection::max_norm(1e300, 0),
    ] {
        prove_row(projection.least_radius(0.7), &row, 0.3);
    }
}

/// Where a part of the way is gone, what is left of a norm of 33 spacings of f64 is 23 of them, not 23.1.
#[test]
fn factors_of_norms_of_few_spacings() {
    let projection = Projection::min_max_norm(0.2, 0.3, 0).rate(0.3);
    prove_row(projection, &[33.0 * 5e-324], 0.0);
}

/// Minus zero as a radius is zero, and turns no basis vector over; neither does it a slice.
#[test]
fn a_radius_of_minus_zero_turns_nothing() {
    for norm in [Norm::L1, Norm::L2, Norm::Linf] {
        let unit_norm = Projection::unit_norm(0).norm_in(norm).least_radius(0.7);
        let projection = unit_norm.zero_slices(ZeroSlice::BasisVector);
        prove_row(projection, &[0.0f32, -0.0, 0.0], -0.0);
        prove_row(projection, &[0.0f64, -0.0, 0.0], -0.0);
        prove_row(projection, &[3.0f32, -4.0, 0.0], -0.0);
    }
    let weight_norm = Projection::weight_norm(0).least_radius(0.7);
    let projection = weight_norm.zero_slices(ZeroSlice::BasisVector);
    prove_row(projection, &[0.0f32, -0.0, 0.0], -0.0);
    prove_row(projection, &[3.0f32, -4.0, 0.0], -0.0);
}

/// A basis vector of a subnormal length is one, or the slice of zeros is kept.
#[test]
fn a_radius_that_some_adapters_take_for_zero() {
    for radius in [1e-42, 2f64.powi(-149)] {
        for norm in [Norm::L1, Norm::L2, Norm::Linf] {
            let unit_norm = Projection::unit_norm(0).norm_in(norm);
            let projection = unit_norm.zero_slices(ZeroSlice::BasisVector);
            prove_row(projection, &[0.0f32, -0.0], radius);
        }
    }
}

/// A product of a radius that lies among subnormal numbers is off by a spacing of them.
#[test]
fn cubes_of_a_subnormal_radius() {
    let spacing = f64::from_bits(1);
    let row = [442_207.0 * spacing, -442_204.0 * spacing, 1.0, 3.0 * spacing];
    prove_row(Projection::ball(Norm::Linf, 7.0, 0), &row, 63_172.0 * spacing);
    let spacing = f32::from_bits(1);
    let row = [442_207.0 * spacing, -442_204.0 * spacing, 1.0, 3.0 * spacing];
    prove_row(Projection::ball(Norm::Linf, 7.0, 0), &row, f64::from(63_172.0 * spacing));
}
