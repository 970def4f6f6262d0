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
        // A step is written whatever violates.
        let writes = number("violating") > 0.0 || !case["apart"].is_null();
        let name = if writes { "copy_gbps" } else { "read_gbps" };
        let fraction = number("gbps") / ceiling(name);
        assert!((number("fraction") / fraction - 1.0).abs() < 1e-9, "{case}");
        assert_eq!(case["calls"].is_null(), number("violating") > 0.0, "{case}");
        if let Some(calls) = case["calls"].as_object() {
            let took = |name: &str| calls[name].as_f64().unwrap();
            assert!(took("first_us") > 0.0 && took("later_us") > 0.0, "{case}");
        }
    }
}

/// What every step says beside it.
fn stepped(report: &Value, bytes: [f64; 2], apart: [f64; 2]) {
    let cases = report["cases"].as_array().unwrap();
    for ((case, bytes), apart) in cases.iter().zip(bytes).zip(apart) {
        assert_eq!(case["bytes"], bytes, "{case}");
        assert_eq!(case["apart"]["bytes"], apart, "{case}");
        let times = case["apart"]["ms"].as_f64().unwrap() / case["ms"].as_f64().unwrap();
        let said = case["apart"]["times"].as_f64().unwrap();
        assert!((said / times - 1.0).abs() < 1e-9, "{case}");
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
fn steps_are_measured_beside_both_apart() {
    let place = Place::new();
    let case = "step_adam_rows_1024x1024";
    let report: Value = place.json(&["bench", "--device", "cpu", "--case", case]);
    measured(&report, 2);
    // Weights, gradient and two moments are read and all but the gradient written; then what violates is.
    let each = 1024.0 * 1024.0;
    stepped(&report, [28.0 * each, 28.0 * each], [32.0 * each, 36.0 * each]);
    assert!(report["cases"][0]["scratch_bytes"].is_null());
}

#[test]
fn steps_are_measured_on_a_gpu() {
    if normproj::adapters().is_empty() {
        return println!("not run: no adapter");
    }
    let place = Place::new();
    let case = "step_sgd_rows_1024x1024";
    let report: Value = place.json(&["bench", "--device", "gpu", "--case", case]);
    measured(&report, 2);
    let each = 1024.0 * 1024.0;
    stepped(&report, [12.0 * each, 12.0 * each], [16.0 * each, 20.0 * each]);
    assert!(report["cases"].as_array().unwrap().iter().all(|case| case["scratch_small"] == true));
}

#[test]
fn a_gpu_is_measured() {
    if normproj::adapters().is_empty() {
        return println!("not run: no adapter");
    }
    let place = Place::new();
    let report: Value = place.json(&["bench", "--device", "gpu", "--case", "columns_784x256"]);
    measured(&report, 4);
    for case in report["cases"].as_array().unwrap() {
        assert_eq!(case["dispatches"], 1, "{case}");
        assert_eq!((&case["scratch_bytes"], &case["scratch_small"]), (&0.into(), &true.into()));
    }
}

#[test]
fn growth_is_measured_and_drawn() {
    let place = Place::new();
    let plot = place.path("growth.svg");
    let plot = plot.to_str().unwrap();
    let arguments = ["bench", "--device", "cpu", "--growth", "--case", "*_2^[79]", "--plot", plot];
    let report = place.json(&arguments);
    measured(&report, 12);
    let launches = report["launches"].as_array().unwrap();
    assert_eq!(launches.len(), 6, "{report}");
    assert!(launches.iter().all(|launch| launch["us"].as_f64().unwrap() > 0.0), "{report}");
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
