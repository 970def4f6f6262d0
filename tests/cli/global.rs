//! `normproj clip-global-norm`.

use serde_json::{Value, json};

use crate::support::{
    KAPPA, Place, assert_scaled, bytes_of, data, f32s, norm_of, npy, plain, row, tensors, zeros,
};

fn close(value: &Value, exact: f64, error: f64) -> bool {
    (value.as_f64().unwrap() - exact).abs() <= error * exact
}

#[test]
fn one_norm_runs_over_all_tensors() {
    let place = Place::new();
    let input = data("digits-gradients.safetensors");
    let run = ["clip-global-norm", "0.5", &input, "-o", "out.safetensors", "--verify"];
    let report = place.json(&run);
    let before = tensors(&std::fs::read(input).unwrap());
    let after = tensors(&place.read("out.safetensors"));
    let norm = norm_of(before.values().flatten());
    // What TensorFlow computes, in f32.
    assert!((norm - 0.722_079_1).abs() < 1e-7);
    assert!(close(&report["norm"], norm, 1e-12), "{report}");
    assert!(close(&report["scale"], 0.5 / norm, KAPPA), "{report}");
    for (name, elements) in &before {
        assert_scaled(&after[name], elements, 0.5 / norm, 2.0 * KAPPA);
    }
    assert!(norm_of(after.values().flatten()) <= 0.5);
    assert!(report["norm_after"].as_f64().unwrap() <= 0.5);
    place.json(&["clip-global-norm", "0.5", "out.safetensors", "-o", "twice.safetensors"]);
    assert_eq!(place.read("twice.safetensors"), place.read("out.safetensors"));
}

#[test]
fn one_norm_runs_over_all_inputs() {
    let place = Place::new();
    let inputs = [data("digits.safetensors"), data("digits-gradients.safetensors")];
    let run = ["clip-global-norm", "1", &inputs[0], &inputs[1], "--exclude", "*Bias*"];
    let report = place.json(&[&run[..], &["--ignore-case", "-o", "out"]].concat());
    let mut all = 0f64;
    for input in &inputs {
        let elements = tensors(&std::fs::read(input).unwrap());
        let taken = elements.iter().filter(|(name, _)| !name.contains("bias"));
        all += taken.map(|(_, elements)| norm_of(elements).powi(2)).sum::<f64>();
    }
    assert!(close(&report["norm"], all.sqrt(), 1e-12), "{report}");
    assert_eq!(report["left"].as_array().unwrap().len(), 10);
    for input in &inputs {
        let name = input.rsplit('/').next().unwrap();
        let before = tensors(&std::fs::read(input).unwrap());
        let after = tensors(&place.read(&format!("out/{name}")));
        for (name, elements) in before {
            let factor = if name.contains("bias") { 1.0 } else { 1.0 / all.sqrt() };
            assert_scaled(&after[&name], &elements, factor, 2.0 * KAPPA);
        }
    }
}

#[test]
fn inside_every_bit_is_kept() {
    let place = Place::new();
    let input = data("digits-gradients.safetensors");
    for options in [&["0.73"][..], &["inf"], &["55", "--norm", "l1"], &["1", "--use-norm", "0.9"]] {
        let run = [&["clip-global-norm"], options, &[&input, "-o", "out", "--force"]].concat();
        let report = place.json(&run);
        assert_eq!(report["scale"], json!(1.0));
        assert_eq!(place.read("out"), std::fs::read(&input).unwrap());
    }
}

#[test]
fn other_norms_and_formulas() {
    let place = Place::new();
    place.write("v.npy", &npy("'<f4'", false, "(2,)", &bytes_of(&[3.0, -4.0])));
    place.write("w.npy", &npy("'<f4'", true, "(1, 2)", &bytes_of(&[12.0, 0.0])));
    let check = |options: &[&str], norm: f64, scale: f64| {
        let run = ["clip-global-norm", "1", "v.npy", "w.npy", "-o", "out", "--force"];
        let report = place.json(&[&run[..], options].concat());
        assert!(close(&report["norm"], norm, 1e-12), "{report}");
        assert!(close(&report["scale"], scale, KAPPA), "{report}");
    };
    check(&[], 13.0, 1.0 / 13.0);
    check(&["--norm", "l1"], 19.0, 1.0 / 19.0);
    check(&["--norm", "linf"], 12.0, 1.0 / 12.0);
    check(&["--compat", "torch"], 13.0, 1.0 / (13.0 + 1e-6));
    check(&["--rounding", "nearest"], 13.0, 1.0 / 13.0);
    check(&["--use-norm", "100"], 100.0, 0.01);
}

#[test]
fn a_norm_that_is_given_is_not_computed() {
    let place = Place::new();
    place.write("in.safetensors", &plain(&[f32s("w", &[2], &[3.0, f32::NAN])]));
    let run = ["clip-global-norm", "1", "in.safetensors", "-o", "out", "--use-norm"];
    let report = place.json(&[&run[..], &["10"]].concat());
    assert_eq!((&report["norm"], &report["tensors"][0]["max_norm"]), (&json!(10.0), &Value::Null));
    let out = &tensors(&place.read("out"))["w"];
    assert!((out[0] - 0.3).abs() < 1e-6 && out[1].is_nan());
    let text = place.run(&[&run[..], &["10", "--force"]].concat()).stdout;
    assert!(text.contains("\nnorm 10, scale 0.0999999"), "{text}");
    for wrong in ["-1", "nan"] {
        place.fails(&[&run[..], &[wrong]].concat(), 2, "a norm is 0 or more");
    }
}

