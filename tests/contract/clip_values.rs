//! Clips of values that are hard on a norm.

use normproj::{Clip, Compat, Context, Norm, OnNonFinite, Rounding, reference};

use crate::clip_run::prove;
use crate::clip_scene::Scene;
use crate::contexts::{contexts, say};
use crate::judge::Stats;

fn on_each(prove: impl Fn(&Context)) {
    contexts().for_each(prove);
}

/// The clips whose promises are those of a norm.
fn clips(radius: f64) -> impl Iterator<Item = Clip> {
    let kinds = [Clip::global_norm(radius), Clip::each_norm(radius)];
    let normed = kinds.into_iter().flat_map(|clip| Norm::ALL.map(|norm| clip.norm(norm)));
    normed.flat_map(|clip| [clip, clip.rounding(Rounding::Nearest), clip.compat(Compat::Torch)])
}

#[test]
fn every_finite_input_is_clipped_in_range() {
    let tiny = f32::from_bits(1);
    let scenes: [&[&[f32]]; 9] = [
        &[&[1e20, 1.0]],
        &[&[1e20], &[1.0], &[-1e-20]],
        &[&[3e38; 4]],
        &[&[3e38; 3], &[-3e38; 70], &[1.0]],
        &[&[f32::MAX; 5], &[f32::MIN_POSITIVE; 5]],
        &[&[1e-30, 2e-30], &[3e-30]],
        &[&[f32::MIN_POSITIVE; 7], &[1.5 * f32::MIN_POSITIVE; 9]],
        &[&[tiny; 40], &[1.0, -1.0]],
        &[&[0.0, -0.0], &[0.0]],
    ];
    on_each(|context| {
        let mut run = 0;
        for tensors in scenes {
            for radius in [0.0, 1e-36, 1.0, 1e10, 3.3e38, 1e39, f64::INFINITY] {
                for clip in clips(radius) {
                    prove(context, clip, &Scene::of(tensors));
                    run += 1;
                }
            }
        }
        say(&format!("clips at the ends of the range: {run} on {}", context.describe()));
        assert_eq!(run, 9 * 7 * 18);
    });
}

/// What an adapter takes for zeros is inside of any radius, and is left alone.
#[test]
fn subnormal_tensors_inside_keep_their_bits() {
    let value = f32::from_bits(0x0030_ebd3);
    on_each(|context| {
        for tensors in [&[&[-value][..]][..], &[&[value; 5], &[-value, 0.0]]] {
            for norm in Norm::ALL {
                let whole = Clip::norms(norm);
                let total = reference::clip(&whole, &Scene::of(tensors).decayed(), None);
                let radius = total.expect("norms of anything").total;
                for radius in [radius, 2.0 * radius] {
                    for clip in [Clip::global_norm(radius), Clip::each_norm(radius)] {
                        prove(context, clip.norm(norm), &Scene::of(tensors));
                    }
                }
            }
        }
    });
}

#[test]
fn what_is_inside_keeps_its_bits_and_what_is_not_is_scaled() {
    let scene = Scene::of(&[&[0.3, -0.4], &[], &[1.2, 0.0, -0.0]]);
    on_each(|context| {
        let by = |clip| prove(context, clip, &scene);
        let one = |inside, outside| Stats { inside, outside, ..Stats::default() };
        assert_eq!(by(Clip::global_norm(1.31)), one(1, 0));
        assert_eq!(by(Clip::global_norm(1.29)), one(0, 1));
        assert_eq!(by(Clip::each_norm(0.9)), one(2, 1), "an empty tensor is inside");
        assert_eq!(by(Clip::global_norm(1.91).norm(Norm::L1)), one(1, 0));
        assert_eq!(by(Clip::global_norm(1.89).norm(Norm::L1)), one(0, 1));
        assert_eq!(by(Clip::global_norm(1.21).norm(Norm::Linf)), one(1, 0));
        assert_eq!(by(Clip::global_norm(1.19).norm(Norm::Linf)), one(0, 1));
    });
}

#[test]
fn empty_tensors_and_empty_models_succeed() {
    on_each(|context| {
        for tensors in [&[][..], &[&[][..]], &[&[], &[]], &[&[], &[3.0, 4.0], &[]]] {
            let scene = Scene::of(tensors);
            for clip in clips(0.5).chain([Clip::value(-1.0, 1.0)]) {
                prove(context, clip, &scene);
            }
            for norm in Norm::ALL {
                prove(context, Clip::norms(norm), &scene);
            }
        }
    });
}

#[test]
fn values_are_clamped_exactly() {
    let nan = f32::from_bits(0xffa0_1234);
    let (low, high) = (0.1f32.next_down(), 0.1f32);
    let scene = Scene::of(&[
        &[nan, f32::INFINITY, f32::NEG_INFINITY, 0.0, -0.0],
        &[low, high, high.next_up(), -low, 3e38, -3e38, 1e-40],
    ]);
    let inf = f64::INFINITY;
    on_each(|context| {
        for (low, high) in [
            (-1.0, 1.0),
            (-0.1, 0.1),
            (0.0, 0.0),
            (-inf, 0.5),
            (0.25, inf),
            (-inf, inf),
            (-1e39, 1e39),
            (2.0, 2.0),
        ] {
            for policy in OnNonFinite::ALL {
                prove(context, Clip::value(low, high).on_non_finite(policy), &scene);
            }
        }
    });
}

#[test]
fn norms_alone_write_nothing() {
    let scene = Scene::of(&[&[3.0, -4.0], &[3e38, 3e38], &[1e-30]]);
    let spoilt = Scene::of(&[&[1.0], &[f32::NAN, 2.0], &[f32::INFINITY]]);
    on_each(|context| {
        for norm in Norm::ALL {
            for policy in OnNonFinite::ALL {
                prove(context, Clip::norms(norm).on_non_finite(policy), &scene);
                prove(context, Clip::norms(norm).on_non_finite(policy), &spoilt);
            }
        }
    });
}
