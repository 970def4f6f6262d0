//! Radii in memory: a slice that obeys another's, or one that is none.

use normproj::plan::margin::{Margin, U};
use normproj::{Layout, Norm, Projection, reference};

use super::MARGIN;
use crate::judge::{Memory, Rule, Wanted, check};

/// Rows of norm 5, 5 and 10.
const ROWS: [[f32; 2]; 3] = [[3.0, 4.0], [-3.0, 4.0], [6.0, 8.0]];
/// The last is none.
const RADII: [f64; 3] = [1.0, 2.0, f64::NAN];

/// The rows as they become under other radii.
fn under(radii: &[f64]) -> Vec<f32> {
    let layout = Layout::contiguous([3, 2]).unwrap();
    let exact = reference::project_with_radii(
        &Projection::max_norm(1.0, 1),
        ROWS.as_flattened(),
        &layout,
        radii,
    );
    let inside = |y: f64| (y * (1.0 - MARGIN.kappa)) as f32;
    let written = exact.unwrap().into_iter().map(|y| inside(y.high));
    let kept = |row: usize| radii[row].is_nan();
    written.enumerate().map(|(i, y)| if kept(i / 2) { ROWS[i / 2][i % 2] } else { y }).collect()
}

fn rules(after: &[f32]) -> Vec<Rule> {
    let layout = Layout::contiguous([3, 2]).unwrap();
    let before = Memory { layout: &layout, elements: ROWS.as_flattened() };
    let after = Memory { layout: &layout, elements: after };
    let projection = Projection::max_norm(1.0, 1);
    let wanted = Wanted { projection: &projection, radii: Some(&RADII) };
    let violations = check(wanted, MARGIN, before, before, after).err().unwrap_or_default();
    violations.into_iter().map(|violation| violation.rule).collect()
}

#[test]
fn what_obeys_its_own_radius_passes() {
    assert_eq!(rules(&under(&RADII)), []);
}

#[test]
fn the_radius_of_a_neighbour_is_caught() {
    assert_eq!(rules(&under(&[2.0, 2.0, f64::NAN])), [Rule::Accurate, Rule::Feasible]);
    assert_eq!(rules(&under(&[1.0, 1.0, f64::NAN])), [Rule::Accurate]);
}

#[test]
fn a_radius_that_is_none_and_obeyed_is_caught() {
    assert_eq!(rules(&under(&[1.0, 2.0, 3.0])), [Rule::Radius]);
    let mut zeroed = under(&RADII);
    zeroed[4..].fill(0.0);
    assert_eq!(rules(&zeroed), [Rule::Radius]);
}

/// What becomes of an Linf ball whose radii a device may have rounded: within that, and no more.
#[test]
fn a_box_may_be_smaller_by_what_its_radius_is_off() {
    let layout = Layout::contiguous([1, 2]).unwrap();
    let projection = Projection::ball(Norm::Linf, 1.0, 1);
    let judged = |y: f32, small: f32, margin| {
        let x = [2.0f32, small];
        let before = Memory { layout: &layout, elements: &x };
        let y = [y, small];
        let after = Memory { layout: &layout, elements: &y };
        let wanted = Wanted { projection: &projection, radii: Some(&[1.0]) };
        let found = check(wanted, margin, before, before, after).err().unwrap_or_default();
        found.into_iter().map(|violation| violation.rule).collect::<Vec<_>>()
    };
    let device = Margin { radius: 12.0 * U, ..MARGIN };
    let below = |steps: u32| f32::from_bits(1f32.to_bits() - steps);
    assert_eq!(
        (judged(1.0, 0.5, MARGIN), judged(below(1), 0.5, MARGIN)),
        (vec![], vec![Rule::Accurate])
    );
    assert_eq!(
        (judged(below(12), 0.5, device), judged(below(13), 0.5, device)),
        (vec![], vec![Rule::Accurate])
    );
    assert_eq!(judged(below(0) + f32::EPSILON, 0.5, device), [Rule::Accurate]);
}
