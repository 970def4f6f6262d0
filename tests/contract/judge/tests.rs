//! The comparator itself: honest results pass, and every rule catches a planted error.

mod dtypes;
mod radii;
mod reports;
mod sets;

use normproj::plan::margin::{Margin, U};
use normproj::{Layout, OnNonFinite, Projection, Rounding, reference};

use super::{Memory, Rule, Stats, check, check_again};

const MARGIN: Margin = Margin {
    chain: 76,
    sigma: 77.0 * U,
    kappa: 121.5 * U,
    power: 256.0 * U,
    near: false,
    unit: U,
    radius: 0.0,
};
const C: f64 = 2.0;
/// Rows of: inside, far outside, exactly at c, NaN; then zeros, just outside.
const ROWS: [[f32; 3]; 6] = [
    [0.1, -0.2, 0.3],
    [30.0, -40.0, 1e-3],
    [2.0, 0.0, -0.0],
    [f32::from_bits(0xffc0_1234), 1.0, 5.0],
    [0.0, -0.0, 0.0],
    [2.0, -1e-3, 1e-6],
];

/// The rows every other column of a 6×7 memory, with neighbours that must survive.
fn layout() -> Layout {
    Layout::strided([6, 3], [7, 2], 1).unwrap()
}

fn memory() -> Vec<f32> {
    let mut memory: Vec<f32> = (0..42).map(|i| 1e3 + i as f32).collect();
    memory[9] = f32::from_bits(0x7fa0_0001);
    for (place, value) in reference::places(&layout()).into_iter().zip(ROWS.as_flattened()) {
        memory[place] = *value;
    }
    memory
}

/// What an honest backend with this margin makes of it.
fn honest(projection: &Projection, before: &[f32]) -> Vec<f32> {
    let mut after = before.to_vec();
    let margin = if projection.rounds() == Rounding::Nearest { 0.0 } else { MARGIN.kappa };
    let exact = reference::project(projection, before, &layout()).unwrap();
    for (place, exact) in reference::places(&layout()).into_iter().zip(exact) {
        if f64::from(before[place]).to_bits() != exact.to_bits() && !exact.is_nan() {
            after[place] = (exact * (1.0 - margin)) as f32;
        }
    }
    after
}

fn rules(projection: &Projection, before: &[f32], after: &[f32]) -> Vec<Rule> {
    let layout = layout();
    let [before, after] = [before, after].map(|elements| Memory { layout: &layout, elements });
    let violations = check(projection, MARGIN, before, before, after).err().unwrap_or_default();
    violations.into_iter().map(|violation| violation.rule).collect()
}

/// The rules that an honest result of `max_norm(c, 1)` breaks once `plant` has spoilt it.
fn planted_with(c: f64, rounding: Rounding, plant: impl Fn(&mut [f32])) -> Vec<Rule> {
    let projection = Projection::max_norm(c, 1).rounding(rounding);
    let before = memory();
    let mut after = honest(&projection, &before);
    assert_eq!(rules(&projection, &before, &after), [], "the honest result passes");
    plant(&mut after);
    rules(&projection, &before, &after)
}

fn planted(plant: impl Fn(&mut [f32])) -> Vec<Rule> {
    planted_with(C, Rounding::Feasible, plant)
}

/// Where row `r`, element `i` lies.
fn at(r: usize, i: usize) -> usize {
    1 + 7 * r + 2 * i
}

fn scale_row(memory: &mut [f32], r: usize, factor: f64) {
    (0..3).for_each(|i| memory[at(r, i)] = (f64::from(memory[at(r, i)]) * factor) as f32);
}

#[test]
fn an_honest_result_passes_and_is_counted() {
    let layout = layout();
    let (before, projection) = (memory(), Projection::max_norm(C, 1));
    let after = honest(&projection, &before);
    let [before, after] = [&before, &after].map(|elements| Memory { layout: &layout, elements });
    let stats = check(&projection, MARGIN, before, before, after).unwrap();
    assert_eq!(stats, Stats { inside: 2, rim: 1, outside: 2, non_finite: 1 });
    check_again(&projection, MARGIN, before, after, after).unwrap();
}

