//! The edges of the contract, for groups.

use super::super::bits;
use super::fault::fault;
use super::{Case, profile};
use crate::layout::Layout;
use crate::model::{Clip, GivenNorm};
use crate::plan::group::Region;
use crate::{Compat, Error, Norm, OnNonFinite};

fn agrees(case: &Case) {
    case.each(|after| assert_eq!(fault(case, &after), None, "{case:?}"));
}

const PAYLOAD: f32 = f32::from_bits(0xffc1_2345);
const SIGNALLING: f32 = f32::from_bits(0x7f80_0001);

#[test]
fn any_finite_magnitude_works() {
    for norm in Norm::ALL {
        for clip in [Clip::global_norm(1.0), Clip::each_norm(1.0)].map(|clip| clip.norm(norm)) {
            agrees(&Case::apart(clip, &[&[1e20], &[0.75]]));
            agrees(&Case::apart(clip, &[&[1e20, 1.0]]));
            agrees(&Case::apart(clip, &[&[3e38; 4], &[3e38]]));
            agrees(&Case::apart(clip, &[&[f32::from_bits(1); 4], &[0.0, -0.0]]));
            agrees(&Case::apart(clip.with_radius(1e-38), &[&[3e38; 40], &[-1e38; 33]]));
            agrees(&Case::apart(clip.with_radius(2f64.powi(130)), &[&[3e38; 40], &[-1e38; 33]]));
        }
    }
    // The norm exceeds f32 on the device, and not on the host.
    let after = Case::apart(Clip::norms(Norm::L1), &[&[3e38; 4]]).run(&profile(64));
    assert_eq!(after.results[after.plan.results().start(Region::Norm)], f32::INFINITY);
    assert_eq!(after.report.unwrap().total().norm, 4.0 * f64::from(3e38f32));
}

#[test]
fn radii_of_zero_and_infinity() {
    let tensors: [&[f32]; 3] = [&[1.0, -2.0, -0.0], &[], &[0.0, -0.0]];
    for norm in Norm::ALL {
        for clip in [Clip::global_norm(0.0), Clip::each_norm(0.0)].map(|clip| clip.norm(norm)) {
            let case = Case::apart(clip, &tensors);
            agrees(&case);
            let after = case.run(&profile(64));
            assert_eq!(bits(&after.memories[0]), bits(&[0.0, -0.0, -0.0]));
            assert_eq!(bits(&after.memories[2]), bits(&[0.0, -0.0]));
            agrees(&Case::apart(clip.compat(Compat::Torch), &tensors));
            agrees(&Case::apart(clip.compat(Compat::Torch), &[&[0.0, -0.0]]));
            agrees(&Case::apart(clip.with_radius(f64::INFINITY), &tensors));
        }
    }
}

#[test]
fn every_policy_on_whatever_is_not_finite() {
    for policy in OnNonFinite::ALL {
        for odd in [f32::INFINITY, f32::NEG_INFINITY, PAYLOAD, SIGNALLING] {
            for norm in Norm::ALL {
                for radius in [0.0, 1.0, f64::INFINITY] {
                    let clips = [Clip::global_norm(radius), Clip::each_norm(radius)];
                    for clip in clips.map(|clip| clip.norm(norm).on_non_finite(policy)) {
                        let long = [&[1.0; 70][..], &[odd], &[-2.0; 70]].concat();
                        agrees(&Case::apart(clip, &[&[3.0, odd], &[-4.0, 0.0], &long]));
                        agrees(&Case::apart(clip, &[&[odd, f32::INFINITY], &[5.0]]));
                        agrees(&Case::apart(clip, &[&[PAYLOAD, odd, 1.0], &[5.0]]));
                    }
                }
            }
        }
    }
}

