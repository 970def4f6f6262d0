//! `normproj bench`.

use serde_json::Value;

use crate::support::{Ended, Place};

/// What every measurement must say, whatever the machine.
fn measured(report: &Value, cases: usize) {
    let ceiling = |name: &str| report["ceilings"][name].as_f64().unwrap();
    assert!(ceiling("copy_gbps") > 0.0 && ceiling("read_gbps") > 0.0, "{report}");
    let found = report["cases"].as_array().unwrap();
    assert_eq!(found.len(), cases, "{report}");
    for case in found {
        let number = |name: &str| case[name].as_f64().unwrap();
        assert_eq!(case["verified"], true, "{case}");
        let gbps = number("bytes") / number("ms") * 1e-6;
        assert!(number("ms") > 0.0 && (number("gbps") / gbps - 1.0).abs() < 1e-9, "{case}");
        let name = if number("violating") > 0.0 { "copy_gbps" } else { "read_gbps" };
        let fraction = number("gbps") / ceiling(name);
        assert!((number("fraction") / fraction - 1.0).abs() < 1e-9, "{case}");
    }
}

#[test]
fn the_cpu_is_measured() {
    let place = Place::new();
    let report: Value = place.json(&["bench", "--device", "cpu", "--case", "rows_4096x32"]);
    measured(&report, 4);
    // 4096 rows of 32 f32: read once where none violates, and written where all do.
    assert_eq!(report["cases"][0]["bytes"], 4.0 * 4096.0 * 32.0);
    assert_eq!(report["cases"][3]["bytes"], 8.0 * 4096.0 * 32.0);
}

#[test]
fn a_gpu_is_measured() {
    if normproj::adapters().is_empty() {
        return println!("not run: no adapter");
    }
    let place = Place::new();
    let report: Value = place.json(&["bench", "--device", "gpu", "--case", "columns_784x256"]);
    measured(&report, 4);
    assert!(report["cases"].as_array().unwrap().iter().all(|case| case["dispatches"] == 1));
}

#[test]
fn growth_is_measured_and_drawn() {
    let place = Place::new();
    let plot = place.path("growth.svg");
    let plot = plot.to_str().unwrap();
    let arguments = ["bench", "--device", "cpu", "--growth", "--case", "*_2^[79]", "--plot", plot];
    measured(&place.json(&arguments), 12);
    let drawn = std::fs::read_to_string(plot).unwrap();
    for text in ["<svg", "rows", "columns", "clip", "nothing outside", "microseconds"] {
        assert!(drawn.contains(text), "{text} is missing");
    }
    let again = Ended::from(place.command(&arguments).output().unwrap());
    assert_eq!(again.status, 1, "{again:?}");
    assert!(again.stderr.contains("--force"), "{again:?}");
}

#[test]
fn a_case_that_does_not_exist_is_an_error() {
    let place = Place::new();
    let mut command = place.command(&["bench", "--quiet", "--case", "diagonals_*"]);
    let ended = Ended::from(command.output().unwrap());
    assert_eq!((ended.status, ended.stdout.as_str()), (2, ""), "{ended:?}");
    assert!(ended.stderr.contains("no case is named `diagonals_*`; there are rows_65536x4096"));
}
