//! The comparator of groups itself: honest results pass, and every rule catches a planted error.

use normproj::plan::margin::{Margin, U};
use normproj::{Clip, DType, GivenNorm, Layout, Norm, OnNonFinite, Rounding, reference};

use crate::clip_compare::Judge;
use crate::clip_memory::Memory;
use crate::clip_scene::{Place, Scene};
use crate::judge::{Rule, Stats};
use crate::values::{Value, for_dtype};

pub const MARGIN: Margin = Margin {
    chain: 76,
    sigma: 77.0 * U,
    kappa: 121.5 * U,
    power: 256.0 * U,
    near: false,
    unit: U,
    radius: 0.0,
};

/// Two tensors of one arena with neighbours, and a third.
fn scene() -> Scene {
    let at = |memory, shape: &[usize], strides: &[usize], offset| {
        let layout = Layout::strided(shape, strides, offset).unwrap();
        Place { memory, layout, dtype: DType::F32 }
    };
    let places = [at(0, &[2, 2], &[4, 1], 1), at(0, &[2], &[1], 7), at(1, &[2], &[1], 0)];
    let values = [&[3.0, -0.0, 1e-3, 2.0][..], &[0.1, -0.2], &[-4.0, 0.25]];
    Scene::amid(&places, 1, |tensor, i| values[tensor][i])
}

/// What an honest backend with this margin makes of it.
pub fn honest(judge: &Judge, before: &Scene) -> Scene {
    let exact = reference::clip(&judge.clip, &before.decayed(), before.given).unwrap();
    let elements = judge.elements(before, before, &exact.tensors);
    let norm = judge.clip.norm_used();
    let Margin { sigma, kappa, unit, .. } = judge.margins[0];
    let margin = match (judge.clip.rounds(), norm) {
        (Rounding::Nearest, _) | (_, None) => 0.0,
        (_, Some(Norm::Linf)) => 8.0 * unit,
        (_, Some(Norm::L1)) => kappa + 0.5 * sigma + 2.0 * unit,
        (_, Some(Norm::L2)) => kappa,
        (_, Some(norm)) => judge.margins[0].of(norm).kappa,
    };
    let mut after = before.clone();
    for (tensor, place) in before.tensors.iter().enumerate() {
        let factor = if exact.scales[tensor] < 1.0 { 1.0 - margin } else { 1.0 };
        for (e, at) in elements[tensor].iter().zip(reference::places(&place.layout)) {
            let y = e.narrowed(e.exact * factor);
            let same = y == e.x && y.is_sign_negative() == e.x.is_sign_negative();
            let kept = same || y.is_nan() && e.x.is_nan();
            let decays = e.decays && !exact.total.is_nan();
            if (kept && !decays) || !judge.clip.writes() {
                continue;
            }
            for_dtype!(place.dtype, T => after.memories[place.memory].set::<T>(at, T::of(y)));
        }
    }
    after
}

/// The rules that an honest result breaks once `plant` has spoilt it.
fn planted_in(clip: Clip, before: &Scene, plant: impl Fn(&mut [Vec<f32>])) -> Vec<Rule> {
    let judge = Judge::new(clip, MARGIN, true);
    let mut after = honest(&judge, before);
    if let Err(violations) = judge.check(before, &after) {
        panic!("{clip}: the honest result: {violations:?}");
    }
    let mut memories: Vec<Vec<f32>> = after.memories.iter().map(Memory::all).collect();
    plant(&mut memories);
    after.memories = memories.iter().map(|memory| Memory::of(memory)).collect();
    let violations = judge.check(before, &after).err().unwrap_or_default();
    violations.into_iter().map(|violation| violation.rule).collect()
}

fn planted(clip: Clip, plant: impl Fn(&mut [Vec<f32>])) -> Vec<Rule> {
    planted_in(clip, &scene(), plant)
}

fn scale(memories: &mut [Vec<f32>], factor: f64) {
    for place in scene().tensors {
        for at in reference::places(&place.layout) {
            let y = &mut memories[place.memory][at];
            *y = (f64::from(*y) * factor) as f32;
        }
    }
}

#[test]
fn honest_results_pass_and_are_counted() {
    let judged = |clip| {
        let judge = Judge::new(clip, MARGIN, true);
        let (before, after) = (scene(), honest(&judge, &scene()));
        judge.check_again(&after, &after).unwrap();
        judge.check(&before, &after).unwrap()
    };
    let stats = |inside, rim, outside| Stats { inside, rim, outside, non_finite: 0 };
    assert_eq!(judged(Clip::global_norm(1.0)), stats(0, 0, 1));
    assert_eq!(judged(Clip::global_norm(6.0)), stats(1, 0, 0));
    assert_eq!(judged(Clip::each_norm(3.7)), stats(2, 0, 1));
    assert_eq!(judged(Clip::global_norm(4.0).norm(Norm::Linf)), stats(1, 0, 0));
    assert_eq!(judged(Clip::each_norm(4.25).norm(Norm::L1)), stats(1, 1, 1));
    assert_eq!(judged(Clip::value(-1.0, 1.0)), Stats::default());
    assert_eq!(judged(Clip::norms(Norm::L2)), Stats::default());
}

