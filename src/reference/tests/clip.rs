//! Clips of groups worked out by hand.

use crate::model::{Clip, GivenNorm};
use crate::projection::{Compat, OnNonFinite};
use crate::reference::{Clipped, Elements, clip};
use crate::{Error, Norm};

fn made(by: Clip, tensors: &[&[f32]]) -> Clipped {
    clip(&by, &tensors.iter().map(|t| Elements::of(t)).collect::<Vec<_>>(), None).unwrap()
}

fn given(by: Clip, norm: f32, tensors: &[&[f32]]) -> Clipped {
    let by = by.use_norm(GivenNorm::Device);
    clip(&by, &tensors.iter().map(|t| Elements::of(t)).collect::<Vec<_>>(), Some(norm.into()))
        .unwrap()
}

#[test]
fn one_norm_runs_over_all_tensors() {
    let found = made(Clip::global_norm(2.5), &[&[3.0], &[], &[-4.0, 0.0]]);
    assert_eq!(found.tensors, [vec![1.5], vec![], vec![-2.0, 0.0]]);
    assert_eq!((found.total, found.norms), (5.0, vec![3.0, 0.0, 4.0]));
    assert_eq!((found.scale, found.scales), (0.5, vec![0.5; 3]));
    let inside = made(Clip::global_norm(5.0), &[&[3.0], &[4.0]]);
    assert_eq!((inside.tensors, inside.scales), (vec![vec![3.0], vec![4.0]], vec![1.0; 2]));
    let none = made(Clip::global_norm(1.0), &[]);
    assert_eq!((none.total, none.tensors.len()), (0.0, 0));
}

#[test]
fn each_tensor_has_its_own() {
    let found = made(Clip::each_norm(2.0), &[&[0.0, 4.0], &[1.0]]);
    assert_eq!(found.tensors, [vec![0.0, 2.0], vec![1.0]]);
    assert_eq!((found.total, found.scale), (17f64.sqrt(), 1.0));
    assert_eq!(found.scales, [0.5, 1.0]);
    let spoilt = Clip::each_norm(2.0).on_non_finite(OnNonFinite::Zero);
    let found = made(spoilt, &[&[f32::INFINITY, 4.0], &[4.0], &[f32::NAN]]);
    assert_eq!(found.tensors, [vec![0.0, 0.0], vec![2.0], vec![0.0]]);
    assert!(found.total.is_nan() && found.scales == [1.0, 0.5, 1.0]);
}

#[test]
fn other_norms_differ() {
    let by = |norm| made(Clip::global_norm(1.0).norm(norm), &[&[1.0], &[-3.0]]);
    assert_eq!((by(Norm::L1).total, by(Norm::L1).tensors), (4.0, vec![vec![0.25], vec![-0.75]]));
    assert_eq!((by(Norm::Linf).total, by(Norm::Linf).tensors[1][0]), (3.0, -3.0 * (1.0 / 3.0)));
    assert_eq!(by(Norm::L2).total, 10f64.sqrt());
    let norms = made(Clip::norms(Norm::L1), &[&[1.0, 2.0], &[-3.0]]);
    assert_eq!((norms.total, norms.norms), (6.0, vec![3.0, 3.0]));
    assert_eq!(norms.tensors, [vec![1.0, 2.0], vec![-3.0]]);
}

#[test]
fn values_are_clamped_and_nan_stays() {
    let elements = [f32::NAN, -2.0, -0.0, 0.1, 7.0, f32::INFINITY, f32::NEG_INFINITY];
    let by = Clip::value(-1.0, 0.1).on_non_finite(OnNonFinite::Zero);
    let found = made(by, &[&elements]).tensors.concat();
    let high = f64::from(0.1f32.next_down());
    assert!(found[0].is_nan() && found[2].is_sign_negative());
    assert_eq!(found[1..], [-1.0, 0.0, high, high, high, -1.0]);
}

#[test]
fn the_ends_of_the_range() {
    let wide = made(Clip::global_norm(1.0), &[&[3e38, 3e38], &[3e38, 3e38]]);
    assert_eq!(wide.tensors, [[0.5, 0.5]; 2]);
    assert!(wide.total > 5.9e38);
    let zero = made(Clip::global_norm(0.0), &[&[-2.0], &[3.0]]);
    assert!(zero.tensors[0][0].is_sign_negative() && zero.tensors.concat() == [0.0; 2]);
    let torch = made(Clip::global_norm(0.0).compat(Compat::Torch), &[&[-2.0]]);
    assert_eq!((torch.tensors[0][0], torch.scales[0]), (0.0, 0.0));
    let all = made(Clip::global_norm(f64::INFINITY), &[&[3e38, -1.0]]);
    assert_eq!(all.tensors.concat(), [f64::from(3e38f32), -1.0]);
}

