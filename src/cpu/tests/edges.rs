//! The edges of the contract.

use super::{bits, plans};
use crate::cpu::{norms, project, project_into};
use crate::layout::Layout;
use crate::plan::request::Request;
use crate::{Axes, Norm, Projection};

/// The result in place on every schedule; they may differ within rounding, so each is checked.
fn each(data: &[f32], shape: &[usize], axes: Axes, c: f64, check: impl Fn(&[f32])) {
    let layout = Layout::contiguous(shape).unwrap();
    let projection = Projection::max_norm(c, axes);
    for plan in plans(&Request::in_place(projection, layout)) {
        let mut found = data.to_vec();
        project(&plan, None, &mut found).unwrap();
        check(&found);
    }
    for plan in plans(&Request::into(projection, layout, layout)) {
        let mut found = vec![7.0; data.len()];
        project_into(&plan, None, data, &mut found).unwrap();
        check(&found);
    }
}

fn near(found: f32, exact: f64) {
    assert!(
        (f64::from(found) - exact).abs() <= 1e-6 * exact.abs() + 2f64.powi(-126),
        "{found}, {exact}"
    );
}

#[test]
fn a_large_element_does_not_swallow_a_small_one() {
    for (shape, axis) in [([1, 2], 1), ([2, 1], 0)] {
        each(&[1e20, 1.0], &shape, Axes::from(axis), 1.0, |found| {
            near(found[0], 1.0);
            near(found[1], 1e-20);
        });
    }
}

#[test]
fn norms_beyond_f32_and_factors_below_it() {
    // Columns: one whose norm exceeds f32, one that is tiny, one that is kept.
    let data =
        [3e38, 1e-30, 0.25, 3e38, -1e-30, f32::from_bits(1), 3e38, 0.0, 0.25, -3e38, 0.0, 0.0];
    for (c, kept) in [(1.0, 0.25), (1e-35, 0.0)] {
        each(&data, &[4, 3], Axes::from(0), c, |found| {
            near(found[0], 0.5 * c);
            near(found[9], -0.5 * c);
            if c == 1.0 {
                assert_eq!(
                    bits(&[found[1], found[4], found[5]]),
                    bits(&[data[1], data[4], data[5]])
                );
                assert_eq!(found[2], kept);
            }
        });
    }
    let layout = Layout::contiguous([4, 3]).unwrap();
    let request = Request::norms(Norm::L2, 0, layout, Layout::contiguous([3]).unwrap());
    for plan in plans(&request) {
        let mut found = [0.0; 3];
        norms(&plan, &data, &mut found).unwrap();
        assert_eq!(found[0], f32::INFINITY);
        near(found[1], 2f64.sqrt() * 1e-30);
    }
    // A radius above f32 bounds what f32 can hold.
    each(&[3e38; 4], &[4], Axes::all(), 5e38, |found| near(found[0], 2.5e38));
    each(&[3e38; 4], &[4], Axes::all(), 7e38, |found| assert_eq!(found, [3e38; 4]));
}

#[test]
fn radius_zero_gives_zeros_that_keep_their_signs() {
    let data = [1.0, -2.0, 0.0, -0.0, f32::from_bits(1), -0.0, f32::NAN, -1.0];
    let zeros = [0.0, -0.0, 0.0, -0.0, 0.0, -0.0];
    for (shape, axis) in [([4, 2], 1), ([2, 4], 0)] {
        // Columns of the transpose hold the same slices.
        let data = if axis == 1 { data.to_vec() } else { transposed(&data) };
        each(&data, &shape, Axes::from(axis), 0.0, |found| {
            let found = if axis == 1 { found.to_vec() } else { transposed_back(found) };
            assert_eq!(bits(&found[..6]), bits(&zeros));
            assert!(found[6].is_nan() && found[7] == -1.0);
        });
    }
}

fn transposed(data: &[f32]) -> Vec<f32> {
    (0..8).map(|i| data[i % 4 * 2 + i / 4]).collect()
}

fn transposed_back(data: &[f32]) -> Vec<f32> {
    (0..8).map(|i| data[i % 2 * 4 + i / 2]).collect()
}

#[test]
fn what_is_not_finite_keeps_every_bit() {
    let payload = f32::from_bits(0xffc1_2345);
    let signalling = f32::from_bits(0x7f80_0001);
    for odd in [f32::INFINITY, f32::NEG_INFINITY, payload, signalling] {
        let data = [odd, 5.0, 7.0, 5.0, 6.0, 5.0];
        each(&data, &[3, 2], Axes::from(0), 1.0, |found| {
            assert_eq!(bits(&[found[0], found[2], found[4]]), bits(&[odd, 7.0, 6.0]));
            near(found[1], 1.0 / 3f64.sqrt());
        });
        each(&data, &[2, 3], Axes::from(1), 1.0, |found| {
            assert_eq!(bits(&found[..3]), bits(&data[..3]));
            near(found[4], 6.0 / 86f64.sqrt());
        });
        each(&data, &[6], Axes::all(), f64::INFINITY, |found| assert_eq!(bits(found), bits(&data)));
    }
}

#[test]
fn nothing_is_done_where_there_is_nothing() {
    each(&[], &[0, 3], Axes::from(0), 1.0, |found| assert!(found.is_empty()));
    each(&[-5.0], &[], Axes::all(), 1.0, |found| near(found[0], -1.0));
    each(&[-5.0, 0.5], &[2], Axes::each(), 1.0, |found| {
        near(found[0], -1.0);
        assert_eq!(found[1], 0.5);
    });
    let (source, three) = (Layout::contiguous([0, 3]).unwrap(), Layout::contiguous([3]).unwrap());
    for plan in plans(&Request::norms(Norm::L2, 0, source, three)) {
        let mut found = [7.0; 3];
        norms::<f32>(&plan, &[], &mut found).unwrap();
        assert_eq!(found, [0.0; 3]);
    }
}