#[test]
fn one_ulp_in_what_is_kept_is_caught() {
    let up = |m: &mut [Vec<f32>]| m[0][7] = m[0][7].next_up();
    for norm in Norm::ALL {
        assert_eq!(planted(Clip::global_norm(20.0).norm(norm), up), [Rule::Inside]);
        assert_eq!(planted(Clip::each_norm(1.0).norm(norm), up), [Rule::Inside]);
        assert_eq!(planted(Clip::norms(norm), up), [Rule::Inside]);
    }
    assert_eq!(planted(Clip::value(-1.0, 1.0), up), [Rule::Accurate]);
    let sign = |m: &mut [Vec<f32>]| m[0][2] = 0.0;
    assert_eq!(planted(Clip::global_norm(20.0), sign), [Rule::Inside], "of a kept zero");
    assert_eq!(planted(Clip::value(-1.0, 1.0), sign), [Rule::Accurate]);
}

#[test]
fn what_ends_above_the_radius_is_caught() {
    for (norm, kappa) in [(Norm::L1, 162.0 * U), (Norm::L2, MARGIN.kappa), (Norm::Linf, 8.0 * U)] {
        let clip = Clip::global_norm(1.0).norm(norm);
        let to = |aim: f64| move |m: &mut [Vec<f32>]| scale(m, aim / (1.0 - kappa));
        assert_eq!(planted(clip, to(1.0 + 2f64.powi(-21))), [Rule::Feasible], "{norm}");
        assert_eq!(planted(clip, to(1.0 - 2f64.powi(-21))), [], "{norm}");
        let nearest = |m: &mut [Vec<f32>]| scale(m, 1.0 + 2f64.powi(-22));
        assert_eq!(planted(clip.rounding(Rounding::Nearest), nearest), [], "not promised");
        let far = |m: &mut [Vec<f32>]| scale(m, 1.0 - 3.0 * 160.0 * U);
        assert_eq!(planted(clip, far), [Rule::Accurate], "{norm}: shrunk too far");
        assert_eq!(planted(clip.rounding(Rounding::Nearest), far), [Rule::Accurate]);
    }
}

#[test]
fn the_wrong_group_is_caught() {
    let each = planted(Clip::each_norm(1.0), |m| scale(m, 0.99));
    assert_eq!(each, [Rule::Accurate, Rule::Inside, Rule::Accurate, Rule::Accurate]);
    let one_left = |m: &mut [Vec<f32>]| (m[1][0], m[1][1]) = (-4.0, 0.25);
    assert_eq!(planted(Clip::global_norm(1.0), one_left), [Rule::Accurate, Rule::Feasible]);
    let nan = |m: &mut [Vec<f32>]| m[1][0] = f32::NAN;
    assert_eq!(planted(Clip::global_norm(1.0), nan), [Rule::Accurate, Rule::Feasible]);
}

#[test]
fn a_radius_of_zero_asks_for_signed_zeros() {
    let positive = |m: &mut [Vec<f32>]| m[1][0] = 0.0;
    assert_eq!(planted(Clip::global_norm(0.0), positive), [Rule::Zero], "-4 becomes -0");
    assert_eq!(planted(Clip::each_norm(0.0).norm(Norm::L1), positive), [Rule::Zero]);
}

#[test]
fn a_value_off_its_bound_is_caught() {
    let clip = Clip::value(-1.0, 0.5);
    assert_eq!(planted(clip, |m| m[0][1] = 0.5f32.next_down()), [Rule::Accurate]);
    assert_eq!(planted(clip, |m| m[0][1] = 3.0), [Rule::Accurate], "not clamped");
    let nan = Scene::of(&[&[f32::from_bits(0xffc0_1234), 2.0]]);
    let quiet = |m: &mut [Vec<f32>]| m[0][0] = f32::NAN;
    assert_eq!(planted_in(clip, &nan, quiet), [Rule::Accurate], "a payload");
}

#[test]
fn neighbours_that_were_touched_are_caught() {
    for clip in [Clip::global_norm(1.0), Clip::value(-1.0, 1.0), Clip::norms(Norm::L2)] {
        let touched =
            |at: usize| planted(clip, |m| m[0][at] = f32::from_bits(m[0][at].to_bits() ^ 1));
        for at in [0, 3, 4, 9] {
            assert_eq!(touched(at), [Rule::Neighbour], "{clip}: {at}");
        }
    }
}