#[test]
fn one_ulp_in_a_kept_element_is_caught() {
    let up = |m: &mut [f32]| m[at(0, 1)] = m[at(0, 1)].next_up();
    assert_eq!(planted(up), [Rule::Inside]);
    assert_eq!(planted_with(f64::INFINITY, Rounding::Feasible, up), [Rule::Inside]);
    assert_eq!(planted(|m| m[at(4, 1)] = 0.0), [Rule::Inside], "the sign of a kept zero");
}

#[test]
fn a_slice_above_the_radius_is_caught() {
    let to_c = |factor: f64| move |m: &mut [f32]| scale_row(m, 1, factor / (1.0 - MARGIN.kappa));
    assert_eq!(planted(to_c(1.0 + 2f64.powi(-22))), [Rule::Feasible]);
    assert_eq!(planted(to_c(1.0 - 2f64.powi(-22))), []);
    // By the smallest amount that there is.
    assert_eq!(planted(|m| m[at(2, 1)] = f32::from_bits(1)), [Rule::Rim, Rule::Feasible]);
    let nearest = |m: &mut [f32]| scale_row(m, 1, 1.0 + 2f64.powi(-22));
    assert_eq!(planted_with(C, Rounding::Nearest, nearest), [], "which is not promised");
}

#[test]
fn a_slice_that_was_not_shrunk_is_caught() {
    let unshrunk = |m: &mut [f32]| (0..3).for_each(|i| m[at(1, i)] = ROWS[1][i]);
    assert_eq!(planted(unshrunk), [Rule::Accurate, Rule::Feasible]);
    // It exceeds the radius by 1e-7 only: nothing but exactness tells.
    let barely = |m: &mut [f32]| (0..3).for_each(|i| m[at(5, i)] = ROWS[5][i]);
    assert_eq!(planted(barely), [Rule::Feasible]);
}

#[test]
fn the_wrong_slice_is_caught() {
    let swapped = |m: &mut [f32]| {
        (0..3).for_each(|i| m[at(1, i)] = ROWS[1][i]);
        scale_row(m, 0, 0.04);
    };
    assert_eq!(planted(swapped), [Rule::Inside, Rule::Accurate, Rule::Feasible]);
}

#[test]
fn an_error_of_more_than_the_margin_is_caught() {
    let shrunk = |m: &mut [f32]| m[at(1, 0)] *= (1.0 - 2.0 * MARGIN.kappa) as f32;
    assert_eq!(planted(shrunk), [Rule::Accurate], "κ below the target, 3κ below the exact value");
    let rim = |m: &mut [f32]| m[at(2, 0)] *= (1.0 - 3.0 * MARGIN.kappa) as f32;
    assert_eq!(planted(rim), [Rule::Rim, Rule::Accurate]);
    assert_eq!(planted(|m| m[at(2, 0)] *= (1.0 - 1.5 * MARGIN.kappa) as f32), []);
    assert_eq!(planted(|m| m[at(5, 2)] = 0.0), [Rule::Accurate]);
    assert_eq!(planted(|m| m[at(1, 2)] = f32::NAN), [Rule::Accurate, Rule::Feasible]);
    let nearest = |m: &mut [f32]| scale_row(m, 1, 1.0 - 200.0 * U);
    assert_eq!(planted_with(C, Rounding::Nearest, nearest), [Rule::Accurate]);
}

#[test]
fn a_changed_payload_is_caught() {
    let quiet = |m: &mut [f32]| m[at(3, 0)] = f32::from_bits(0x7fc0_0000);
    assert_eq!(planted(quiet), [Rule::NonFinite]);
    assert_eq!(planted(|m| m[at(3, 2)] = 2.0), [Rule::NonFinite], "its finite elements too");
}

