//! Planes and lines against what Optax returns, natively and as `Compat::Optax`: its formula is the same.

use std::collections::BTreeMap;

use normproj::{Axes, Compat, Layout, Norm, Projection, Request, reference};

use super::{Tensor, prove, run};
use crate::contexts::{contexts, say};
use crate::golden_case::{Files, Golden, number};

pub const OPERATIONS: [&str; 3] =
    ["optax_projection_halfspace", "optax_projection_hyperplane", "optax_projection_vector"];

/// What a case asks for.
pub fn asked(case: &Golden) -> Projection {
    let offset = || number(&case.args["b"]);
    match case.op.as_str() {
        "optax_projection_halfspace" => Projection::half_space(offset(), Axes::all()),
        "optax_projection_hyperplane" => Projection::hyperplane(offset(), Axes::all()),
        "optax_projection_vector" => Projection::line(Axes::all()),
        op => panic!("{op} is not asked for here"),
    }
}

/// What is done with a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Compared,
    /// The direction is zero: there 0/0, here the slice stays.
    NoDirection,
    /// The squares of the direction leave f32 there; its f64 is right.
    Overflows,
}

/// Optax takes a tree as one vector: its leaves, then those of the direction.
fn vectors(case: &Golden, files: &Files) -> [Vec<f32>; 3] {
    let half = case.inputs.len() / 2;
    let joined = |arrays: &[crate::golden_case::Array]| -> Vec<f32> {
        arrays.iter().flat_map(|array| files.array(array)).collect()
    };
    let outputs = case.outputs_f64peer.as_ref().unwrap_or(&case.outputs);
    [joined(&case.inputs[..half]), joined(&case.inputs[half..]), joined(outputs)]
}

fn kind(case: &Golden, direction: &[f32]) -> Kind {
    match () {
        () if direction.iter().all(|&a| a == 0.0) => Kind::NoDirection,
        () if case.outputs_f64peer.is_some() => Kind::Overflows,
        () => Kind::Compared,
    }
}

/// Whether a result is within the peer's rounding, taken of the largest element, and within our margin.
fn agrees(case: &Golden, found: &[f32], peer: &[f32], margin: f64) -> bool {
    let tolerance = case.tolerance();
    let most = peer.iter().fold(0f64, |most, &y| most.max(f64::from(y).abs()));
    let (mut off, mut size) = (0.0, 0.0);
    let within = found.iter().zip(peer).all(|(&y, &e)| {
        let (y, e) = (f64::from(y), f64::from(e));
        off += (y - e) * (y - e);
        size += e * e;
        let rounding = tolerance.ulp * f64::from(f32::EPSILON);
        (y - e).abs() <= rounding * tolerance.of_whole(e.abs(), most) + margin
    });
    within && off.sqrt() <= tolerance.rel_l2 * size.sqrt() + margin
}

#[test]
fn optax_agrees_within_its_rounding() {
    let files = Files::planes();
    let mut counts: BTreeMap<(&str, Kind), usize> = BTreeMap::new();
    for case in &files.cases {
        let [x, a, peer] = vectors(case, &files);
        let kind = kind(case, &a);
        let op = OPERATIONS.into_iter().find(|&op| op == case.op).expect("an operation of planes");
        *counts.entry((op, kind)).or_default() += 1;
        let layout = Layout::contiguous([x.len()]).expect("small");
        let direction = Tensor { layout: &layout, elements: &a };
        for context in contexts() {
            for projection in [asked(case), asked(case).compat(Compat::Optax)] {
                let request = Request::in_place(projection, layout).with_report();
                prove(context, &request, &x, &[], direction, None, 1);
                let plan = context.plan(&request.along(layout)).expect("valid");
                let found = run(context, &plan, &x, &[], direction, None).memory;
                match kind {
                    Kind::NoDirection => assert_eq!(found, x, "{}", case.name),
                    Kind::Compared | Kind::Overflows => {
                        let norm = reference::norm(Norm::L2, &x);
                        let margin = plan.margin().along() * norm;
                        assert!(
                            agrees(case, &found, &peer, margin),
                            "{}: {found:?} {peer:?}",
                            case.name
                        );
                    }
                }
            }
        }
    }
    for ((op, kind), count) in &counts {
        say(&format!("golden {op}: {kind:?} {count}"));
    }
    let total = |kind| -> usize {
        counts.iter().filter(|((_, found), _)| *found == kind).map(|(_, count)| count).sum()
    };
    assert_eq!([Kind::Compared, Kind::NoDirection, Kind::Overflows].map(total), [7, 3, 3]);
}

#[test]
fn an_error_of_a_ten_thousandth_is_caught() {
    let files = Files::planes();
    for case in &files.cases {
        let [x, a, peer] = vectors(case, &files);
        if kind(case, &a) != Kind::Compared {
            continue;
        }
        // That of the CPU.
        let margin = 1e-6 * reference::norm(Norm::L2, &x);
        let layout = Layout::contiguous([x.len()]).expect("small");
        let exact =
            reference::project_along(&asked(case), &x, &layout, &a, &layout).expect("valid");
        let result: Vec<f32> = exact.iter().map(|&y| y as f32).collect();
        assert!(agrees(case, &result, &peer, margin), "{}", case.name);
        let spoilt: Vec<f32> = result.iter().map(|y| y * (1.0 + 1e-4)).collect();
        assert!(!agrees(case, &spoilt, &peer, margin), "{}", case.name);
        // Nor is the slice as it was what the peer returns, where it is outside.
        if case.op == "optax_projection_hyperplane" {
            assert!(!agrees(case, &x, &peer, margin), "{}", case.name);
        }
    }
}
