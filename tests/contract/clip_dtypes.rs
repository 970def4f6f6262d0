//! Groups of every dtype, alone and mixed.

use normproj::{
    Clip, Compat, DType, Error, GivenNorm, Group, Model, Norm, OnNonFinite, Rounding, bf16, f16,
};

use crate::clip_run::{carry_out, prove};
use crate::clip_scene::Scene;
use crate::contexts::{contexts, say};
use crate::judge::Stats;
use crate::run::serves;
use crate::values::{Fill, Value};

fn values<T: Value>(fill: Fill, seed: u64, count: usize) -> Vec<T> {
    (0..count).map(|i| fill.value(seed, i)).collect()
}

/// Tensors of these dtypes, side by side: of odd lengths, so that words are shared.
fn scene(dtypes: &[DType], fill: Fill) -> Scene {
    dtypes.iter().enumerate().fold(Scene::empty(), |scene, (i, dtype)| {
        let (seed, count) = (40 + i as u64, [37, 5, 1031, 64, 1][i % 5]);
        crate::values::for_dtype!(*dtype, T => scene.and_beside(&values::<T>(fill, seed, count)))
    })
}

const HALF: &[DType] = &[DType::F16, DType::F16, DType::F16];
const BRAIN: &[DType] = &[DType::BF16, DType::BF16, DType::BF16];
const NARROW: &[DType] = &[DType::F16, DType::F32, DType::BF16, DType::F16, DType::F32];
const DOUBLE: &[DType] = &[DType::F64, DType::F64, DType::F64];
const ALL: &[DType] = &[DType::F64, DType::F16, DType::F32, DType::BF16, DType::F64];

fn norms() -> Vec<Norm> {
    let lp = |p| Norm::lp(p).expect("in range");
    vec![Norm::L1, Norm::L2, Norm::Linf, lp(3.0), lp(0.5), lp(7.3)]
}

#[test]
fn every_clip_of_every_dtype() {
    for context in contexts() {
        let mut run = 0;
        for dtypes in [HALF, BRAIN, NARROW, DOUBLE, ALL] {
            let scene = scene(dtypes, Fill::Normal);
            for norm in norms() {
                for radius in [0.0, 0.5, 12.0, 1e6] {
                    for clip in [Clip::global_norm(radius), Clip::each_norm(radius)] {
                        let clip = clip.norm(norm);
                        prove(context, clip, &scene);
                        prove(context, clip.rounding(Rounding::TowardZero), &scene);
                        prove(context, clip.compat(Compat::Torch), &scene);
                        run += 3;
                    }
                }
                prove(context, Clip::norms(norm), &scene);
                let given = Clip::global_norm(1.0).norm(norm).use_norm(GivenNorm::Host(7.0));
                prove(context, given, &scene);
                run += 2;
            }
            prove(context, Clip::value(-0.7, 0.9), &scene);
            run += 1;
        }
        say(&format!("clips of every dtype: {run} on {}", context.describe()));
        assert_eq!(run, 5 * (6 * (4 * 2 * 3 + 2) + 1));
    }
}

/// Where rounding adds more to a norm than its radius is, tensors aim at zero; what lies in that room is kept.
#[test]
fn tensors_in_the_room_of_their_dtype_are_kept() {
    let single = [bf16::from_f32(-3.7e-30)];
    let brain = Scene::empty().and_beside(&single).and_beside(&values::<bf16>(Fill::Mixed, 7, 18));
    let mut few = [f16::ZERO; 9];
    few[4] = f16::from_bits(1);
    let half = Scene::empty().and_beside(&few).and_beside(&[f16::ONE; 3]);
    for context in contexts() {
        let norm = Norm::lp(1.0 / 64.0).expect("in range");
        prove(context, Clip::each_norm(6.785).norm(norm), &brain);
        prove(context, Clip::global_norm(6.785).norm(norm), &brain);
        prove(context, Clip::each_norm(1e-12), &half);
        prove(context, Clip::each_norm(1e-30).norm(Norm::L1), &half);
    }
}

#[test]
fn groups_with_f64_are_refused_by_name_where_there_is_no_f64() {
    for context in contexts().filter(|context| !serves(context, DType::F64)) {
        for dtypes in [DOUBLE, ALL] {
            let refused = scene(dtypes, Fill::Normal).stage(context, Clip::global_norm(1.0)).err();
            let Some(Error::Unsupported { what, .. }) = refused else { panic!("{refused:?}") };
            assert_eq!(what, "clipping tensors of f64 (SHADER_F64 and SHADER_INT64)");
        }
    }
}