#[test]
fn another_policy_is_caught() {
    let by = |policy, y: [f32; 3]| {
        let projection = Projection::max_norm(C, 1).on_non_finite(policy);
        let (before, mut after) = (memory(), honest(&projection, &memory()));
        (0..3).for_each(|i| after[at(3, i)] = y[i]);
        rules(&projection, &before, &after)
    };
    let (nan, none, wrong) = (f32::NAN, [], [Rule::NonFinite]);
    assert_eq!(by(OnNonFinite::Zero, [0.0; 3]), none);
    assert_eq!(by(OnNonFinite::Zero, [0.0, -0.0, 0.0]), wrong);
    assert_eq!(by(OnNonFinite::Zero, ROWS[3]), wrong);
    for policy in [OnNonFinite::Poison, OnNonFinite::Propagate] {
        assert_eq!(by(policy, [nan; 3]), none);
        assert_eq!(by(policy, [nan, nan, 0.0]), wrong);
        assert_eq!(by(policy, ROWS[3]), wrong);
    }
}

#[test]
fn a_radius_of_zero_asks_for_signed_zeros() {
    let zero = |plant: fn(&mut [f32])| planted_with(0.0, Rounding::Feasible, plant);
    assert_eq!(zero(|m| m[at(1, 1)] = 0.0), [Rule::Zero], "-40 becomes -0");
    assert_eq!(zero(|m| m[at(1, 1)] = -1e-40), [Rule::Zero, Rule::Feasible]);
    assert_eq!(zero(|m| m[at(0, 0)] = ROWS[0][0]), [Rule::Zero, Rule::Accurate, Rule::Feasible]);
}

#[test]
fn a_neighbour_that_was_touched_is_caught() {
    assert_eq!(planted(|m| m[at(1, 1) + 1] += 1.0), [Rule::Neighbour]);
    assert_eq!(planted(|m| m[9] = f32::from_bits(0x7fe0_0001)), [Rule::Neighbour], "a payload");
    assert_eq!(planted(|m| m[0] = 0.0), [Rule::Neighbour], "before the view");
    assert_eq!(planted(|m| m[41] = 0.0), [Rule::Neighbour], "after it");
}

#[test]
fn a_second_projection_that_changes_a_bit_is_caught() {
    let layout = layout();
    let again = |c: f64, rounding: Rounding| {
        let projection = Projection::max_norm(c, 1).rounding(rounding);
        let before = memory();
        let once = honest(&projection, &before);
        let mut twice = once.clone();
        twice[at(1, 0)] = twice[at(1, 0)].next_down();
        let [before, once, twice] =
            [&before, &once, &twice].map(|elements| Memory { layout: &layout, elements });
        let violations = check_again(&projection, MARGIN, before, once, twice);
        let violations = violations.err().unwrap_or_default();
        violations.into_iter().map(|violation| violation.rule).collect::<Vec<_>>()
    };
    assert_eq!(again(C, Rounding::Feasible), [Rule::Idempotent]);
    assert_eq!(again(C, Rounding::Nearest), [], "promised for feasible rounding only");
    assert_eq!(again(1e-40, Rounding::Feasible), [], "and for radii of normal results");
}

#[test]
fn the_bound_to_nearest_on_the_cpu_is_four_ulp() {
    let layout = Layout::contiguous([1]).unwrap();
    let projection = Projection::max_norm(1.0, 0).rounding(Rounding::Nearest);
    let off = |ulps: u32| {
        let y = [f32::from_bits(1f32.to_bits() + ulps)];
        let [x, y] = [&[3.0], &y].map(|elements| Memory { layout: &layout, elements });
        check(&projection, Margin::f64(1 << 20), x, x, y).is_ok()
    };
    assert!(off(0) && off(4) && !off(5));
}
