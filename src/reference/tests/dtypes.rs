//! Tensors of 16 bits and of f64, by hand.

use half::{bf16, f16};

use super::*;
use crate::DType;
use crate::reference::double::times_power;

fn projected(projection: Projection, slice: &[f64]) -> Vec<Double> {
    project_double(&projection, slice, &Layout::contiguous([slice.len()]).unwrap()).unwrap()
}

#[test]
fn twice_the_precision() {
    let third = Double::from(1.0) / Double::from(3.0);
    let back = third * Double::from(3.0) - Double::from(1.0);
    assert!(third.low != 0.0 && back.high.abs() < 2f64.powi(-104));
    let root = Double::from(2.0).root();
    assert!(((root * root) - Double::from(2.0)).high.abs() < 2f64.powi(-103));
    let tiny = Double::from(1.0) + Double::from(2f64.powi(-90));
    assert_eq!((tiny - Double::from(1.0)).high, 2f64.powi(-90));
    assert!(tiny > Double::from(1.0) && (Double::from(f64::MAX) + tiny).high == f64::MAX);
    assert_eq!((Double::from(f64::MAX) * tiny).high, f64::MAX);
    assert_eq!(times_power(times_power(1.5, -1070), 1070), 1.5);
}

#[test]
fn norms_and_factors_beyond_f64() {
    let largest = f64::MAX;
    let one = Projection::max_norm(1.0, 0);
    assert!(projected(one, &[largest; 4]).iter().all(|y| (y.high - 0.5).abs() < 1e-16));
    // c/n is 1e-600.
    let down = projected(Projection::max_norm(1e-300, 0), &[1e300, 0.0])[0].high;
    assert!((down / 1e-300 - 1.0).abs() < 1e-15, "{down:e}");
    let up = projected(Projection::unit_norm(0).with_radius(1e300), &[-3e-310, 4e-310]);
    assert!((up[0].high / -0.6e300 - 1.0).abs() < 1e-12, "{:e}", up[0].high);
    assert!(!exceeds(&[largest; 3], f64::INFINITY) && exceeds(&[largest; 3], largest));
    assert!(exceeds(&[5e-324; 2], 5e-324) && !exceeds(&[5e-324; 4], 1e-323));
    assert_eq!(norm(Norm::L1, &[largest; 2]), f64::INFINITY);
}

#[test]
fn the_rim_of_f64_is_decided_to_the_last_bit() {
    let step = 2f64.powi(-30);
    // Their squares have more than 53 bits.
    assert!(exceeds(&[1.0 + step], (1.0 + step).next_down()));
    assert!(!exceeds(&[1.0 + step], 1.0 + step));
    assert!(exceeds(&[1.0 + step, 1e-150], 1.0 + step));
}

#[test]
fn sums_of_f64_are_shrunk() {
    let ball = |c| Projection::ball(Norm::L1, c, 0);
    assert_eq!(projected(ball(0.25), &[1e300, -1.0]), [Double::from(0.25), Double::from(-0.0)]);
    let large = projected(ball(f64::MAX), &[f64::MAX, f64::MAX]);
    assert_eq!(large, [Double::from(f64::MAX / 2.0); 2]);
    let third = projected(ball(1.0), &[1.0, 1.0, 1.0])[0];
    assert_eq!(third, Double::from(1.0) / Double::from(3.0));
}

#[test]
fn bounds_and_radii_of_each_dtype() {
    assert_eq!(bound_in(DType::F16, 1e9), 65504.0);
    // 0.1 is 1638.4 of these, 0.3 is 1228.8 of four.
    assert_eq!(bound_in(DType::F16, 0.1), 1638.0 / 16384.0);
    assert_eq!(bound_in(DType::F16, 0.3), 1228.0 / 4096.0);
    assert_eq!(bound_in(DType::F16, -0.1), -bound_in(DType::F16, 0.1));
    assert_eq!(bound_in(DType::BF16, 1.0 + 1.9 * 2f64.powi(-7)), 1.0 + 2f64.powi(-7));
    assert_eq!(bound_in(DType::BF16, f64::NEG_INFINITY), f64::NEG_INFINITY);
    assert_eq!((bound_in(DType::F64, 0.1), radius_in(DType::F64, 0.1)), (0.1, 0.1));
    assert_eq!(radius_in(DType::F16, 0.1), radius(0.1));
}

#[test]
fn sixteen_bits_are_widened() {
    let layout = Layout::contiguous([2]).unwrap();
    let half = [f16::from_f32(300.0), f16::from_f32(400.0)];
    assert_eq!(project(&Projection::max_norm(5.0, 0), &half, &layout).unwrap(), [3.0, 4.0]);
    let brain = [bf16::from_f32(3.0), bf16::from_f32(4.0)];
    assert_eq!(norms(Norm::L2, 0, &brain, &layout).unwrap(), [5.0]);
    let beyond = project(&Projection::unit_norm(0).with_radius(1e5), &half, &layout);
    assert!(matches!(beyond, Err(Error::RadiusBeyond { .. })));
}

#[test]
fn small_powers_of_quotients_under_f64_count() {
    let slice: Vec<f64> = [vec![1e300], vec![1e-24; 7]].concat();
    let found = norm(Norm::lp(1.0 / 64.0).unwrap(), &slice) / 1e300;
    // (1e-324)^(1/64) = 10^-5.0625.
    let expected = 7f64.mul_add(10f64.powf(-5.0625), 1.0).powi(64);
    assert!((found / expected - 1.0).abs() < 1e-12, "{found} {expected}");
}