#[test]
fn norms_beyond_f32_are_no_obstacle() {
    let place = Place::new();
    let parts = [f32s("v", &[2], &[3e38, 3e38]), f32s("w", &[2], &[-3e38, 3e38])];
    place.write("in.safetensors", &plain(&parts));
    let report = place.json(&["clip-global-norm", "1", "in.safetensors", "-o", "out"]);
    assert!(close(&report["norm"], 6e38, 1e-6), "{report}");
    assert_scaled(&tensors(&place.read("out"))["w"], &[-0.5, 0.5], 1.0, 1e-6);
}

/// A group with the elements `odd` in its second tensor.
fn group(odd: f32) -> Vec<u8> {
    let parts = [
        f32s("a", &[2], &[3.0, -4.0]),
        f32s("b", &[1, 2], &[odd, 1.0]),
        zeros("step", "I64", 8, &[]),
        f32s("c", &[1], &[f32::INFINITY]),
    ];
    plain(&parts)
}

#[test]
fn a_norm_that_is_not_finite_leaves_all_tensors_by_default() {
    let place = Place::new();
    for odd in [f32::from_bits(0x7fa0_0001), f32::NEG_INFINITY] {
        place.write("in.safetensors", &group(odd));
        let run = ["clip-global-norm", "1", "in.safetensors", "-o", "out", "--force"];
        let report = place.json(&run);
        assert_eq!(place.read("out"), group(odd));
        assert_eq!((&report["norm"], &report["scale"]), (&Value::Null, &json!(1.0)));
        let text = "2 tensors hold NaN or infinity; the first is b; nothing was clipped";
        assert_eq!(report["warnings"], json!([text]));
        let ended = place.run(&run);
        assert_eq!(ended.status, 0);
        let warned = format!("normproj: warning: {text}");
        assert_eq!(ended.stderr.lines().last(), Some(warned.as_str()));
    }
}

#[test]
fn policies_decide_over_all_tensors() {
    let place = Place::new();
    let nan = f32::NAN;
    for (odd, policy, expected) in [
        (nan, "zero", [0.0; 5]),
        (nan, "propagate", [nan; 5]),
        (nan, "poison", [nan; 5]),
        (f32::INFINITY, "zero", [0.0; 5]),
        (f32::INFINITY, "propagate", [0.0, 0.0, nan, 0.0, nan]),
        (f32::INFINITY, "poison", [nan; 5]),
    ] {
        place.write("in.safetensors", &group(odd));
        let run = ["clip-global-norm", "1", "in.safetensors", "-o", "out", "--force"];
        let report = place.json(&[&run[..], &["--on-non-finite", policy]].concat());
        let bytes = place.read("out");
        let of = |name: &str| {
            let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
            crate::support::f32_of(file.tensor(name).unwrap().data())
        };
        let found = [of("a"), of("b"), of("c")].concat();
        for (found, expected) in found.iter().zip(expected) {
            let same = found.is_nan() == expected.is_nan() && (expected.is_nan() || *found == 0.0);
            assert!(same, "{policy}: {found} instead of {expected}");
        }
        let text = report["warnings"][0].as_str().unwrap();
        assert!(text.ends_with(&format!("followed --on-non-finite {policy}")), "{text}");
        assert!(report["tensors"].as_array().unwrap().iter().all(|row| row["changed"] == 1));
    }
}

#[test]
fn in_place_and_nothing_to_do() {
    let place = Place::new();
    place.write("w.npy", &npy("'<f4'", false, "(2,)", &bytes_of(&[3.0, 4.0])));
    place.json(&["clip-global-norm", "0", "w.npy", "--in-place"]);
    assert_eq!(place.read("w.npy"), npy("'<f4'", false, "(2,)", &bytes_of(&[0.0, 0.0])));
    assert_eq!(place.files(), ["w.npy"]);
    place.write("none.safetensors", &plain(&[f32s("empty", &[0, 3], &[])]));
    let report = place.json(&["clip-global-norm", "1", "none.safetensors", "-o", "none"]);
    assert_eq!((&report["norm"], &report["scale"]), (&json!(0.0), &json!(1.0)));
    place.fails(&["clip-global-norm", "-1", "none.npy", "-o", "o"], 2, "the radius is -1");
}

#[test]
fn zeros_are_not_changed_by_a_factor() {
    let place = Place::new();
    let parts = [f32s("w", &[2], &[3.0, 4.0]), f32s("zeros", &[2], &[0.0, -0.0])];
    place.write("g.safetensors", &plain(&parts));
    let report = place.json(&["clip-global-norm", "1", "g.safetensors", "-o", "out.safetensors"]);
    let changed = |name| &row(&report, name)["changed"];
    assert_eq!((changed("w"), changed("zeros")), (&json!(1), &json!(0)));
}
