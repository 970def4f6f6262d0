//! The oracle against values worked out by hand.

mod clip;
mod dtypes;
mod policies;
mod sets;

use super::*;

fn project_one(slice: &[f32], c: f64) -> Vec<f64> {
    let layout = Layout::contiguous([slice.len()]).unwrap();
    project(&Projection::max_norm(c, 0), slice, &layout).unwrap()
}

#[test]
fn scaling_is_exact_at_the_ends_of_the_range() {
    assert_eq!(project_one(&[3.0, 4.0], 5.0), [3.0, 4.0]);
    assert_eq!(project_one(&[3.0, 4.0], 2.5), [1.5, 2.0]);
    let long = project_one(&[1e20, 1.0], 1.0);
    assert!((long[0] - 1.0).abs() < 1e-15 && (long[1] * 1e20 - 1.0).abs() < 1e-7);
    assert_eq!(project_one(&[3e38; 4], 1.0), [0.5; 4]);
    let tiny = f32::from_bits(1);
    assert_eq!(project_one(&[tiny; 4], f64::from(tiny)), [f64::from(tiny) / 2.0; 4]);
}

#[test]
fn edges_follow_the_table() {
    let zeros = project_one(&[1.0, -2.0, -0.0], 0.0);
    assert_eq!(zeros.iter().map(|y| y.to_bits()).collect::<Vec<_>>(), [0, 1 << 63, 1 << 63]);
    assert_eq!(project_one(&[1e38, 3.0], f64::INFINITY), [f64::from(1e38f32), 3.0]);
    assert_eq!(project_one(&[0.0, -0.0], 1.0), [0.0, 0.0]);
    assert_eq!(project_one(&[f32::INFINITY, 9.0], 1.0), [f64::INFINITY, 9.0]);
    assert!(project_one(&[f32::NAN, 9.0], 1.0)[0].is_nan());
    assert_eq!(project_one(&[f32::NAN, 9.0], 0.0)[1], 9.0);
    assert_eq!(project_one(&[], 1.0), [0.0; 0]);
}

#[test]
fn the_rim_is_decided_to_the_last_bit() {
    assert!(!exceeds(&[3.0, 4.0], 5.0));
    assert!(exceeds(&[3.0, 4.0, f32::from_bits(1)], 5.0));
    assert!(!exceeds(&[1e38f32, 1e-38], f64::from(1e38f32).next_up()));
    assert!(exceeds(&[1e38f32, 1.0, 1e-38], f64::from(1e38f32)));
    assert!(!exceeds(&[f32::MAX; 3], f64::MAX) && !exceeds(&[1.0], f64::INFINITY));
    assert!(exceeds(&[-1.0], 0.0) && !exceeds(&[-0.0], 0.0) && !exceeds(&[0.0f32; 0], 0.0));
    // A bound of more than 24 bits: its square is not exact in one f64.
    let c = 2f64.sqrt();
    assert!(!exceeds(&[1.0, 1.0], c) && exceeds(&[1.0, 1.0], c.next_down()));
}

#[test]
fn sums_of_squares_keep_what_f64_drops() {
    assert_eq!(exact_sum_of_squares(&[2f32.powi(40), 1.0]), (2f64.powi(80), 1.0));
    assert_eq!(exact_sum_of_squares::<f32>(&[]), (0.0, 0.0));
    let many = vec![0.1f32; 1 << 16];
    let square = f64::from(0.1f32) * f64::from(0.1f32);
    assert_eq!(exact_sum_of_squares(&many), (square * 65536.0, 0.0));
    let scales = [2f32.powi(60), 2f32.powi(30), 1.0, 2f32.powi(-30)];
    assert_eq!(exact_sum_of_squares(&scales), (2f64.powi(120), 2f64.powi(60) + 1.0));
}

