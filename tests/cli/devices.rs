//! `normproj devices`, `normproj check` and `--device`.

use serde_json::Value;

use crate::support::{Ended, Place, bytes_of, npy};

#[test]
fn devices_are_listed() {
    let place = Place::new();
    let ended = Ended::from(place.command(&["devices"]).output().unwrap());
    assert_eq!(ended.status, 0, "{ended:?}");
    assert!(ended.stdout.contains("native CPU"), "{ended:?}");
    assert!(ended.stdout.contains("used unless --device says otherwise: "), "{ended:?}");
}

#[test]
fn a_device_that_is_not_there_is_an_error() {
    let place = Place::new();
    let mut command = place.command(&["check", "--quiet", "--device", "abacus"]);
    let ended = Ended::from(command.output().unwrap());
    assert_eq!((ended.status, ended.stdout.as_str()), (1, ""), "{ended:?}");
    // Drivers may have said something before.
    let line = ended.stderr.lines().last().unwrap();
    assert!(line.starts_with("normproj: error: no GPU adapter: none is named `abacus`"), "{line}");
}

#[test]
fn the_cpu_backend_is_what_it_should_be() {
    let place = Place::new();
    let report: Value = place.json(&["check"]);
    assert_eq!(report["mismatches"], 0, "{report}");
    let cases = report["cases"].as_array().unwrap();
    assert_eq!(report["checked"], cases.len());
    for schedule in ["native_rows", "native_columns", "native_strided"] {
        assert!(cases.iter().any(|case| case["schedule"] == schedule), "{schedule}");
    }
    for case in cases {
        assert!(case["error"].as_f64().unwrap() <= 1.0 && case["mismatch"].is_null(), "{case}");
    }
}

#[test]
fn a_part_of_the_name_of_the_cpu_backend_names_it() {
    let place = Place::new();
    place.write("w.npy", &npy("'<f4'", false, "(2,)", &bytes_of(&[3.0, 4.0])));
    let run = |device| ["norms", "w.npy", "--axis", "0", "--device", device];
    let ended = place.run(&run("Native"));
    assert!(ended.status == 0 && ended.stderr.contains("native CPU"), "{ended:?}");
    place.fails(&run(""), 2, "--device is empty");
}
