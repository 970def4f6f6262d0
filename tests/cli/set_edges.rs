//! Edges of the operations: zeros, NaN, what makes no sense, and what the help says.

use serde_json::json;

use crate::support::{Place, bytes_of, data, f32_of, f32s, npy, plain, row, tensors};

#[test]
fn slices_of_zeros_are_kept_and_said_or_become_a_basis_vector() {
    let place = Place::new();
    let elements = [3.0, 0.0, 4.0, -0.0];
    place.write("in.safetensors", &plain(&[f32s("w", &[2, 2], &elements)]));
    let of = |command: &[&str], zero: &[&str]| {
        let run = ["in.safetensors", "--axis", "0", "-o", "out", "--force"];
        let report = place.json(&[command, &run, zero].concat());
        (report, tensors(&place.read("out"))["w"].clone())
    };
    let text = "w: 1 slices hold only zeros, which no factor brings to a norm: they were left";
    for command in [&["unit-norm"][..], &["sphere", "1"], &["sphere", "1", "--norm", "l1"]] {
        let (report, out) = of(command, &[]);
        assert_eq!((&report["warnings"], out[1], out[3]), (&json!([text]), 0.0, 0.0));
        let (report, out) = of(command, &["--zero", "e1"]);
        assert_eq!((&report["warnings"], out[1], out[3]), (&json!([]), 1.0, 0.0));
        assert_eq!(row(&report, "w")["zero"], json!(1));
    }
    assert_eq!(of(&["min-max-norm", "1", "2"], &[]).0["warnings"], json!([text]));
    for inside in [&["min-max-norm", "0", "2"][..], &["sphere", "0"], &["simplex", "1"]] {
        assert_eq!(of(inside, &[]).0["warnings"], json!([]), "{inside:?}");
    }
}

#[test]
fn policies_of_single_elements_are_for_nan_alone() {
    let place = Place::new();
    let odd = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -2.0, 0.5, -0.0];
    let input = npy("'<f4'", false, "(2, 3)", &bytes_of(&odd));
    place.write("w.npy", &input);
    for (policy, nan, changed) in [
        ("leave", f32::NAN, 3),
        ("zero", 0.0, 4),
        ("propagate", f32::NAN, 4),
        ("poison", f32::NAN, 4),
    ] {
        let run = ["bounds", "-1", "1", "w.npy", "-o", "out.npy", "--force", "--on-non-finite"];
        let report = place.json(&[&run[..], &[policy]].concat());
        let out = place.read("out.npy");
        let out = f32_of(&out[out.len() - 24..]);
        assert!(out[0] == nan || out[0].is_nan() && nan.is_nan(), "{policy}: {out:?}");
        assert_eq!(out[1..], [1.0, -1.0, -1.0, 0.5, 0.0]);
        let row = row(&report, "w");
        assert_eq!((&row["changed"], &row["non_finite"]), (&json!(changed), &json!(3)), "{policy}");
    }
    let run = ["non-negative", "w.npy", "-o", "out.npy", "--force", "--verify"];
    let report = place.json(&run);
    let out = place.read("out.npy");
    assert_eq!(f32_of(&out[out.len() - 20..]), [f32::INFINITY, 0.0, 0.0, 0.5, -0.0]);
    assert_eq!(row(&report, "w")["max_norm_after"], json!(0.5));
}

#[test]
fn norms_afterwards_are_those_of_the_set() {
    let (place, input) = (Place::new(), data("digits.safetensors"));
    for (command, most) in [
        ("ball 2 --norm l1", 2.0),
        ("max-norm 0.1 --norm linf", 0.1),
        ("max-norm 0.5 --norm 1.5", 0.5),
    ] {
        let run = [&input[..], "--per-unit", "keras", "-o", "out", "--force", "--verify"];
        let report = place.json(&command.split(' ').chain(run).collect::<Vec<_>>());
        for row in report["tensors"].as_array().unwrap() {
            let (before, after) = (&row["max_norm"], row["max_norm_after"].as_f64().unwrap());
            assert!(before.as_f64().unwrap() > most && after <= most, "{command}: {row}");
            assert!(after >= most * (1.0 - 1e-5), "{command}: {row}");
        }
    }
}

