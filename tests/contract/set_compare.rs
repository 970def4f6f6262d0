//! The comparator of every set: a pure function of what memory held before and after.

use normproj::plan::margin::Margin;
use normproj::{OnNonFinite, Projection, Set, reference};

use crate::compare::{Memory, Rule, Violation, neighbours};
use crate::set_bounds::{SetBounds, reference_norm};

/// Judges one projection, as [`crate::compare::check`]; `again` is what a second one left, where there
/// was one.
pub fn check(
    projection: &Projection,
    margin: Margin,
    source: Memory,
    [before, after]: [Memory; 2],
    again: Option<Memory>,
) -> Vec<Violation> {
    let (x, y) = (source.view(), after.view());
    let twice = again.map(|again| again.view());
    let exact = reference::project(projection, source.elements, source.layout).expect("valid");
    let slices = reference::slices(projection.axes(), source.layout.shape()).expect("valid");
    let mut violations = neighbours(before, after);
    for (number, slice) in slices.iter().enumerate() {
        let part = |all: &[f32]| -> Vec<f32> { slice.iter().map(|&i| all[i]).collect() };
        let star: Vec<f64> = slice.iter().map(|&i| exact[i]).collect();
        let bounds = SetBounds::new(projection, slice.len(), margin);
        let mut broken = one(projection, &bounds, &part(&x), &part(&y), &star);
        if let Some(twice) = &twice {
            broken.extend(second(projection, &bounds, &part(&x), &part(&y), &part(twice)));
        }
        violations.extend(broken.into_iter().map(|(rule, detail)| {
            let detail = format!("slice {number} of {}: {detail}", slices.len());
            Violation { rule, detail }
        }));
    }
    violations
}

fn one(
    projection: &Projection,
    bounds: &SetBounds,
    x: &[f32],
    y: &[f32],
    exact: &[f64],
) -> Vec<(Rule, String)> {
    let alone = matches!(projection.set(), Set::Bounds { .. });
    let special = |x: &f32| if alone { x.is_nan() } else { !x.is_finite() };
    let changed = || x.iter().zip(y).position(|(x, y)| x.to_bits() != y.to_bits());
    let show = |rule, i: usize| {
        (rule, format!("element {i}: {:e} became {:e}, exactly {:e}", x[i], y[i], exact[i]))
    };
    if x.iter().any(special) {
        let wrong = match projection.policy() {
            OnNonFinite::Leave => changed(),
            policy => y.iter().zip(exact).position(|(y, exact)| match policy {
                OnNonFinite::Zero => y.to_bits() != 0,
                _ if exact.is_nan() => !y.is_nan(),
                _ => *y != 0.0,
            }),
        };
        return wrong.map(|i| show(Rule::NonFinite, i)).into_iter().collect();
    }
    if !alone && bounds.keeps(x) {
        return changed().map(|i| show(Rule::Inside, i)).into_iter().collect();
    }
    let mut broken = Vec::new();
    let norm = reference_norm(projection.norm(), x);
    let far = |i: usize| {
        let error = (f64::from(y[i]) - exact[i]).abs();
        // A NaN is never near.
        let near = error <= bounds.error(exact[i], norm);
        let kept = x[i].to_bits() == y[i].to_bits() && alone;
        !near && !kept
    };
    if bounds.normal(x) {
        broken.extend((0..x.len()).find(|&i| far(i)).map(|i| show(Rule::Accurate, i)));
    }
    broken.extend(bounds.outside(x, y).map(|detail| (Rule::Feasible, detail)));
    broken
}

fn second(
    projection: &Projection,
    bounds: &SetBounds,
    x: &[f32],
    once: &[f32],
    twice: &[f32],
) -> Option<(Rule, String)> {
    let finite = x.iter().chain(once).all(|x| x.is_finite());
    if !finite || !bounds.idempotent() || !bounds.normal(x) || projection.formula().is_err() {
        return None;
    }
    let i = once.iter().zip(twice).position(|(a, b)| a.to_bits() != b.to_bits())?;
    Some((Rule::Idempotent, format!("element {i}: {:e} once, {:e} twice", once[i], twice[i])))
}
