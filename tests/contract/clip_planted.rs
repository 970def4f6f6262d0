//! The comparator of groups in other dtypes and norms: honest results pass, and errors of the size that
//! each can show are caught.

use normproj::plan::margin::Margin;
use normproj::{Clip, DType, Layout, Norm, Rounding, bf16, f16, reference};

use crate::clip_compare::Judge;
use crate::clip_compare_tests::{MARGIN, honest};
use crate::clip_scene::{Place, Scene};
use crate::judge::Rule;
use crate::values::{Value, for_dtype};

/// What is the matter with an honest result whose elements were spoilt, and with one that was not.
fn planted(judge: Judge, before: &Scene, spoil: impl Fn(DType, f64) -> f64) -> Vec<Rule> {
    let after = honest(&judge, before);
    if let Err(violations) = judge.check(before, &after) {
        panic!("{}: the honest result: {violations:?}", judge.clip);
    }
    let mut spoilt = after.clone();
    for place in &before.tensors {
        let memory = &mut spoilt.memories[place.memory];
        for at in reference::places(&place.layout) {
            let (_, y) = memory.element(place.dtype, at);
            let y = spoil(place.dtype, y);
            for_dtype!(place.dtype, T => memory.set::<T>(at, T::of(y)));
        }
    }
    let violations = judge.check(before, &spoilt).err().unwrap_or_default();
    violations.into_iter().map(|violation| violation.rule).collect()
}

fn of<T: Value>(count: usize) -> Scene {
    let value = |i: usize| T::of(0.2 + 0.013 * (i % 11) as f64);
    Scene::of_any(&[&(0..count).map(value).collect::<Vec<T>>()])
}

fn scene(dtype: DType) -> Scene {
    for_dtype!(dtype, T => of::<T>(64))
}

fn judge(clip: Clip, dtype: DType) -> Judge {
    let double = Margin::double(80);
    Judge::new(clip, if dtype == DType::F64 { double } else { MARGIN }, true)
}

fn norms() -> [Norm; 5] {
    let lp = |p| Norm::lp(p).expect("in range");
    [Norm::L1, Norm::L2, Norm::Linf, lp(3.0), lp(1.5)]
}

#[test]
fn a_bit_in_what_is_kept_is_caught_in_every_dtype() {
    for dtype in DType::ALL {
        for norm in norms() {
            let judge = judge(Clip::global_norm(1e3).norm(norm), dtype);
            let up = |dtype, y: f64| for_dtype!(dtype, T => <T as Value>::from_bits(T::of(y).bits() + 1).wide());
            let rules = planted(judge, &scene(dtype), up);
            assert_eq!(rules[0], Rule::Inside, "{dtype} {norm}");
            assert_eq!(planted(judge, &scene(dtype), |_, y| y), []);
        }
    }
}

#[test]
fn what_ends_above_its_room_is_caught_in_every_dtype() {
    for dtype in DType::ALL {
        for norm in norms() {
            let clip = Clip::global_norm(0.15).norm(norm);
            let kappa = judge(clip, dtype).margins[0].of(norm).kappa;
            let spacing = for_dtype!(dtype, T => 2f64.powi(-(T::MANTISSA as i32)));
            let far = 4.0 * spacing + 4.0 * kappa;
            let beyond = planted(judge(clip, dtype), &scene(dtype), |_, y| y * (1.0 + far));
            assert!(beyond.contains(&Rule::Feasible), "{dtype} {norm}: {beyond:?}");
            let short = planted(judge(clip, dtype), &scene(dtype), |_, y| y * (1.0 - far));
            assert_eq!(short, [Rule::Accurate], "{dtype} {norm}");
            let near = judge(clip.rounding(Rounding::Nearest), dtype);
            let beyond = planted(near, &scene(dtype), |_, y| y * (1.0 + far));
            assert_eq!(beyond, [Rule::Accurate], "{dtype} {norm}");
        }
    }
}

#[test]
fn f64_is_judged_by_its_own_precision() {
    for norm in norms() {
        let judge = judge(Clip::global_norm(0.15).norm(norm), DType::F64);
        let rules = planted(judge, &scene(DType::F64), |_, y| y * (1.0 + 1e-12));
        assert!(rules.contains(&Rule::Feasible), "{norm}");
    }
}

#[test]
fn toward_zero_the_radius_itself_is_the_bound() {
    for dtype in [DType::F16, DType::BF16] {
        let clip = Clip::global_norm(0.5).rounding(Rounding::TowardZero);
        // As if it were rounded to nearest, half of the elements upward.
        let spacing = if dtype == DType::F16 { 2f64.powi(-10) } else { 2f64.powi(-7) };
        let up = |_, y: f64| y * (1.0 + spacing);
        let rules = planted(judge(clip, dtype), &scene(dtype), up);
        assert!(rules.contains(&Rule::Feasible), "{dtype}: {rules:?}");
    }
}

#[test]
fn the_other_half_of_a_word_is_a_neighbour() {
    let at = |size, offset| {
        let layout = Layout::strided([size], [1], offset).expect("one axis");
        Place { memory: 0, layout, dtype: DType::F16 }
    };
    let before = Scene::filled(&[at(3, 1), at(2, 5)], 7, &|memory, _, _, i, at| {
        memory.set(at, f16::from_f64(0.5 + i as f64));
    });
    for clip in [Clip::global_norm(1.0), Clip::value(-0.75, 0.75), Clip::norms(Norm::L2)] {
        let judge = Judge::new(clip, MARGIN, true);
        for place in [0, 4, 7] {
            let mut after = honest(&judge, &before);
            let bits = after.memories[0].get::<f16>(place).to_bits();
            after.memories[0].set(place, f16::from_bits(bits ^ 1));
            let violations = judge.check(&before, &after).expect_err("a neighbour changed");
            assert_eq!(violations[0].rule, Rule::Neighbour, "{clip} {place}");
        }
    }
}

#[test]
fn each_member_of_a_mixed_group_is_judged_by_its_own_rounding() {
    let before = of::<f32>(40).and(&[bf16::from_f64(0.3); 30]).and(&[0.25f64; 20]);
    let judge = Judge::new(Clip::global_norm(0.5), MARGIN, true);
    let coarse = 2f64.powi(-9);
    for dtype in [DType::F32, DType::F64] {
        let off = |own, y: f64| if own == dtype { y * (1.0 - coarse) } else { y };
        assert_eq!(planted(judge, &before, off), [Rule::Accurate], "{dtype}");
    }
    let off = |own, y: f64| if own == DType::BF16 { y * (1.0 - coarse) } else { y };
    assert_eq!(planted(judge, &before, off), [], "which bf16 cannot tell");
}
