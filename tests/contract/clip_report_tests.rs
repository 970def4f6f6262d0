//! The comparator of reports itself: what a context tells passes, and every lie is caught.

use normproj::{Clip, Context, DType, Norm};

use crate::clip_compare::Judge;
use crate::clip_report::{Found, check};
use crate::clip_run::carry_out;
use crate::clip_scene::Scene;

/// What the CPU backend finds.
fn found(clip: Clip, scene: &Scene) -> (Judge, Found) {
    let stage = scene.stage(&Context::cpu(), clip).unwrap();
    let judge = Judge::of(stage.group.plan(), true);
    (judge, carry_out(&stage, scene).1.unwrap())
}

/// What is said of a report once `plant` has spoilt it.
fn planted(clip: Clip, tensors: &[&[f32]], plant: impl Fn(&mut Found)) -> String {
    planted_in(clip, &Scene::of(tensors), plant)
}

fn planted_in(clip: Clip, scene: &Scene, plant: impl Fn(&mut Found)) -> String {
    let (judge, mut found) = found(clip, scene);
    assert_eq!(check(&judge, scene, &found), Ok(()), "the honest report passes");
    plant(&mut found);
    check(&judge, scene, &found).err().unwrap_or_default()
}

const TENSORS: [&[f32]; 2] = [&[3.0, 0.0], &[-4.0]];

#[test]
fn wrong_numbers_on_the_device_are_caught() {
    let global = |plant: fn(&mut Found)| planted(Clip::global_norm(1.0), &TENSORS, plant);
    assert!(global(|f| f.norm *= 1.0 + 1e-5).starts_with("norm()"));
    assert!(global(|f| f.norm = f64::NAN).starts_with("norm()"));
    assert!(global(|f| f.norms[1] *= 1.0 + 1e-5).starts_with("norms()[1]"));
    assert!(global(|f| f.norms.truncate(1)).starts_with("1 norms"));
    assert!(global(|f| f.scale[0] *= 1.0 + 1e-5).starts_with("scale()"));
    assert!(global(|f| f.scale.push(1.0)).starts_with("2 factors"));
    assert!(global(|f| f.half_square = Some(12.501)).starts_with("half_square()"));
    assert!(global(|f| f.non_finite = 1).starts_with("non_finite()"));
    let each = |plant: fn(&mut Found)| planted(Clip::each_norm(3.5), &TENSORS, plant);
    assert!(each(|f| f.scale.swap(0, 1)).starts_with("scale()"));
    assert!(each(|f| f.norms.swap(0, 1)).starts_with("norms()"));
    let inside =
        planted(Clip::global_norm(6.0), &TENSORS, |f| f.scale[0] = 1f32.next_down().into());
    assert!(inside.starts_with("scale()"), "{inside}");
}

#[test]
fn results_of_f64_are_judged_by_its_precision() {
    let scene = Scene::of_any(&[&[3.0, 0.0], &[-4.0f64]]);
    let global = |plant: fn(&mut Found)| planted_in(Clip::global_norm(1.0), &scene, plant);
    assert!(global(|f| f.norm *= 1.0 + 1e-13).starts_with("norm()"));
    assert!(global(|f| f.norms[1] *= 1.0 + 1e-13).starts_with("norms()[1]"));
    assert!(global(|f| f.scale[0] *= 1.0 + 1e-13).starts_with("scale()"));
    assert!(global(|f| f.half_square = Some(12.5 * (1.0 + 1e-13))).starts_with("half_square()"));
    assert!(global(|f| f.non_finite = 1).starts_with("non_finite()"));
    assert!(global(|f| f.dtype = DType::F32).starts_with("results of"));
    let mixed = scene.clone().and(&[1.0f32]);
    let mixed = |plant: fn(&mut Found)| planted_in(Clip::global_norm(1.0), &mixed, plant);
    // Groups that are mixed promise no more than those of f32 do: σ = 1.2e-10.
    assert!(mixed(|f| f.norm *= 1.0 + 1e-9).starts_with("norm()"));
    assert!(mixed(|f| f.dtype = DType::F32).starts_with("results of"));
}

#[test]
fn the_report_of_another_clip_is_caught() {
    let swapped = |clip: Clip, other: Clip, tensors: &[&[f32]]| {
        let (_, told) = found(other, &Scene::of(tensors));
        planted(clip, &TENSORS, |f| f.report = told.report.clone())
    };
    let (clip, each) = (Clip::global_norm(1.0), Clip::each_norm(3.5));
    assert!(swapped(clip, clip, &[&[3.0], &[4.001]]).starts_with("total"));
    assert!(swapped(clip, clip, &[&[4.0], &[3.0]]).starts_with("0: "));
    assert!(swapped(clip, clip, &[&[3.0], &[4.0], &[]]).starts_with("2 norms"));
    assert!(swapped(clip, Clip::global_norm(1.001), &TENSORS).contains("scale"));
    assert!(swapped(clip, Clip::global_norm(6.0), &TENSORS).contains("scale"));
    assert!(swapped(clip, clip.norm(Norm::L1), &TENSORS).starts_with("total"));
    assert!(swapped(each, Clip::each_norm(3.501), &TENSORS).contains("scale"));
    assert!(swapped(each, Clip::global_norm(3.5), &TENSORS).contains("scale"));
}

#[test]
fn a_tensor_that_is_not_finite_and_not_named_is_caught() {
    let bad: [&[f32]; 3] = [&[1.0], &[f32::NAN], &[f32::INFINITY, 2.0]];
    let clip = Clip::global_norm(1.0);
    let told = planted(clip, &bad, |f| f.non_finite = 0);
    assert!(told.starts_with("non_finite()"), "{told}");
    let quiet = planted(clip, &bad, |f| f.norms[2] = 2.0);
    assert!(quiet.starts_with("norms()[2]"), "{quiet}");
    let (_, other) = found(clip, &Scene::of(&[&[1.0], &[f32::INFINITY], &[2.0, f32::NAN]]));
    let swapped = planted(clip, &bad, |f| f.report = other.report.clone());
    assert!(swapped.starts_with("1: "), "{swapped}");
}
