//! Clips by a norm that was computed elsewhere, by the host or on the device.

use normproj::{
    Clip, Compat, Context, DType, Error, GivenNorm, Group, Layout, Model, Norm, OnNonFinite,
};

use crate::clip_run::prove;
use crate::clip_scene::Scene;
use crate::contexts::{contexts, say};
use crate::judge::Stats;
use crate::run::serves;

fn scene() -> Scene {
    Scene::of(&[&[3.0, -0.0, 1e-20], &[], &[-4.0, 3e38, 0.5, 7.0, -1e30]])
}

/// The clips that a norm can be given to.
fn clips() -> Vec<Clip> {
    let mut clips = Vec::new();
    for norm in Norm::ALL {
        for radius in [0.0, 1.0, 3e38, f64::INFINITY] {
            let clip = Clip::global_norm(radius).norm(norm);
            clips.extend([clip, clip.compat(Compat::Torch), clip.compat(Compat::Optax)]);
        }
    }
    clips
}

/// The policies that a norm can meet: they say nothing of finite ones.
fn policies(norm: f64) -> &'static [OnNonFinite] {
    if norm.is_finite() { &[OnNonFinite::Leave] } else { &OnNonFinite::ALL }
}

#[test]
fn a_norm_of_the_host_is_used() {
    for context in contexts() {
        let mut run = 0;
        for clip in clips() {
            for norm in [0.25, 1.0, 4.0, 1e30, 3e38, 1e200, f64::INFINITY] {
                for &policy in policies(norm) {
                    let clip = clip.use_norm(GivenNorm::Host(norm)).on_non_finite(policy);
                    prove(context, clip, &scene());
                    run += 1;
                }
            }
        }
        say(&format!("clips by a norm of the host: {run} on {}", context.describe()));
        assert_eq!(run, 3 * 4 * 3 * (6 + 4));
    }
}

#[test]
fn a_norm_on_the_device_is_used() {
    for context in contexts() {
        let mut run = 0;
        for clip in clips() {
            for given in [0.25, 1.0, 4.0, 1e30, 3e38, f32::INFINITY] {
                for &policy in policies(given.into()) {
                    let scene = Scene { given: Some(given.into()), ..scene() };
                    let clip = clip.use_norm(GivenNorm::Device).on_non_finite(policy);
                    prove(context, clip, &scene);
                    run += 1;
                }
            }
        }
        say(&format!("clips by a norm on the device: {run} on {}", context.describe()));
        assert_eq!(run, 3 * 4 * 3 * (5 + 4));
    }
}

/// Where a tensor is f64, so is the norm: beyond f32, subnormal, or of more bits than f32 has.
#[test]
fn a_norm_of_f64_is_used() {
    let scene = Scene::of_any(&[&[3.0, -1e300, 1e-300], &[0.1f64]]).and(&[7.0f32, -3e38]);
    for context in contexts() {
        for norm in [Norm::L1, Norm::L2, Norm::Linf, Norm::lp(3.0).expect("in range")] {
            for given in [0.1, 4.0, 1e300, f64::MAX, 5e-324, 0.0, f64::INFINITY, f64::NAN, -1.0] {
                for &policy in policies(given) {
                    let clip = Clip::global_norm(0.3).norm(norm).on_non_finite(policy);
                    let on_device = Scene { given: Some(given), ..scene.clone() };
                    prove(context, clip.use_norm(GivenNorm::Device), &on_device);
                    if given >= 0.0 {
                        prove(context, clip.use_norm(GivenNorm::Host(given)), &scene);
                    }
                }
            }
        }
    }
}

#[test]
fn a_norm_of_another_dtype_than_the_results_is_refused() {
    for context in contexts() {
        let single = context.upload(&[1.0, 2.0], [2]).expect("small");
        let double = context.upload_as(&[1.0f64, 2.0], [2]).expect("small");
        let model = |tensor| Model::unnamed(context, [tensor]).expect("valid");
        let one = |dtype| context.zeros_as([1], dtype).expect("small");
        let of_single = Group::by_norm(Clip::global_norm(1.0), &model(&single), &one(DType::F64));
        let dtypes = |expected, found| Some(Error::Dtype { what: "the norm", expected, found });
        assert_eq!(of_single.err(), dtypes(DType::F32, DType::F64));
        if serves(context, DType::F64) {
            let of_double =
                Group::by_norm(Clip::global_norm(1.0), &model(&double), &one(DType::F32));
            assert_eq!(of_double.err(), dtypes(DType::F64, DType::F32));
        }
    }
}

