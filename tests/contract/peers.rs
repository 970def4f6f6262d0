//! The table of the peers' functions (`src/docs/peers.md`) is what the golden tests prove.

use std::collections::BTreeSet;

use crate::clip_golden_case::Fate;
use crate::golden_case::{Files, Golden};
use crate::golden_radii::Asked;
use crate::{along, clip_golden, golden, golden_radii, rows as touched};

const PAGE: &str = include_str!("../../src/docs/peers.md");

/// One line of the table.
struct Row {
    peer: &'static str,
    ours: &'static str,
    edges: &'static str,
    operation: &'static str,
}

fn rows() -> Vec<Row> {
    let lines = PAGE.lines().filter(|line| line.starts_with('|'));
    let cells = |line: &'static str| -> Vec<&'static str> {
        line.trim_matches('|').split('|').map(str::trim).collect()
    };
    let row = |line| match cells(line)[..] {
        [peer, ours, edges, golden] => {
            let code = golden.strip_prefix('`').and_then(|code| code.strip_suffix('`'));
            Row { peer, ours, edges, operation: code.unwrap_or_else(|| panic!("{line}")) }
        }
        _ => panic!("{line} has not four cells"),
    };
    // After the head and the line below it.
    lines.skip(2).map(row).collect()
}

#[test]
fn every_row_is_run_and_every_operation_that_is_run_has_a_row() {
    let rows = rows();
    let listed: BTreeSet<&str> = rows.iter().map(|row| row.operation).collect();
    assert_eq!(listed.len(), rows.len(), "an operation has two rows");
    let sets = golden::OPERATIONS.into_iter().chain(golden::POWERS);
    let clips = clip_golden::EXPECTED.map(|(operation, _)| operation);
    let others = along::golden::OPERATIONS.into_iter().chain(golden_radii::OPERATIONS);
    let others = others.chain(touched::golden::OPERATIONS).chain([crate::examples::OPERATION]);
    let run: BTreeSet<&str> = sets.chain(clips).chain(others).collect();
    assert_eq!(listed, run);
    let (files, planes, radii) = (Files::open(), Files::planes(), Files::radii());
    let (rows_named, examples) = (Files::rows(), Files::examples());
    let cases = files.cases.iter().chain(&planes.cases).chain(&radii.cases);
    let cases = cases.chain(&rows_named.cases).chain(&examples.cases);
    let stored: BTreeSet<&str> = cases.map(|case| case.op.as_str()).collect();
    assert_eq!(listed, stored);
    for Row { peer, ours, edges, operation } in rows {
        assert!([peer, ours, edges].iter().all(|cell| !cell.is_empty()), "{operation}");
    }
}

#[test]
fn every_row_names_the_call_that_is_run() {
    let (files, planes, radii) = (Files::open(), Files::planes(), Files::radii());
    let (rows_named, examples) = (Files::rows(), Files::examples());
    let of = |op: &str| if op == crate::examples::OPERATION { &examples } else { &files };
    for row in rows() {
        let first = row.ours.split("::").nth(1).and_then(|rest| rest.split('(').next());
        let named = kind_of(first.unwrap_or_else(|| panic!("{} names no call", row.ours)));
        let cases = files.cases.iter().chain(&planes.cases).chain(&radii.cases);
        let cases = cases.chain(&rows_named.cases).chain(&examples.cases);
        let cases = cases.filter(|case| case.op == row.operation);
        let run: BTreeSet<String> =
            cases.filter_map(|case| run_as(case, row.ours, of(&case.op))).collect();
        assert_eq!(run, BTreeSet::from([named.to_string()]), "{}", row.operation);
    }
}

/// The set or the kind of clip that a function makes.
fn kind_of(function: &str) -> &'static str {
    match function {
        "max_norm" => "MaxNorm",
        "unit_norm" => "UnitNorm",
        "min_max_norm" => "MinMaxNorm",
        "ball" => "Ball",
        "sphere" => "Sphere",
        "simplex" => "Simplex",
        "bounds" | "non_negative" => "Bounds",
        "clip_average_norm" => "ClipAverageNorm",
        "clip_rms" => "ClipRms",
        "clip_norm" => "ClipNorm",
        "weight_norm" => "WeightNorm",
        // Of `Examples`, which are clipped by a global norm.
        "global_norm" | "new" => "Global",
        "each_norm" => "Each",
        "value" => "Value",
        "norms" => "Norms",
        "hyperplane" => "Hyperplane",
        "half_space" => "HalfSpace",
        "line" => "Line",
        other => panic!("{other} makes no set that is known here"),
    }
}

/// What the tests make of a case; none of one that they leave out because it has no counterpart.
fn run_as(case: &Golden, ours: &str, files: &Files) -> Option<String> {
    let op = case.op.as_str();
    let with_radii = golden_radii::OPERATIONS.contains(&op);
    let text = match ours.starts_with("[`Projection::") {
        _ if with_radii => match golden_radii::asked(case, &Files::radii()) {
            Asked::Given(native, ..) | Asked::Norms(native, _) => format!("{:?}", native.set()),
            Asked::Alone(..) => "Norms".to_string(),
        },
        _ if along::golden::OPERATIONS.contains(&op) => {
            format!("{:?}", along::golden::asked(case).set())
        }
        _ if touched::golden::OPERATIONS.contains(&op) => {
            format!("{:?}", touched::golden::asked(case).ok()?.0.set())
        }
        true if golden::kind(case, files) == golden::Kind::TensorBounds => return None,
        true => format!("{:?}", golden::asked(case).ok()?.native.set()),
        false if case.fate(files) == Fate::TensorBounds || case.norm().is_err() => return None,
        false => format!("{:?}", case.clip()).split_once("kind: ")?.1.to_string(),
    };
    text.split([' ', '{']).next().map(str::to_string)
}