#[test]
fn every_policy_meets_every_dtype() {
    for context in contexts() {
        for dtype in DType::ALL {
            for bits in [1u64, 1 << 63 | 0x5a5a, 3] {
                let spoilt = crate::values::for_dtype!(dtype, T => {
                    let mut tensor = values::<T>(Fill::Normal, 3, 133);
                    tensor[77] = crate::values::non_finite(bits);
                    Scene::of_any(&[&tensor]).and(&[f16::ONE, f16::NEG_ONE]).and(&[2.0f32])
                });
                for policy in OnNonFinite::ALL {
                    for norm in norms().into_iter().take(4) {
                        let clip = Clip::global_norm(1.0).norm(norm).on_non_finite(policy);
                        prove(context, clip, &spoilt);
                        prove(
                            context,
                            Clip::each_norm(1.0).norm(norm).on_non_finite(policy),
                            &spoilt,
                        );
                    }
                    prove(context, Clip::value(-0.5, 0.25).on_non_finite(policy), &spoilt);
                }
            }
        }
    }
}

/// Tables and accumulators of no tensor, and of tensors of no element, are bound like others.
#[test]
fn nothing_is_clipped_in_every_dtype() {
    for context in contexts() {
        for dtype in DType::ALL {
            let scene = crate::values::for_dtype!(dtype, T => Scene::of_any::<T>(&[&[], &[]]));
            for norm in norms() {
                prove(context, Clip::global_norm(1.0).norm(norm), &scene);
                prove(context, Clip::each_norm(1.0).norm(norm), &scene);
            }
            prove(context, Clip::value(-0.5, 0.25), &scene);
        }
    }
}

/// The norm of all is as exact as its least exact part, whichever tensor comes first.
#[test]
fn the_norm_of_all_beside_an_empty_tensor_of_f64() {
    let scene = Scene::of_any::<f64>(&[&[]]).and(&[1.804_547_2f32]);
    for context in contexts().filter(|context| serves(context, DType::F64)) {
        for p in [1.7, 0.3, 3.0] {
            let norm = Norm::lp(p).expect("in range");
            prove(context, Clip::each_norm(1.0).norm(norm), &scene);
            prove(context, Clip::norms(norm), &scene);
        }
    }
}

/// What the sum of products may be off by is less than the norm, times an element it is beyond f64.
#[test]
fn gradients_near_the_largest_number_decay() {
    let scene = Scene::of_any(&[&[1.1369085839879873e308, -1.2e308, 1e308]])
        .with_weights(1.09, &[&[0.25, -3.0, 1.0]]);
    for context in contexts().filter(|context| serves(context, DType::F64)) {
        for rounding in [Rounding::Feasible, Rounding::Nearest] {
            prove(context, Clip::global_norm(1e30).rounding(rounding), &scene);
        }
    }
}

#[test]
fn decay_of_every_dtype() {
    for context in contexts() {
        for dtype in DType::ALL {
            let scene = crate::values::for_dtype!(dtype, T => {
                let [g, w] = [1, 2].map(|seed| values::<T>(Fill::Normal, seed, 301));
                let (one, two) = (T::of(0.5), T::of(-2.0));
                Scene::of_any(&[&g, &[one, two]]).with_weights(0.1, &[&w, &[two, one]])
            });
            for norm in norms().into_iter().take(4) {
                for radius in [0.0, 1.0, 1e9, f64::INFINITY] {
                    prove(context, Clip::global_norm(radius).norm(norm), &scene);
                    prove(context, Clip::each_norm(radius).norm(norm), &scene);
                }
            }
            prove(context, Clip::value(-0.5, 0.25), &scene);
        }
    }
}

/// The norms of f64 and of groups that it is in have its range, and its precision where it is alone.
#[test]
fn f64_keeps_its_range_and_precision() {
    let tiny = f64::from_bits(1);
    let scenes = [
        Scene::of_any(&[&[1e200, -1.0], &[3e200]]),
        Scene::of_any(&[&[1e-200, 2e-200], &[-3e-200]]),
        Scene::of_any(&[&[1.5e308; 40], &[-1.7e308; 3]]),
        Scene::of_any(&[&[tiny; 5], &[0.0, -0.0]]),
        Scene::of_any(&[&[1e300], &[1e-300], &[1.0]]),
        Scene::of_any(&[&[1e200, -1.0]]).and(&[3e38f32; 4]).and(&[f16::MAX]),
        Scene::of_any(&[&[1e-200, 2e-200]]).and(&[bf16::from_f32(1e-30)]).and(&[0.0f32]),
    ];
    for context in contexts().filter(|context| serves(context, DType::F64)) {
        for scene in &scenes {
            for norm in norms() {
                for radius in [0.0, 1e-320, 1e-210, 1.0, 2f64.powi(190), 1e250, f64::INFINITY] {
                    for clip in [Clip::global_norm(radius), Clip::each_norm(radius)] {
                        let clip = clip.norm(norm);
                        prove(context, clip, scene);
                        prove(context, clip.rounding(Rounding::Nearest), scene);
                        prove(context, clip.compat(Compat::Torch), scene);
                    }
                }
                prove(context, Clip::norms(norm), scene);
            }
        }
        // Far below f32, whose κ would take a millionth.
        let scene = Scene::of_any(&[&[3.0], &[4.0]]);
        let stage = scene.stage(context, Clip::global_norm(1.0)).expect("valid");
        let (after, found) = carry_out(&stage, &scene);
        let [x, y] = [&after.elements()[0], &after.elements()[1]].map(|tensor| tensor.values[0]);
        assert!((x - 0.6).abs() < 2e-14 && (y - 0.8).abs() < 2e-14 && x.hypot(y) <= 1.0);
        let found = found.expect("a report");
        assert_eq!((found.report.total().norm, found.norm), (5.0, 5.0));
        assert!((found.scale[0] - 0.2).abs() < 1e-14 && found.half_square == Some(12.5));
    }
}