#[test]
fn other_norms_are_decided_to_the_last_bit() {
    let tiny = f32::from_bits(1);
    assert_eq!(exact_sum_of_magnitudes(&[2f32.powi(60), -1.0, 0.5]), (2f64.powi(60), 1.5));
    assert!(
        !exceeds_in(Norm::L1, &[-3.0, 4.0], 7.0) && exceeds_in(Norm::L1, &[-3.0, 4.0, tiny], 7.0)
    );
    assert!(!exceeds_in(Norm::Linf, &[-3.0, 2.0], 3.0) && exceeds_in(Norm::Linf, &[-3.0], 2.9));
    for norm in Norm::ALL {
        assert!(exceeds_in::<f32>(norm, &[], -1e-30) && !exceeds_in::<f32>(norm, &[], 0.0));
        assert!(!exceeds_in(norm, &[f32::MAX; 3], f64::INFINITY));
        assert!(exceeds_in(norm, &[tiny], 0.0) && !exceeds_in(norm, &[-0.0], 0.0));
    }
}

#[test]
fn bounds_of_elements_round_toward_zero() {
    assert_eq!((bound(0.1), bound(-0.1)), (0.1f32.next_down(), -0.1f32.next_down()));
    assert_eq!((bound(-0.5), bound(1e-50), bound(1e39)), (-0.5, 0.0, f32::MAX));
    assert_eq!((bound(-1e39), bound(f64::NEG_INFINITY)), (-f32::MAX, f32::NEG_INFINITY));
}

#[test]
fn radii_round_toward_zero() {
    assert_eq!(radius(5.0), 5.0);
    assert_eq!(radius(0.1), f64::from(0.1f32.next_down()));
    assert_eq!(radius(1.5 * 2f64.powi(-149)), 2f64.powi(-149));
    assert_eq!(radius(1e-50), 0.0);
    assert!(radius(-0.0).is_sign_positive());
    assert_eq!(radius(f64::INFINITY), f64::INFINITY);
    assert_eq!(radius(2f64.powi(130) * (1.0 + 2f64.powi(-24))), 2f64.powi(130));
    assert_eq!(radius(f64::MAX), 2f64.powi(1000) * (2f64.powi(24) - 1.0));
}

#[test]
fn slices_are_counted_in_row_major_order_of_the_kept_axes() {
    assert_eq!(slices(0, &[2, 3]).unwrap(), [[0, 3], [1, 4], [2, 5]]);
    assert_eq!(slices(-1, &[2, 3]).unwrap(), [[0, 1, 2], [3, 4, 5]]);
    assert_eq!(slices([0, 2], &[2, 2, 2]).unwrap(), [[0, 1, 4, 5], [2, 3, 6, 7]]);
    assert_eq!(slices(Axes::each(), &[2]).unwrap(), [[0], [1]]);
    assert_eq!(slices(Axes::all(), &[]).unwrap(), [[0]]);
    assert_eq!(slices(0, &[0, 2]).unwrap(), [[0usize; 0]; 2]);
    assert_eq!(slices(0, &[2, 0]).unwrap(), [[0usize; 0]; 0]);
}

#[test]
fn views_are_read_where_they_lie() {
    let layout = Layout::strided([2, 3], [1, 2], 1).unwrap();
    assert_eq!(places(&layout), [1, 3, 5, 2, 4, 6]);
    let data = [9.0f32, 3.0, 0.0, 4.0, 0.0, 0.0, 2.0];
    assert_eq!(norms(Norm::L2, 1, &data, &layout).unwrap(), [5.0, 2.0]);
    let beyond = norms(Norm::L2, 1, &data[..6], &layout);
    assert_eq!(beyond, Err(Error::OutOfBounds { needed: 28, available: 24 }));
}

#[test]
fn norms_of_slices_without_a_number() {
    let data = [f32::NAN, f32::INFINITY, 1.0, f32::NEG_INFINITY, 3e38, 3e38];
    let layout = Layout::contiguous([3, 2]).unwrap();
    let found = norms(Norm::L2, 1, &data, &layout).unwrap();
    assert!(found[0].is_nan() && found[1] == f64::INFINITY);
    assert!((found[2] / f64::from(3e38f32) - 2f64.sqrt()).abs() < 1e-15);
}

#[test]
fn norms_of_every_kind() {
    let data = [3.0, -4.0, f32::NAN, f32::INFINITY, 1.0, f32::NEG_INFINITY];
    let layout = Layout::contiguous([3, 2]).unwrap();
    for (norm, expected) in [(Norm::L1, 7.0), (Norm::L2, 5.0), (Norm::Linf, 4.0)] {
        let found = norms(norm, 1, &data, &layout).unwrap();
        assert!(found[0] == expected && found[1].is_nan() && found[2] == f64::INFINITY);
    }
}