#[test]
fn what_no_tensor_could_satisfy_is_wrong_usage() {
    let place = Place::new();
    for (line, text) in [
        ("unit-norm", "--axis <AXES>|--keep <AXES>|--per-unit <LAYOUT>"),
        ("simplex 1", "--axis <AXES>|--keep <AXES>|--per-unit <LAYOUT>"),
        ("ball -1 --axis 0", "the radius is -1; it must be 0 or more"),
        ("ball 1 --axis 0 --norm 3", "there is no Euclidean projection in L3 here"),
        ("sphere 1 --axis 0 --norm linf", "there is no Euclidean projection in Linf here"),
        ("sphere inf --axis 0", "the radius is inf; a slice must reach it"),
        ("simplex nan --axis 0", "the radius is NaN"),
        ("min-max-norm 2 1 --axis 0", "the bounds are 2 and 1; the lower must not be above"),
        ("min-max-norm 1 2 --axis 0 --rate 1.5", "the rate is 1.5; it must be in 0..=1"),
        ("min-max-norm 1 2 --axis 0 --rate -1", "the rate is -1; it must be in 0..=1"),
        (
            "min-max-norm 1 2 --axis 0 --compat optax",
            "optax has no counterpart of norm from 1 to 2",
        ),
        ("clip-rms 1 --compat torch", "torch has no counterpart of clip by root mean square 1"),
        ("box 1 -1", "the bounds are 1 and -1; the lower must not be above"),
        ("bounds -1 1 --axis 0", "unexpected argument '--axis'"),
        ("non-negative 1 --rounding nearest", "unexpected argument '--rounding'"),
        ("clip-global-norm 1 --norm 0", "p is 0"),
    ] {
        let words: Vec<&str> = line.split(' ').chain(["none.npy", "-o", "out.npy"]).collect();
        place.fails(&words, 2, text);
    }
}

#[test]
fn help_states_the_set_and_an_example_that_works() {
    let place = Place::new();
    let help = place.command(&["--help"]).output().unwrap().stdout;
    let help = String::from_utf8(help).unwrap();
    for command in [
        "max-norm",
        "unit-norm",
        "min-max-norm",
        "ball",
        "sphere",
        "simplex",
        "bounds",
        "non-negative",
        "clip-norm",
        "clip-average-norm",
        "clip-rms",
        "clip-value",
        "clip-global-norm",
    ] {
        let line = |line: &&str| line.trim_start().starts_with(&format!("{command} "));
        assert!(help.lines().any(|text| line(&text)), "{command}: {help}");
        let text = place.command(&[command, "--help"]).output().unwrap().stdout;
        let text = String::from_utf8(text).unwrap();
        let plain = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(plain.contains("the set {x : "), "{plain}");
        assert!(plain.contains("What is not taken is copied byte for byte."), "{plain}");
        let (_, example) = plain.split_once("Example: normproj ").unwrap();
        let words: Vec<String> = example.split(' ').map(|word| word.replace('\'', "")).collect();
        let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
        // Names of tensors are those of the reader's own file.
        if let Some(at) = words.iter().position(|word| *word == "--include") {
            words.drain(at..at + 2);
        }
        let at =
            words.iter().position(|w| w.ends_with(".npy") || w.ends_with(".safetensors")).unwrap();
        match words[at].ends_with(".npy") {
            true => place.write(words[at], &npy("'<f4'", false, "(2, 2)", &bytes_of(&[1.0; 4]))),
            false => place.write(words[at], &plain_file()),
        };
        place.json(&words);
        std::fs::remove_file(place.path(words[words.len() - 1])).unwrap();
    }
}

fn plain_file() -> Vec<u8> {
    plain(&[f32s("w", &[2, 2], &[3.0, 0.1, 4.0, 0.2])])
}