/// What is of f32 and less keeps its bits, is rounded once and has NaN of its own beside f64, too.
#[test]
fn narrower_tensors_beside_f64_are_rounded_once() {
    let bits = [0x7fa0_0001, 0xffc0_1234, 0x7f80_0000, 0xff80_0000, 0x0000_0001, 0x8040_0000];
    let odd: Vec<f32> = bits.map(f32::from_bits).to_vec();
    let halves: Vec<f16> = (0..=u16::MAX).step_by(7).map(f16::from_bits).collect();
    let brains: Vec<bf16> = (0..=u16::MAX).step_by(11).map(bf16::from_bits).collect();
    let finite = |scale: f32| -> Vec<f32> {
        (0..500).map(|i| scale * (0.37 * i as f32).sin() * 2f32.powi(i % 40 - 20)).collect()
    };
    for context in contexts().filter(|context| serves(context, DType::F64)) {
        let scene = Scene::of_any(&[&[0.1, -2.0]]).and(&odd).and(&halves).and(&brains);
        prove(context, Clip::value(-1.0 / 3.0, 1e-41), &scene);
        prove(context, Clip::global_norm(1.0), &scene);
        let tensors = [finite(1.0), finite(1e-36), finite(1e32)];
        let scene = Scene::of_any(&[&[0.1, -2.0]]).and(&tensors[0]).and(&tensors[1]);
        let (small, large) = (f16::from_f32(1e-5), f16::from_f32(3.0));
        let scene = scene.and(&tensors[2]).and(&[small, large]).and(&[bf16::from_f32(1e-3)]);
        for rounding in [Rounding::Feasible, Rounding::Nearest, Rounding::TowardZero] {
            for radius in [1e-3, 1e10, 1e30] {
                prove(context, Clip::global_norm(radius).rounding(rounding), &scene);
                prove(context, Clip::each_norm(radius).rounding(rounding), &scene);
            }
        }
    }
}

/// What is under one norm with narrower tensors has the room that these need.
#[test]
fn a_group_has_the_room_of_its_coarsest_member() {
    let thirds = |count| vec![bf16::from_f32(1.0 / 3.0); count];
    for context in contexts() {
        let scene = Scene::of_any(&[&thirds(9)[..]]).and(&[1e-3f32, 2e-3]);
        // The norm is 1 + 2^-9 and a little more: beyond the radius, and within its room.
        let kept = prove(context, Clip::global_norm(1.0), &scene);
        assert_eq!(kept, Stats { inside: 1, ..Stats::default() }, "{}", context.describe());
        let cut = Clip::global_norm(1.0).rounding(Rounding::TowardZero);
        assert_eq!(prove(context, cut, &scene).outside, 1);
        // By its own norm the f32 has none.
        assert_eq!(prove(context, Clip::each_norm(2.2e-3), &scene).outside, 2);
    }
}

#[test]
fn values_of_sixteen_bits_keep_the_bits_of_nan() {
    let odd: Vec<f16> = [0xfd01, 0x7e55, 0x7c01, 0x7c00, 0xfc00, 0x3bff, 0x0001, 0x8000]
        .map(f16::from_bits)
        .to_vec();
    for context in contexts() {
        prove(context, Clip::value(-0.5, 0.5), &Scene::of_any(&[&odd]));
        let tensor = context.upload_as(&odd, [8]).expect("small");
        let model = Model::unnamed(context, [&tensor]).expect("valid");
        Group::new(Clip::value(-0.5, 0.5), &model)
            .and_then(|clip| clip.enqueue())
            .expect("it runs");
        let after: Vec<u16> =
            tensor.read_as::<f16>().expect("read").iter().map(|x| x.to_bits()).collect();
        assert_eq!(after, [0xfd01, 0x7e55, 0x7c01, 0x3800, 0xb800, 0x3800, 0x0001, 0x8000]);
    }
}