#[test]
fn clipping_by_value_is_exact() {
    let tensor = [-0.0, 0.0, 0.5, -0.5, f32::INFINITY, f32::NEG_INFINITY, PAYLOAD, SIGNALLING];
    let long = [&[0.25; 130][..], &tensor[..], &[0.125; 130]].concat();
    for policy in OnNonFinite::ALL {
        for (low, high) in [(-0.25, 0.25), (0.0, 0.0), (-1e30, 1.0), (0.5, f64::INFINITY)] {
            let clip = Clip::value(low, high).on_non_finite(policy);
            agrees(&Case::apart(clip, &[&tensor, &long, &[]]));
        }
    }
    // A bound that f32 lacks is rounded toward zero.
    let clip = Clip::value(-0.1, 1e39);
    let after = Case::apart(clip, &[&[-1.0, f32::INFINITY]]).run(&profile(64));
    assert_eq!(after.memories[0], [-0.099_999_994, f32::MAX]);
    assert_eq!(after.report, Err(Error::NoReport));
}

#[test]
fn norms_that_were_computed_elsewhere() {
    let tensors: [&[f32]; 2] = [&[3.0, -0.0], &[4.0]];
    for policy in OnNonFinite::ALL {
        for norm in Norm::ALL {
            let clip = Clip::global_norm(1.0).norm(norm).on_non_finite(policy);
            // What is added to a norm counts even where the norm is said to be zero.
            let torch = clip.with_radius(5e-7).compat(Compat::Torch);
            agrees(&Case::apart(torch.use_norm(GivenNorm::Host(0.0)), &tensors));
            for given in [0.0, 0.5, 2.0, 1e200, f64::INFINITY] {
                agrees(&Case::apart(clip.use_norm(GivenNorm::Host(given)), &tensors));
            }
            for given in [0.0, 0.5, 2.0, -1.0, f32::INFINITY, f32::NAN] {
                let mut case = Case::apart(clip.use_norm(GivenNorm::Device), &tensors);
                case.given = Some(given);
                agrees(&case);
            }
        }
    }
}

#[test]
fn decayed_tensors_are_written_inside_too() {
    let layout = Layout::contiguous([2]).unwrap();
    for (radius, policy) in [(10.0, OnNonFinite::Leave), (1.0, OnNonFinite::Zero)] {
        for odd in [1.0, f32::NAN, f32::INFINITY] {
            for clip in [Clip::global_norm(radius), Clip::each_norm(radius)] {
                let tensors: [&[f32]; 3] = [&[1.0, -0.5], &[0.25, 0.5], &[2.0, odd]];
                let mut case = Case::apart(clip.on_non_finite(policy), &tensors);
                let weights = case.members.split_off(2);
                case.decay = Some((0.5, weights));
                agrees(&case);
                // A gradient that decay cancels.
                case.memories[0] = vec![-1.0, -0.5 * odd];
                agrees(&case);
            }
        }
    }
    let both = Layout::strided([2], [1], 2).unwrap();
    let mut case = Case::new(Clip::value(-1.0, 1.0), vec![vec![0.5; 4]], vec![(0, layout)]);
    case.decay = Some((2.0, vec![(0, both)]));
    agrees(&case);
}

#[test]
fn nothing_is_done_where_there_is_nothing() {
    for clip in [Clip::global_norm(1.0), Clip::each_norm(0.0), Clip::norms(Norm::Linf)] {
        agrees(&Case::apart(clip, &[]));
        agrees(&Case::apart(clip, &[&[], &[]]));
    }
    agrees(&Case::apart(Clip::value(0.0, 1.0), &[]));
    let report = Case::apart(Clip::global_norm(1.0), &[]).run(&profile(64)).report.unwrap();
    assert!((report.total().norm, report.total().scale) == (0.0, 1.0) && !report.clipped());
}

#[test]
fn a_second_clip_changes_nothing() {
    let tensors: Vec<Vec<f32>> =
        (1..40).map(|i| (0..i * i).map(|k| (k % 17) as f32 - 7.3).collect()).collect();
    let tensors: Vec<&[f32]> = tensors.iter().map(Vec::as_slice).collect();
    for norm in Norm::ALL {
        for clip in [Clip::global_norm(3.0), Clip::each_norm(3.0)].map(|clip| clip.norm(norm)) {
            let once = Case::apart(clip, &tensors).run(&profile(64));
            assert!(once.report.unwrap().clipped());
            let again: Vec<&[f32]> = once.memories.iter().map(Vec::as_slice).collect();
            let twice = Case::apart(clip, &again).run(&profile(64));
            assert!(!twice.report.unwrap().clipped());
            assert_eq!(once.memories, twice.memories);
        }
    }
}
