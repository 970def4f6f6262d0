//! `normproj norms`.

use safetensors::SafeTensors;
use serde_json::json;

use crate::support::{Place, bytes_of, data, f32_of, f32s, npy, plain, row, zeros};

/// Columns of norm 5, 0, 1, NaN and 2.
fn columns() -> Vec<f32> {
    vec![3.0, 0.0, 1.0, f32::NAN, 0.0, 4.0, -0.0, 0.0, 1.0, 2.0]
}

fn close(value: &serde_json::Value, expected: f64) -> bool {
    (value.as_f64().unwrap() - expected).abs() < 1e-6 * expected
}

#[test]
fn the_figures_of_a_tensor() {
    let place = Place::new();
    place.write(
        "in.safetensors",
        &plain(&[f32s("w", &[2, 5], &columns()), f32s("b", &[1], &[1.0])]),
    );
    let report = place.json(&["norms", "in.safetensors", "--axis", "0"]);
    let row = &report["tensors"][0];
    assert_eq!((&row["slices"], &row["length"]), (&json!(5), &json!(2)));
    assert_eq!((&row["zero"], &row["non_finite"]), (&json!(1), &json!(1)));
    assert_eq!(row["min_norm"], json!(0.0));
    assert!(close(&row["median_norm"], 1.5) && close(&row["mean_norm"], 2.0), "{row}");
    assert!(close(&row["max_norm"], 5.0), "{row}");
    assert_eq!(report["left"], json!(["b"]));
    let text = place.run(&["norms", "in.safetensors", "--axis", "0"]).stdout;
    let head: Vec<&str> = text.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(head.join(" "), "tensor shape slices × length min median mean max zero non-finite");
    assert!(text.lines().nth(1).unwrap().starts_with("w "), "{text}");
}

#[test]
fn norms_beyond_f32_are_reported() {
    let place = Place::new();
    place.write("in.safetensors", &plain(&[f32s("w", &[4, 1], &[3e38; 4])]));
    let report = place.json(&["norms", "in.safetensors", "--axis", "0"]);
    assert!(close(&report["tensors"][0]["max_norm"], 6e38), "{report}");
}

#[test]
fn a_bound_is_a_check() {
    let place = Place::new();
    let finite = [3.0, 0.0, 1.0, 1.0, 4.0, -0.0, 0.0, 1.0];
    let parts = [f32s("ok", &[1, 2], &[1.0, 1.0]), f32s("w", &[2, 4], &finite)];
    place.write("in.safetensors", &plain(&parts));
    let run =
        |bound: &str| place.run(&["norms", "in.safetensors", "--axis", "0", "--bound", bound]);
    assert_eq!(run("5").status, 0);
    assert_eq!(run("inf").status, 0);
    let beyond = run("4.99");
    assert_eq!(beyond.status, 1);
    // The figures are there all the same.
    assert!(beyond.stdout.contains("median"), "{beyond:?}");
    let text = "normproj: error: `w` has norm 5, beyond 4.99";
    assert_eq!(beyond.stderr.lines().last(), Some(text));
    for wrong in ["-1", "nan", "-inf"] {
        place.fails(
            &["norms", "in.safetensors", "--axis", "0", "--bound", wrong],
            2,
            "the radius is",
        );
    }
    place.write("in.safetensors", &plain(&[f32s("w", &[2, 5], &columns())]));
    let beyond = run("100");
    let text = "normproj: error: `w` has NaN or infinity in slice 3, beyond any bound";
    assert_eq!((beyond.status, beyond.stderr.lines().last()), (1, Some(text)));
}

#[test]
fn the_norms_themselves_of_a_checkpoint() {
    let place = Place::new();
    let parts = [
        f32s("z", &[2, 1, 3], &[3.0, 0.0, 1.0, 4.0, 0.0, 0.0]),
        zeros("step", "I64", 8, &[]),
        f32s("a", &[1, 2], &[2.0, 7.0]),
    ];
    place.write("in.safetensors", &plain(&parts));
    place.json(&["norms", "in.safetensors", "--axis", "0", "-o", "norms.safetensors"]);
    let bytes = place.read("norms.safetensors");
    let norms = SafeTensors::deserialize(&bytes).unwrap();
    assert_eq!(norms.len(), 2);
    let z = norms.tensor("z").unwrap();
    assert_eq!((z.shape(), f32_of(z.data())), (&[1, 3][..], vec![5.0, 0.0, 1.0]));
    let a = norms.tensor("a").unwrap();
    assert_eq!((a.shape(), f32_of(a.data())), (&[2][..], vec![2.0, 7.0]));
    // In the order of the input.
    let text = String::from_utf8_lossy(&bytes);
    assert!(text.find("\"z\"") < text.find("\"a\""));
}

#[test]
fn the_norms_themselves_of_an_array() {
    let place = Place::new();
    place.write("w.npy", &npy("'<f4'", false, "(2, 2)", &bytes_of(&[3.0, 0.0, 4.0, 1.0])));
    place.json(&["norms", "w.npy", "--keep", "1", "-o", "norms.npy"]);
    let expected = npy("'<f4'", false, "(2,)", &bytes_of(&[5.0, 1.0]));
    let found = place.read("norms.npy");
    assert!(String::from_utf8_lossy(&found).contains("'shape': (2,)"));
    assert_eq!(f32_of(&found[found.len() - 8..]), f32_of(&expected[expected.len() - 8..]));
    place.json(&["norms", "w.npy", "--axis", "all", "-o", "norm.npy"]);
    assert!(String::from_utf8_lossy(&place.read("norm.npy")).contains("'shape': ()"));
}

#[test]
fn nothing_is_written_unless_asked_for() {
    let place = Place::new();
    let ended = place.run(&["norms", &data("digits.safetensors"), "--per-unit", "keras"]);
    assert_eq!((ended.status, place.files().len()), (0, 0));
}

#[test]
fn what_has_no_norm_has_none() {
    let place = Place::new();
    place.write("nan.safetensors", &plain(&[f32s("w", &[1, 2], &[f32::NAN, 1.0])]));
    for command in
        [&["norms", "--axis", "1"][..], &["clip-global-norm", "1", "-o", "out.safetensors"]]
    {
        let report = place.json(&[command, &["nan.safetensors"]].concat());
        let w = row(&report, "w");
        assert_eq!((&w["max_norm"], &w["mean_norm"]), (&json!(null), &json!(null)), "{command:?}");
        assert_eq!(w["non_finite"], json!(1));
    }
}

/// They come from files.
#[test]
fn names_forge_no_lines() {
    let place = Place::new();
    place.write("w.safetensors", &plain(&[f32s("a\u{1b}[2J\nwarning: b", &[1, 2], &[3.0, 4.0])]));
    for command in [&["norms"][..], &["norms", "--exclude", "*"]] {
        let ended = place.run(&[command, &["--axis", "0", "w.safetensors"]].concat());
        assert!(ended.stdout.contains("a\u{fffd}[2J\u{fffd}warning: b"), "{ended:?}");
        assert!(!ended.stdout.contains('\u{1b}'));
    }
}