#[test]
fn a_nan_anywhere_decides_for_all() {
    let by = |policy| Clip::global_norm(1.0).on_non_finite(policy);
    let nan: [&[f32]; 2] = [&[5.0], &[f32::NAN, f32::INFINITY]];
    let left = made(by(OnNonFinite::Leave), &nan);
    assert!(left.tensors[0] == [5.0] && left.tensors[1][0].is_nan() && left.total.is_nan());
    assert_eq!((left.norms[0], left.scales), (5.0, vec![1.0; 2]));
    assert_eq!(made(by(OnNonFinite::Zero), &nan).tensors, [vec![0.0], vec![0.0, 0.0]]);
    for policy in [OnNonFinite::Propagate, OnNonFinite::Poison] {
        assert!(made(by(policy), &nan).tensors.concat().iter().all(|y| y.is_nan()));
    }
    let infinite: [&[f32]; 2] = [&[5.0], &[f32::NEG_INFINITY, 1.0]];
    let spread = made(by(OnNonFinite::Propagate), &infinite);
    assert!(spread.tensors[0] == [0.0] && spread.tensors[1][0].is_nan());
    assert_eq!((spread.tensors[1][1], spread.total), (0.0, f64::INFINITY));
}

#[test]
fn a_norm_that_is_given_takes_the_place_of_the_tensors_own() {
    let clip = Clip::global_norm(1.0).on_non_finite(OnNonFinite::Poison);
    let found = made(clip.use_norm(GivenNorm::Host(4.0)), &[&[8.0], &[f32::NAN]]);
    assert!(found.tensors[0] == [2.0] && found.tensors[1][0].is_nan() && found.total == 4.0);
    assert_eq!(found.norms, [0.0; 2], "nothing is known of them");
    assert_eq!(given(clip, 0.5, &[&[8.0]]).tensors, [[8.0]]);
    assert!(given(clip, f32::INFINITY, &[&[8.0]]).tensors[0][0].is_nan());
    for no_norm in [f32::NAN, -1.0, f32::NEG_INFINITY] {
        let left = given(clip, no_norm, &[&[8.0]]);
        assert!(left.tensors == [[8.0]] && left.total.is_nan(), "{no_norm} is no norm");
    }
    let missing = super::super::clip(&clip.use_norm(GivenNorm::Device), &[], None);
    assert!(matches!(missing, Err(Error::PlanMismatch { .. })));
    let negative = super::super::clip(&Clip::global_norm(-1.0), &[], None);
    assert_eq!(negative, Err(Error::Radius { radius: -1.0 }));
}

#[test]
fn decay_rounds_the_rate_and_the_sum_once_each() {
    let decayed = |rate, g: &[f32], w: &[f32]| crate::reference::decayed(rate, g, w).values;
    assert_eq!(decayed(0.5, &[1.0, -1.0], &[4.0, 2.0]), [3.0, 0.0]);
    // (1 + 2⁻¹²)² − 1 is 2⁻¹¹ + 2⁻²⁴; a product that is rounded before the sum loses the second.
    let above = 1.0 + 2f32.powi(-12);
    assert_eq!(decayed(above.into(), &[-1.0], &[above]), [2f64.powi(-11) + 2f64.powi(-24)]);
    assert_ne!(above * above - 1.0, 2f32.powi(-11) + 2f32.powi(-24));
    assert_eq!(decayed(0.1, &[0.0], &[1.0]), [f64::from(0.1f32)]);
    // What is read of 16 bits is not rounded to them; f64 keeps the rate's own bits.
    let half = crate::reference::decayed(0.1, &[half::f16::ONE], &[half::f16::ONE]);
    assert_eq!(half.values, [f64::from(1.0 + 0.1f32)]);
    assert_eq!(crate::reference::decayed(0.1, &[0.0], &[1.0]).values, [0.1]);
}

#[test]
fn every_dtype_has_its_own_radius_and_bounds() {
    let (wide, narrow) = (Elements::of(&[3.0f64, 4.0]), Elements::of(&[half::f16::from_f32(12.0)]));
    let both = clip(&Clip::global_norm(0.1), &[wide.clone(), narrow.clone()], None).unwrap();
    assert_eq!((both.total, both.scale), (13.0, 0.1 / 13.0), "f64 keeps the bits of a radius");
    let each = clip(&Clip::each_norm(0.1), &[wide, narrow.clone()], None).unwrap();
    assert_eq!(each.scales, [0.02, f64::from(0.1f32.next_down()) / 12.0]);
    let clamped = clip(&Clip::value(-0.1, 0.1), &[narrow], None).unwrap().tensors;
    assert_eq!(clamped, [[f64::from(half::f16::from_bits(0x2e66))]]);
    // Norms whose squares are beyond f64 at either end.
    for (x, radius) in [(1e200f64, 1e-200), (1e-200, 1e-210), (1.5e308, 1.0)] {
        let found = clip(&Clip::global_norm(radius), &[Elements::of(&[x, 0.0])], None);
        assert_eq!(found.unwrap().tensors, [[radius, 0.0]], "{x}");
    }
}
