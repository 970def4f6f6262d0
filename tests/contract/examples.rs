//! Clips of the examples of a batch, and their sums, on every context.

use normproj::plan::margin::U;
use normproj::{
    Clip, Context, DType, Error, Examples, GivenNorm, Layout, Model, Norm, OnNonFinite, Rounding,
    bf16, f16,
};
use proptest::prelude::*;
use proptest::sample::select;

use crate::clip_compare::Judge;
use crate::clip_scene::{Place, Scene};
use crate::contexts::{contexts, say};
use crate::examples_check::{Batch, Counts, Found, check, prove};
use crate::golden_case::{Files, Golden, number};
use crate::properties::config;
use crate::values::{Fill, Value, for_dtype, hash, non_finite};

fn values<T: Value>(seed: u64, count: usize) -> Vec<T> {
    (0..count).map(|i| Fill::Normal.value(seed, i)).collect()
}

/// Tensors of three widths and two sizes of norm.
fn batch<T: Value>(examples: usize) -> Batch {
    let widths = [5, 130, 1];
    let scaled = |seed: u64, width: usize| -> Vec<T> {
        let value = |i: usize| {
            let scale = if (i / width).is_multiple_of(3) { 0.01 } else { 1.0 };
            T::of(scale * Fill::Normal.value::<f32>(seed, i).wide())
        };
        (0..examples * width).map(value).collect()
    };
    let tensors: Vec<Vec<T>> =
        widths.iter().enumerate().map(|(i, &width)| scaled(i as u64, width)).collect();
    Batch::of(examples, &tensors.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

fn norms() -> Vec<Norm> {
    vec![Norm::L2, Norm::L1, Norm::Linf, Norm::lp(3.0).expect("in range")]
}

#[test]
fn each_example_is_clipped_by_its_own_norm() {
    for context in contexts() {
        let mut run = 0;
        for norm in norms() {
            for radius in [0.0, 0.5, 4.0, 1e9, f64::INFINITY] {
                let clip = Clip::global_norm(radius).norm(norm);
                for examples in [0, 1, 7, 40] {
                    prove(context, clip, &batch::<f32>(examples));
                    run += 1;
                }
                prove(context, clip.rounding(Rounding::Nearest), &batch::<f32>(7));
            }
        }
        let counts = prove(context, Clip::global_norm(4.0), &batch::<f32>(40));
        assert_eq!(counts, Counts { outside: 26, rim: 0, bad: 0 });
        say(&format!("clips of examples: {run} on {}", context.describe()));
        assert_eq!(run, 4 * 5 * 4);
    }
}

/// Norms of f64 are stored as f32, where they may be zero.
#[test]
fn norms_may_lie_under_f32() {
    for context in contexts() {
        for norm in norms() {
            let values: Vec<f64> = (1..=15).map(|i| 1e-169 * f64::from(i)).collect();
            prove(context, Clip::global_norm(1.0).norm(norm), &Batch::of(5, &[&values]));
        }
    }
}

/// A part of a sum leaves f32 before the rest takes it back.
#[test]
fn parts_of_sums_may_leave_f32() {
    let values = [3e38, -3e38, 2e38, -1e38].repeat(10);
    for context in contexts() {
        prove(context, Clip::global_norm(f64::INFINITY), &Batch::of(40, &[&values[..]]));
        let single: Vec<f32> = values.iter().map(|&x| x as f32).collect();
        prove(context, Clip::global_norm(f64::INFINITY), &Batch::of(40, &[&single]));
    }
}

#[test]
fn examples_of_every_dtype_and_mixed() {
    for context in contexts() {
        for norm in norms() {
            let clip = Clip::global_norm(2.0).norm(norm);
            for clip in [clip, clip.rounding(Rounding::TowardZero)] {
                prove(context, clip, &batch::<f16>(9));
                prove(context, clip, &batch::<bf16>(9));
                prove(context, clip, &batch::<f64>(9));
                let mixed = batch::<f32>(9).and(&values::<f16>(7, 27)).and(&values::<bf16>(8, 63));
                prove(context, clip, &mixed);
                prove(context, clip, &mixed.and(&values::<f64>(9, 9)));
            }
        }
    }
    // Norms of f64 whose squares are beyond f64.
    let far = Batch::of(2, &[&[1e200, 3.0, 4e200, 4.0]]).and(&[-1e-200f64, 1e-300]);
    for radius in [1.0, 1e100, 1e-210] {
        contexts().for_each(|context| {
            prove(context, Clip::global_norm(radius), &far);
        });
    }
}

#[test]
fn every_finite_example_is_in_range() {
    for context in contexts() {
        let far =
            Batch::of(3, &[&[3e38f32, 3e38, 1e20, 1.0, 1e-30, 2e-30], &[-3e38, 1e-20, 3e-30]]);
        for norm in norms() {
            for radius in [1e-30, 1.0, 1e20] {
                prove(context, Clip::global_norm(radius).norm(norm), &far);
            }
        }
    }
}

#[test]
fn an_example_that_is_not_finite_counts_nothing_unless_asked() {
    for context in contexts() {
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let mut one = values::<f32>(1, 6 * 4);
            one[2 * 4 + 1] = bad;
            let batch = Batch::of(6, &[&one, &values::<f32>(2, 6 * 3)]);
            for policy in OnNonFinite::ALL {
                let clip = Clip::global_norm(1.0).on_non_finite(policy);
                let counts = prove(context, clip, &batch);
                assert_eq!(counts.bad, 1);
                let found = batch.stage(context, clip).expect("valid").run(&batch);
                let sums = found.sums.elements();
                let spoilt = sums.iter().flat_map(|sum| &sum.values).filter(|y| y.is_nan()).count();
                let expected = match policy {
                    OnNonFinite::Leave | OnNonFinite::Zero => 0,
                    OnNonFinite::Propagate if bad.is_infinite() => 1,
                    _ => 7,
                };
                assert_eq!(spoilt, expected, "{policy} of {bad}");
                assert_eq!(found.report.first_non_finite(), Some("2"));
            }
        }
    }
}

#[test]
fn views_of_any_kind_are_read_where_they_lie() {
    let at = |memory, shape: &[usize], strides: &[usize], offset| {
        let layout = Layout::strided(shape, strides, offset).expect("it does not overlap");
        Place { memory, layout, dtype: DType::F32 }
    };
    let gradients = [
        at(0, &[6, 5, 3], &[17, 3, 1], 2),
        at(0, &[6, 9], &[11, 1], 110),
        at(1, &[6, 4, 2], &[1, 6, 24], 3),
        at(1, &[6], &[1], 60),
    ];
    let sums = [
        at(0, &[5, 3], &[3, 1], 1),
        at(0, &[9], &[2], 20),
        at(1, &[4, 2], &[1, 4], 5),
        at(1, &[], &[], 0),
    ];
    for context in contexts() {
        for radius in [0.5, 3.0, 1e6] {
            let value = |tensor: usize, i: usize| Fill::Normal.value(tensor as u64, i);
            let batch = Batch {
                examples: 6,
                gradients: Scene::amid(&gradients, 3, value),
                sums: Scene::amid(&sums, 4, |_, _| 1.0),
            };
            prove(context, Clip::global_norm(radius), &batch);
        }
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    for context in contexts() {
        let tensor = |shape: &[usize]| context.zeros(shape).expect("small");
        let model = |name: &str, tensor: &normproj::DeviceBuffer| {
            Model::new(context, [(name, tensor)]).expect("valid")
        };
        let (gradient, sum) = (tensor(&[4, 3]), tensor(&[3]));
        let gradients = model("w", &gradient);
        let with = |clip, sums: &Model| Examples::new(clip, &gradients, sums).err();
        let clip = Clip::global_norm(1.0);
        assert!(with(clip, &model("w", &sum)).is_none());
        let missing = with(clip, &model("v", &sum));
        assert_eq!(missing, Some(Error::NoMatch { pattern: "w".to_string() }));
        for shape in [&[4][..], &[1, 3], &[4, 3]] {
            let refused = with(clip, &model("w", &tensor(shape)));
            let Some(Error::Named { name, error }) = refused else { panic!("{shape:?}") };
            assert!(name == "w" && matches!(*error, Error::Shape { .. }), "{error:?}");
        }
        let own = gradient.view(Layout::contiguous([3]).expect("small")).expect("inside");
        let shared = with(clip, &model("w", &own));
        assert!(matches!(shared, Some(Error::SharedElements { .. })), "{shared:?}");
        let half = context.zeros_as([3], DType::F16).expect("small");
        let dtype = with(clip, &model("w", &half));
        assert!(matches!(dtype, Some(Error::Named { .. })), "{dtype:?}");
        for clip in [Clip::each_norm(1.0), Clip::value(0.0, 1.0), Clip::norms(Norm::L2)] {
            let refused = with(clip, &model("w", &sum));
            assert!(matches!(refused, Some(Error::PlanMismatch { .. })), "{refused:?}");
        }
        let given = with(clip.use_norm(GivenNorm::Host(1.0)), &model("w", &sum));
        assert!(matches!(given, Some(Error::PlanMismatch { .. })), "{given:?}");
        assert_eq!(
            with(Clip::global_norm(-1.0), &model("w", &sum)),
            Some(Error::Radius { radius: -1.0 })
        );
        // Another count of examples, and none.
        let (more, none) = (tensor(&[5, 3]), tensor(&[]));
        for other in [&more, &none] {
            let both = Model::new(context, [("w", &gradient), ("v", other)]).expect("valid");
            let sums = Model::new(context, [("w", &sum), ("v", &tensor(&[3]))]).expect("valid");
            let refused = Examples::new(clip, &both, &sums).err();
            assert!(matches!(refused, Some(Error::Named { .. })), "{refused:?}");
        }
    }
}

fn batches() -> impl Strategy<Value = Batch> {
    let dtypes = select(DType::ALL.to_vec());
    let mixed = proptest::collection::vec(dtypes, 1..=4);
    let tensors = prop_oneof![
        2 => Just(vec![DType::F32; 2]),
        1 => mixed,
        1 => Just(vec![DType::F16, DType::F32, DType::BF16]),
    ];
    let poison = prop_oneof![3 => Just(0u64), 1 => Just(61)];
    let fill = prop_oneof![3 => Just(Fill::Normal), 2 => select(Fill::ALL.to_vec())];
    (tensors, 0..=50usize, 0..=70usize, fill, poison, any::<u64>().no_shrink()).prop_map(
        |(dtypes, examples, width, fill, poison, seed)| {
            let mut batch = Batch { examples, gradients: Scene::empty(), sums: Scene::empty() };
            for (tensor, dtype) in dtypes.into_iter().enumerate() {
                let width = hash(seed, tensor) as usize % (width + 1);
                batch = for_dtype!(dtype, T => {
                    let value = |i: usize| {
                        let bits = hash(seed ^ tensor as u64, i);
                        match poison > 0 && bits.is_multiple_of(poison) {
                            true => non_finite(bits),
                            false => fill.value::<T>(seed + tensor as u64, i),
                        }
                    };
                    batch.and(&(0..examples * width).map(value).collect::<Vec<T>>())
                });
                if examples == 0 {
                    break;
                }
            }
            batch
        },
    )
}

proptest! {
    #![proptest_config(config(16))]

    #[test]
    fn batches_are_clipped_as_promised(
        batch in batches(),
        radius in select(vec![0.0, 1e-20, 0.3, 5.0, 1e10, f64::INFINITY]),
        norm in select(norms()),
        policy in select(OnNonFinite::ALL.to_vec()),
    ) {
        let clip = Clip::global_norm(radius).norm(norm).on_non_finite(policy);
        contexts().for_each(|context| {
            prove(context, clip, &batch);
        });
    }
}

/// The operation whose results of Optax are compared with.
pub const OPERATION: &str = "optax_per_example_global_norm_clip";

#[test]
fn the_sums_are_optaxs() {
    let files = Files::examples();
    let cases: Vec<&Golden> = files.cases.iter().filter(|case| case.op == OPERATION).collect();
    for case in &cases {
        let radius = number(&case.args["max_norm"]);
        let examples = case.inputs[0].shape[0];
        let tensors: Vec<Vec<f32>> = case.inputs.iter().map(|input| files.array(input)).collect();
        let slices: Vec<&[f32]> = tensors.iter().map(Vec::as_slice).collect();
        let batch = Batch::of(examples, &slices);
        let tol = case.tolerance();
        for context in contexts() {
            for compat in [false, true] {
                let clip = Clip::global_norm(radius);
                let clip = if compat { clip.compat(case.compat()) } else { clip };
                prove(context, clip, &batch);
                let staged = batch.stage(context, clip).expect("valid");
                let found = staged.run(&batch);
                let beside = if compat { 0.0 } else { 2.0 * staged.clip.plan().margin().kappa };
                for (found, output) in found.sums.elements().iter().zip(&case.outputs) {
                    let peer = files.values(output);
                    let largest = peer.iter().fold(0.0, |most: f64, y| most.max(y.abs()));
                    assert_eq!(found.values.len(), peer.len());
                    for (&y, &expected) in found.values.iter().zip(&peer) {
                        let scale = tol.of_whole(expected.abs(), largest);
                        let most = (tol.ulp * 2.0 * U + beside) * scale;
                        assert!(
                            (y - expected).abs() <= most,
                            "{}: {y:e}, the peer's {expected:e}",
                            case.name
                        );
                    }
                }
            }
        }
    }
    say(&format!("golden cases of {OPERATION}: {} compared", cases.len()));
    assert_eq!(cases.len(), 2);
}

/// What is said of an honest result once `plant` has spoilt it.
fn planted(policy: OnNonFinite, plant: impl Fn(&mut Found)) -> String {
    let mut values = values::<f32>(5, 5 * 3);
    values[4] = f32::NAN;
    let batch = Batch::of(5, &[&values, &[1.0, -1.0, 0.5, 2.0, 0.0]]);
    let clip = Clip::global_norm(1.0).on_non_finite(policy);
    let staged = batch.stage(&Context::cpu(), clip).expect("valid");
    let mut judge = Judge::of(staged.clip.plan(), true);
    judge.clip = clip;
    let mut found = staged.run(&batch);
    check(&judge, &batch, &found).expect("the honest result passes");
    plant(&mut found);
    check(&judge, &batch, &found).err().unwrap_or_default()
}

#[test]
fn planted_errors_are_caught() {
    let leave = |plant: fn(&mut Found)| planted(OnNonFinite::Leave, plant);
    let scaled = |found: &mut Found, number: usize, factor: f32| {
        let y = found.sums.memories[number].get::<f32>(0);
        found.sums.memories[number].set(0, y * factor);
    };
    assert!(leave(|_| ()).is_empty());
    assert!(
        planted(OnNonFinite::Leave, |found| scaled(found, 0, 1.0 + 1e-5)).starts_with("sum 0, 0")
    );
    assert!(
        planted(OnNonFinite::Leave, |found| scaled(found, 1, f32::NAN)).starts_with("sum 1, 0")
    );
    assert!(
        planted(OnNonFinite::Poison, |found| scaled(found, 0, 0.0)).is_empty(),
        "NaN · 0 is NaN"
    );
    let zero = |found: &mut Found| found.sums.memories[0].set(0, 0.0f32);
    assert!(planted(OnNonFinite::Poison, zero).starts_with("sum 0, 0"));
    assert!(leave(|found| found.norms[0] *= 1.0 + 1e-5).contains("stored norm"));
    assert!(leave(|found| found.scales[3] *= 1.0 + 1e-5).contains("factor"));
    assert!(leave(|found| found.flags[1] = 0.0).contains("flag"));
    assert!(leave(|found| found.norms.truncate(4)).contains("4 norms"));
    assert!(leave(|found| found.gradients[0].set(3, 7.0f32)).contains("a gradient changed"));
    let other = |found: &mut Found| {
        let batch = batch::<f32>(5);
        let staged = batch.stage(&Context::cpu(), Clip::global_norm(1e9)).expect("valid");
        found.report = staged.run(&batch).report;
    };
    assert!(!planted(OnNonFinite::Leave, other).is_empty(), "the report of another batch");
}