#[test]
fn another_policy_is_caught() {
    let nan = f32::from_bits(0x7fa0_0001);
    let (with_nan, infinite) = ([nan, -0.0, f32::INFINITY], [1.0, -0.0, f32::NEG_INFINITY]);
    for clip in [Clip::global_norm(1.0), Clip::each_norm(1.0)] {
        for values in [with_nan, infinite] {
            let before = Scene::of(&[&values]);
            let by = |policy, at: usize, value: f32| {
                let clip = clip.on_non_finite(policy);
                planted_in(clip, &before, |m| m[0][at] = value)
            };
            assert_eq!(by(OnNonFinite::Leave, 0, f32::NAN), [Rule::NonFinite]);
            assert_eq!(by(OnNonFinite::Leave, 1, 0.0), [Rule::NonFinite]);
            assert_eq!(by(OnNonFinite::Zero, 1, -0.0), [Rule::NonFinite]);
            assert_eq!(by(OnNonFinite::Zero, 0, f32::NAN), [Rule::NonFinite]);
            assert_eq!(by(OnNonFinite::Propagate, 2, 0.0), [Rule::NonFinite]);
            assert_eq!(by(OnNonFinite::Propagate, 0, 1.0), [Rule::NonFinite]);
            assert_eq!(by(OnNonFinite::Poison, 1, 0.0), [Rule::NonFinite]);
        }
        let spread = |m: &mut [Vec<f32>]| m[0][0] = f32::NAN;
        let clip = clip.on_non_finite(OnNonFinite::Propagate);
        assert_eq!(planted_in(clip, &Scene::of(&[&infinite]), spread), [Rule::NonFinite]);
    }
}

#[test]
fn decay_that_is_forgotten_is_caught() {
    let before = Scene::of(&[&[3.0, 4.0], &[1.0]]).with_decay(0.5, &[&[2.0, -2.0], &[1.0]]);
    let forgotten = |m: &mut [Vec<f32>]| m[1][0] = 1.0;
    assert_eq!(planted_in(Clip::global_norm(100.0), &before, forgotten)[0], Rule::Inside);
    assert_eq!(planted_in(Clip::each_norm(2.0), &before, forgotten)[0], Rule::Inside);
    let unweighted = |m: &mut [Vec<f32>]| (m[0][0], m[0][1]) = (0.6, 0.8);
    assert_eq!(planted_in(Clip::each_norm(1.0), &before, unweighted)[0], Rule::Accurate);
    let weights = |m: &mut [Vec<f32>]| m[2][0] = 1.0;
    assert_eq!(planted_in(Clip::global_norm(1.0), &before, weights), [Rule::Neighbour]);
}

#[test]
fn a_given_norm_that_is_ignored_is_caught() {
    let before = Scene::of(&[&[3.0, 4.0]]);
    let clip = Clip::global_norm(1.0).use_norm(GivenNorm::Host(10.0));
    let own = |m: &mut [Vec<f32>]| (m[0][0], m[0][1]) = (0.6, 0.8);
    assert_eq!(planted_in(clip, &before, own), [Rule::Accurate]);
    let small = Clip::global_norm(1.0).use_norm(GivenNorm::Host(0.5));
    assert_eq!(planted_in(small, &before, own), [Rule::Inside, Rule::Accurate]);
    let none = Scene { given: Some(f64::NAN), ..before };
    let device = Clip::global_norm(1.0).use_norm(GivenNorm::Device);
    assert_eq!(planted_in(device.on_non_finite(OnNonFinite::Zero), &none, own), [Rule::NonFinite]);
}

#[test]
fn a_second_clip_that_changes_a_bit_is_caught() {
    let again = |clip: Clip, before: &Scene| {
        let judge = Judge::new(clip, MARGIN, true);
        let once = honest(&judge, before);
        let mut twice = once.clone();
        let y = twice.memories[0].get::<f32>(1);
        twice.memories[0].set(1, f32::from_bits(y.to_bits() ^ 1));
        let violations = judge.check_again(&once, &twice).err().unwrap_or_default();
        violations.into_iter().map(|violation| violation.rule).collect::<Vec<_>>()
    };
    let clip = Clip::global_norm(1.0);
    assert_eq!(again(clip, &scene()), [Rule::Idempotent]);
    assert_eq!(again(Clip::each_norm(1.0), &scene()), [Rule::Idempotent]);
    assert_eq!(again(Clip::value(-1.0, 1.0), &scene()), [Rule::Idempotent]);
    assert_eq!(again(clip.rounding(Rounding::Nearest), &scene()), [], "which is not promised");
    assert_eq!(again(Clip::global_norm(1e-40), &scene()), [], "nor of radii below normal numbers");
}

#[test]
fn a_product_that_is_rounded_too_is_told_from_one_that_is_wrong() {
    let before = Scene::of(&[&[3.0, 4.0]]).with_decay(0.1, &[&[2.0, -2.0]]);
    let clip = Clip::global_norm(100.0);
    let off = |fused, ulps: u32| {
        let judge = Judge::new(clip, MARGIN, fused);
        let mut after = honest(&judge, &before);
        let y = after.memories[0].get::<f32>(0);
        after.memories[0].set(0, f32::from_bits(y.to_bits() + ulps));
        judge.check(&before, &after).is_err()
    };
    assert!(off(true, 1) && !off(true, 0) && !off(false, 1) && off(false, 4));
}
