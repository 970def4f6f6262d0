//! Planted errors in tensors of 16 bits and of f64.

use half::{bf16, f16};
use normproj::plan::margin::Margin;
use normproj::{Context, Layout, Norm, Projection, Request, Rounding};

use crate::judge::{Memory, Rule, check};
use crate::values::Value;

/// What is said of a result.
fn judged<T: Value>(projection: Projection, x: &[f64], y: &[T]) -> Vec<Rule> {
    let layout = Layout::contiguous([x.len()]).expect("small");
    let request = Request::in_place(projection, layout).of(T::DTYPE);
    let margin: Margin = Context::cpu().plan(&request).expect("valid").margin();
    let x: Vec<T> = x.iter().map(|&x| T::of(x)).collect();
    let memory = |elements| Memory { layout: &layout, elements };
    let found = check(&projection, margin, memory(&x), memory(&x), memory(y));
    found.err().unwrap_or_default().iter().map(|violation| violation.rule).collect()
}

#[test]
fn sixteen_bits_have_room_above_the_radius_and_no_more() {
    let one = Projection::max_norm(1.0, 0);
    let half = |bits: u16| [f16::from_bits(bits), f16::from_f64(1.0 / 300.0)];
    let at = f16::ONE.to_bits();
    assert_eq!(judged(one, &[300.0, 1.0], &half(at)), []);
    let over = judged(one, &[300.0, 1.0], &half(at + 1));
    assert!(over.contains(&Rule::Feasible) && over.contains(&Rule::Accurate), "{over:?}");
    assert_eq!(judged(one, &[300.0, 1.0], &half(at - 2)), [Rule::Accurate]);
    // T is c·(1 + 2⁻⁸) of bf16: what is between c and T stays.
    let (c, x) = (1.0 - 2f64.powi(-9), 1.0);
    let brain = |y: f64| judged(Projection::max_norm(c, 0), &[x], &[bf16::from_f64(y)]);
    assert_eq!((brain(1.0), brain(1.0 - 2f64.powi(-8))), (vec![], vec![Rule::Inside]));
}

#[test]
fn toward_zero_the_radius_itself_bounds() {
    let c = 1.0 - 2f64.powi(-9);
    let zero = Projection::max_norm(c, 0).rounding(Rounding::TowardZero);
    let brain = |y: f64| judged(zero, &[1.0], &[bf16::from_f64(y)]);
    assert_eq!(brain(1.0), [Rule::Feasible]);
    assert_eq!(brain(1.0 - 2f64.powi(-8)), []);
}

#[test]
fn kept_bits_and_payloads_of_sixteen_bits() {
    let one = Projection::max_norm(1.0, 0);
    let kept = [f16::from_f64(0.5), f16::from_f64(-0.5)];
    assert_eq!(judged(one, &[0.5, -0.5], &kept), []);
    assert_eq!(judged(one, &[0.5, -0.5], &[kept[0].inward(), kept[1]]), [Rule::Inside]);
    let layout = Layout::contiguous([2]).expect("small");
    let x = [f16::from_bits(0xfd23), f16::ONE];
    let quiet = [f16::from_bits(0xff23), f16::ONE];
    let memory = |elements| Memory { layout: &layout, elements };
    let found = check(&one, Margin::f32(9), memory(&x), memory(&x), memory(&quiet));
    assert_eq!(found.unwrap_err()[0].rule, Rule::NonFinite);
}

#[test]
fn sums_of_sixteen_bits() {
    let ball = Projection::ball(Norm::L1, 1.0, 0);
    let third = f16::from_f64(1.0 / 3.0);
    assert_eq!(judged(ball, &[1.0, 1.0, 1.0], &[third; 3]), []);
    let off = judged(ball, &[1.0, 1.0, 1.0], &[third, third, third.inward().inward()]);
    assert_eq!(off, [Rule::Accurate]);
}

#[test]
fn f64_is_judged_by_its_own_last_bits() {
    let one = Projection::max_norm(1.0, 0);
    let kappa = 1.5e-14;
    let at = |factor: f64| judged(one, &[3.0, 4.0], &[0.6 * factor, 0.8 * factor]);
    assert_eq!(at(1.0 - kappa), []);
    assert_eq!(at(1.0 - 4.0 * kappa), [Rule::Accurate]);
    assert_eq!(at(1.0 + 1e-15), [Rule::Feasible]);
    // Where squares leave f64.
    let far = |factor: f64| judged(one, &[3e200, 4e200], &[0.6 * factor, 0.8 * factor]);
    assert_eq!((far(1.0 - kappa), far(1.0 + 1e-15)), (vec![], vec![Rule::Feasible]));
    let thirds = [1.0 / 3.0 - 5e-15; 3];
    let ball = Projection::ball(Norm::L1, 1.0, 0);
    assert_eq!(judged(ball, &[1.0; 3], &thirds), []);
    assert_eq!(judged(ball, &[1.0; 3], &thirds.map(|y| y - 1e-13)), [Rule::Accurate]);
}