#[test]
fn a_norm_on_the_device_may_stand_anywhere() {
    for context in contexts() {
        let norms: Vec<f32> = (0..70).map(|i| i as f32).collect();
        let norms = context.upload(&norms, [70]).expect("small");
        for place in [1, 3, 16, 65, 69] {
            let at = |size, offset| Layout::strided([size], [1], offset).expect("one axis");
            let norm = norms.view(at(1, place)).expect("inside");
            let tensor = context.upload(&[1000.0, -1.0], [2]).expect("small");
            let model = Model::unnamed(context, [&tensor]).expect("valid");
            let clip = Group::by_norm(Clip::global_norm(0.5), &model, &norm).expect("valid");
            let report = clip.run().and_then(|report| report.wait()).expect("it runs");
            assert_eq!(report.total().norm, place as f64, "{}", context.describe());
            let other = clip.with_radius(0.25).expect("valid");
            let report = other.run().and_then(|report| report.wait()).expect("it runs");
            assert_eq!(report.total().norm, place as f64, "{}", context.describe());
        }
    }
}

#[test]
fn a_small_norm_beside_epsilon_scales_large_elements() {
    let scene = Scene::of(&[&[3e38, -1e38, 1.0, 2e-30]]);
    for context in contexts() {
        for norm in [1e-20, 1e-9, 1e-7] {
            for radius in [2f64.powi(-21), 5e-7] {
                let clip = Clip::global_norm(radius).compat(Compat::Torch);
                prove(context, clip.use_norm(GivenNorm::Host(norm)), &scene);
            }
        }
    }
}

#[test]
fn what_is_no_norm_leaves_everything_and_is_told() {
    for context in contexts() {
        for no_norm in [f32::NAN, f32::from_bits(0xff80_0001), -1.0, -1e-30, f32::NEG_INFINITY] {
            for policy in OnNonFinite::ALL {
                let clip = Clip::global_norm(1.0).on_non_finite(policy);
                let clip = clip.use_norm(GivenNorm::Device);
                let scene = Scene { given: Some(no_norm.into()), ..scene() };
                let stats = prove(context, clip, &scene);
                assert_eq!(stats, Stats { non_finite: 1, ..Stats::default() });
            }
        }
    }
}

#[test]
fn bad_elements_do_not_count_under_a_given_norm() {
    let scene = Scene::of(&[&[f32::NAN, 3.0], &[f32::INFINITY, -8.0]]);
    for context in contexts() {
        for policy in OnNonFinite::ALL {
            for given in [0.5, 4.0] {
                let clip = Clip::global_norm(1.0).on_non_finite(policy);
                prove(context, clip.use_norm(GivenNorm::Host(given)), &scene);
            }
        }
    }
}

#[test]
fn norms_and_clip_are_two_stages_without_a_wait() {
    for context in contexts() {
        let stages = |context: &Context, values: &[f32]| {
            let tensor = context.upload(values, [values.len()])?;
            let model = Model::unnamed(context, [&tensor])?;
            let norms = Group::new(Clip::norms(Norm::L2), &model)?;
            let clip = Group::by_norm(Clip::global_norm(1.0), &model, &norms.norm()?)?;
            drop(norms.run()?);
            let report = clip.run()?.wait()?;
            Ok::<_, Error>((tensor.read()?, report.total().norm))
        };
        let (clipped, norm) = stages(context, &[3.0, 4.0]).expect("valid");
        assert!((clipped[0] - 0.6).abs() < 1e-5 && (clipped[1] - 0.8).abs() < 1e-5);
        assert!((norm - 5.0).abs() < 1e-5);
        let (kept, _) = stages(context, &[0.3, 0.4]).expect("valid");
        assert_eq!(kept, [0.3, 0.4]);
    }
}
