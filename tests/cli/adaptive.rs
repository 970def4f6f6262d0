//! `normproj adaptive-clip`.

use serde_json::json;

use crate::support::{
    KAPPA, Place, assert_scaled, bytes_of, f32_of, f32s, npy, plain, row, tensors,
};

/// Two units of norms 5 and 0 of weights, and gradients of norms 0.5 and 1.
const WEIGHTS: [f32; 4] = [3.0, 0.0, 4.0, 0.0];
const GRADIENT: [f32; 4] = [0.3, 0.6, 0.4, 0.8];

#[test]
fn every_unit_is_clipped_by_the_norm_of_its_weights() {
    let place = Place::new();
    let bias = [3.0f32, 4.0];
    let weights = [f32s("kernel", &[2, 2], &WEIGHTS), f32s("bias", &[2], &bias)];
    place.write("w.safetensors", &plain(&weights));
    let gradients = [f32s("bias", &[2], &[0.03, 0.04]), f32s("kernel", &[2, 2], &GRADIENT)];
    place.write("g.safetensors", &plain(&gradients));
    for device in ["cpu", "gpu"] {
        let run = ["adaptive-clip", "0.05", "g.safetensors", "--weights", "w.safetensors"];
        let rest = ["-o", "out.safetensors", "--force", "--verify", "--device", device];
        let report = place.json(&[&run[..], &rest].concat());
        let out = place.read("out.safetensors");
        let out = tensors(&out);
        // 0.05 of 5, and of the least norm: 1e-3.
        let (margin, kernel) = (if device == "cpu" { 2.0 * KAPPA } else { 2e-5 }, &out["kernel"]);
        assert_scaled(&[kernel[0], kernel[2]], &[0.3, 0.4], 0.5, margin);
        assert_scaled(&[kernel[1], kernel[3]], &[0.6, 0.8], 5e-5, margin);
        // The norm of a vector is one: 0.05 is at most 0.05 of 5.
        assert_eq!(bytes_of(&out["bias"]), bytes_of(&[0.03, 0.04]));
        let kernel = row(&report, "kernel");
        assert_eq!((&kernel["slices"], &kernel["changed"]), (&json!(2), &json!(2)));
        assert!(kernel["max_norm_after"].as_f64().unwrap() <= 0.25);
        assert_eq!(row(&report, "bias")["changed"], json!(0));
    }
}

#[test]
fn axes_and_the_least_norm_are_options() {
    let place = Place::new();
    let file = |values: &[f32]| npy("'<f4'", false, "(2, 2)", &bytes_of(values));
    place.write("w.npy", &file(&WEIGHTS));
    place.write("gradient.npy", &file(&GRADIENT));
    let clip = |options: &[&str]| {
        let run = ["adaptive-clip", "0.1", "gradient.npy", "--weights", "w.npy", "-o", "out.npy"];
        place.json(&[&run[..], &["--force"], options].concat());
        let out = place.read("out.npy");
        f32_of(&out[out.len() - 16..])
    };
    // Rows: 0.1 of 3 and 0.1 of 4.
    let rows = clip(&["--axis", "1"]);
    assert_scaled(&rows[..2], &GRADIENT[..2], 0.3 / 0.45f64.sqrt(), 2.0 * KAPPA);
    assert_scaled(&rows[2..], &GRADIENT[2..], 0.4 / 0.8f64.sqrt(), 2.0 * KAPPA);
    let whole = clip(&["--axis", "all"]);
    assert_scaled(&whole, &GRADIENT, 0.5 / 1.25f64.sqrt(), 2.0 * KAPPA);
    let least = clip(&["--eps", "2"]);
    assert_scaled(&[least[1], least[3]], &[0.6, 0.8], 0.2, 2.0 * KAPPA);
    let optax = clip(&["--compat", "optax"]);
    assert_scaled(&[optax[1], optax[3]], &[0.6, 0.8], 1e-4, 1e-6);
}

#[test]
fn weights_with_nan_leave_their_gradients() {
    let place = Place::new();
    place.write("w.safetensors", &plain(&[f32s("k", &[2, 2], &[f32::NAN, 3.0, 1.0, 4.0])]));
    place.write("g.safetensors", &plain(&[f32s("k", &[2, 2], &GRADIENT)]));
    let run = ["adaptive-clip", "0.01", "g.safetensors", "--weights", "w.safetensors"];
    let ended = place.run(&[&run[..], &["-o", "out.safetensors"]].concat());
    assert_eq!(ended.status, 0, "{ended:?}");
    assert!(ended.stdout.contains("warning: k: 1 slice was left"), "{}", ended.stdout);
    let out = place.read("out.safetensors");
    let out = &tensors(&out)["k"];
    assert_eq!((out[0], out[2]), (0.3, 0.4));
    assert_scaled(&[out[1], out[3]], &[0.6, 0.8], 0.05, 2.0 * KAPPA);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let place = Place::new();
    place.write("w.safetensors", &plain(&[f32s("k", &[2, 2], &WEIGHTS)]));
    place.write("g.safetensors", &plain(&[f32s("k", &[4], &GRADIENT)]));
    place.write("other.safetensors", &plain(&[f32s("other", &[4], &GRADIENT)]));
    place.write("deep.safetensors", &plain(&[f32s("k", &[2, 2, 1, 1, 1, 1], &GRADIENT)]));
    let fails = |lambda: &str, input: &str, weights: &str, more: &[&str], status, text: &str| {
        let run = ["adaptive-clip", lambda, input, "--weights", weights, "-o", "out.safetensors"];
        place.fails(&[&run[..], more].concat(), status, text);
    };
    let (g, w) = ("g.safetensors", "w.safetensors");
    fails("-1", g, w, &[], 2, "the radius is -1");
    fails("0.1", g, w, &["--eps", "-1"], 2, "--eps is -1");
    fails("0.1", g, w, &[], 1, "has shape [2, 2], not [4]");
    fails("0.1", g, "other.safetensors", &[], 1, "there is no tensor `k`");
    fails("0.1", g, "missing.safetensors", &[], 1, "no such file");
    fails("0.1", "deep.safetensors", "deep.safetensors", &[], 1, "rank 6");
    place.fails(&["adaptive-clip", "0.1", g, "-o", "out.safetensors"], 2, "--weights");
}

#[test]
fn the_weights_are_not_overwritten() {
    let place = Place::new();
    let file = npy("'<f4'", false, "(2, 2)", &bytes_of(&WEIGHTS));
    place.write("w.npy", &file);
    place.write("gradient.npy", &npy("'<f4'", false, "(2, 2)", &bytes_of(&GRADIENT)));
    let run = ["adaptive-clip", "0.1", "gradient.npy", "--weights", "w.npy", "-o", "./w.npy"];
    let run = [&run[..], &["--force"]].concat();
    place.fails(&run, 1, "the output is a file that is read, too");
    assert_eq!(place.read("w.npy"), file);
}

#[test]
fn only_optax_has_it() {
    let place = Place::new();
    place.write("w.npy", &npy("'<f4'", false, "(2, 2)", &bytes_of(&WEIGHTS)));
    let run = |compat| {
        let run = ["adaptive-clip", "0.1", "w.npy", "--weights", "w.npy", "-o", "out.npy"];
        [&run[..], &["--force", "--compat", compat]].concat()
    };
    for compat in ["keras", "tensorflow", "torch", "burn"] {
        place.fails(&run(compat), 2, "has no counterpart of adaptive-clip");
    }
    place.json(&run("optax"));
}
