//! `normproj max-norm`: what is taken, what is left, and what is said of it.

use serde_json::json;

use crate::support::{Place, bytes_of, f32_of, f32s, plain, safetensors, zeros};

/// A kernel with one column inside and one outside, among tensors that are not to be touched.
fn mixed() -> Vec<u8> {
    let parts = [
        zeros("step", "I64", 8, &[]),
        f32s("z.kernel", &[2, 2], &[3.0, 0.1, 4.0, 0.2]),
        f32s("a.bias", &[3], &[f32::from_bits(0x7fa0_0001), -0.0, 1e-45]),
        f32s("m.kernel", &[1, 2], &[2.0, 0.5]),
        zeros("mask", "BOOL", 1, &[3, 1]),
    ];
    // The header names them in another order than the bytes lie in, which is neither sorted.
    let metadata = json!({ "zeta": "1", "alpha": "ünïcode \" quotes", "format": "pt" });
    safetensors(&parts, &[3, 0, 4, 1, 2], Some(metadata))
}

#[test]
fn floats_of_rank_2_and_more_are_taken_and_all_else_is_copied() {
    let place = Place::new();
    let input = mixed();
    place.write("in.safetensors", &input);
    let report =
        place.json(&["max-norm", "1", "in.safetensors", "--axis", "0", "-o", "out.safetensors"]);
    let output = place.read("out.safetensors");

    // Header, order and metadata; then step, z.kernel, a.bias, m.kernel, mask.
    let header = 8 + u64::from_le_bytes(input[..8].try_into().unwrap()) as usize;
    assert_eq!(output.len(), input.len());
    assert_eq!(output[..header + 8], input[..header + 8]);
    let kernel = f32_of(&output[header + 8..header + 24]);
    assert!((kernel[0] - 0.6).abs() < 1e-5 && (kernel[2] - 0.8).abs() < 1e-5, "{kernel:?}");
    assert_eq!((kernel[1], kernel[3]), (0.1, 0.2));
    assert_eq!(output[header + 24..header + 36], input[header + 24..header + 36]);
    assert_eq!(output[header + 44..], input[header + 44..]);

    assert_eq!(report["device"].as_str().unwrap().split(',').next(), Some("native CPU"));
    assert_eq!(report["left"], json!(["step", "a.bias", "mask"]));
    let row = &report["tensors"][0];
    for (key, value) in [
        ("name", json!("z.kernel")),
        ("shape", json!([2, 2])),
        ("dtype", json!("f32")),
        ("slices", json!(2)),
        ("length", json!(2)),
        ("changed", json!(1)),
        ("max_norm", json!(5.0)),
        ("zero", json!(0)),
        ("non_finite", json!(0)),
    ] {
        assert_eq!(row[key], value, "{key}");
    }
    assert!(row.get("max_norm_after").is_none());
    assert!(row["mean_norm"].as_f64().is_some());
}

#[test]
fn include_and_exclude_go_by_name() {
    let place = Place::new();
    place.write("in.safetensors", &mixed());
    let names = |options: &[&str]| {
        let arguments = ["max-norm", "1", "in.safetensors", "--axis", "-1", "--force", "-o", "out"];
        let report = place.json(&[&arguments[..], options].concat());
        let rows = report["tensors"].as_array().unwrap().clone();
        rows.iter().map(|row| row["name"].as_str().unwrap().to_string()).collect::<Vec<_>>()
    };
    assert_eq!(names(&[]), ["z.kernel", "m.kernel"]);
    assert_eq!(names(&["--exclude", "m*"]), ["z.kernel"]);
    assert_eq!(names(&["--include", "a.*"]), ["a.bias"]);
    assert_eq!(
        names(&["--include", "*kernel", "--include", "a.bias"]),
        ["z.kernel", "a.bias", "m.kernel"]
    );
    assert_eq!(
        names(&["--include", "?.*", "--exclude", "*bias", "--exclude", "m.*"]),
        ["z.kernel"]
    );
    assert!(names(&["--exclude", "*"]).is_empty());
}

#[test]
fn a_pattern_that_matches_nothing_is_an_error() {
    let place = Place::new();
    place.write("in.safetensors", &mixed());
    let run = ["max-norm", "1", "in.safetensors", "--axis", "0", "-o", "out"];
    for option in ["--include", "--exclude"] {
        let arguments = [&run[..], &["--include", "*kernel", option, "nothing*"]].concat();
        place.fails(&arguments, 1, &format!("{option} 'nothing*' matches no tensor"));
    }
    place.fails(&[&run[..], &["--include", "a["]].concat(), 2, "--include 'a['");
}

#[test]
fn what_cannot_be_computed_is_named() {
    let place = Place::new();
    place.write("in.safetensors", &mixed());
    let run = ["max-norm", "1", "in.safetensors", "--axis", "0", "-o", "out", "--include", "mask"];
    place.fails(&run, 1, "`mask` is bool, not floating point; leave it out with --exclude 'mask'");
    for dtype in ["F8_E4M3", "F8_E5M2"] {
        place.write("in.safetensors", &plain(&[zeros("w", dtype, 1, &[2, 2])]));
        let text = format!("tensors of {}; leave it out with --exclude 'w'", dtype.to_lowercase());
        place.fails(&run[..7], 1, &text);
        // Of rank 1 it would not be taken; it is no obstacle then.
        place.write("in.safetensors", &plain(&[zeros("w", dtype, 1, &[4])]));
        assert_eq!(place.run(&[&run[..7], &["--force"]].concat()).status, 0);
        std::fs::remove_file(place.path("out")).unwrap();
    }
}

#[test]
fn axes_have_the_library_s_meaning() {
    let place = Place::new();
    // Rows of norm 5 and 10; columns of norm √45 and √80; norm √125 in all.
    place.write("in.safetensors", &plain(&[f32s("w", &[2, 2], &[3.0, 4.0, 6.0, 8.0])]));
    let norm = |axes: &[&str]| {
        let arguments = ["max-norm", "1", "in.safetensors", "-o", "out", "--force"];
        let report = place.json(&[&arguments[..], axes].concat());
        let row = &report["tensors"][0];
        (row["slices"].as_u64().unwrap(), row["max_norm"].as_f64().unwrap().powi(2).round())
    };
    assert_eq!(norm(&["--axis", "0"]), (2, 80.0));
    assert_eq!(norm(&["--axis", "-1"]), (2, 100.0));
    assert_eq!(norm(&["--axis", "-2,1"]), (1, 125.0));
    assert_eq!(norm(&["--axis", "all"]), (1, 125.0));
    assert_eq!(norm(&["--axis", "each"]), (4, 64.0));
    assert_eq!(norm(&["--keep", "0"]), (2, 100.0));
    assert_eq!(norm(&["--keep", "-1"]), (2, 80.0));
    assert_eq!(norm(&["--per-unit", "keras"]), (2, 80.0));
    assert_eq!(norm(&["--per-unit", "torch"]), (2, 100.0));
    assert_eq!(norm(&["--per-unit", "burn"]), (2, 80.0));
}

#[test]
fn an_axis_that_a_tensor_lacks_is_named_with_it() {
    let place = Place::new();
    place.write("in.safetensors", &mixed());
    let run =
        ["max-norm", "1", "in.safetensors", "--axis", "1", "-o", "out", "--include", "a.bias"];
    let text = "a.bias: the tensor has shape [3]; axis 1 is not in -1..=0; leave the tensor out with --exclude, or use --per-unit";
    place.fails(&run, 1, text);
}

#[test]
fn one_axis_on_different_ranks_is_worth_a_warning() {
    let place = Place::new();
    let parts = [f32s("dense", &[1, 2], &[1.0; 2]), f32s("conv", &[1, 1, 1, 2], &[1.0; 2])];
    place.write("in.safetensors", &plain(&parts));
    for (axes, warned) in [
        (["--axis", "0"], true),
        (["--keep", "-1"], true),
        (["--axis", "all"], false),
        (["--per-unit", "keras"], false),
    ] {
        let run =
            [&["max-norm", "1", "in.safetensors", "-o", "out", "--force"][..], &axes].concat();
        let stdout = place.run(&run).stdout;
        let text = "met tensors of rank 2 and 4, where the same axis means another thing";
        assert_eq!(stdout.contains(text), warned, "{stdout}");
        assert_eq!(place.json(&run)["warnings"].as_array().unwrap().len(), usize::from(warned));
    }
}

#[test]
fn slices_with_nan_or_infinity_keep_their_bits_and_are_counted() {
    let place = Place::new();
    let odd = [3.0, f32::from_bits(0xffc1_2345), 4.0, 4.0, 1.0, f32::INFINITY];
    place.write("in.safetensors", &plain(&[f32s("w", &[2, 3], &odd)]));
    let report = place.json(&["max-norm", "1", "in.safetensors", "--axis", "0", "-o", "out"]);
    assert_eq!(report["tensors"][0]["non_finite"], json!(2));
    assert_eq!(
        report["warnings"][0],
        json!("w: 2 slices hold NaN or infinity; the first is slice 1")
    );
    let output = place.read("out");
    let output = f32_of(&output[output.len() - 24..]);
    for i in [1, 2, 4, 5] {
        assert_eq!(output[i].to_bits(), odd[i].to_bits());
    }
}

#[test]
fn policies_decide_slice_by_slice() {
    let place = Place::new();
    let (nan, inf) = (f32::NAN, f32::INFINITY);
    // Columns: outside, with NaN and infinity, with infinity alone, inside.
    let input = plain(&[f32s("w", &[2, 4], &[3.0, nan, 4.0, 0.1, 4.0, -inf, inf, 0.2])]);
    place.write("in.safetensors", &input);
    for (policy, odd) in
        [("zero", [0.0; 4]), ("propagate", [nan, 0.0, nan, nan]), ("poison", [nan; 4])]
    {
        for command in ["max-norm", "clip-norm"] {
            let run = [command, "1", "in.safetensors", "--axis", "0", "-o", "out", "--force"];
            let report = place.json(&[&run[..], &["--on-non-finite", policy]].concat());
            assert_eq!(report["tensors"][0]["changed"], json!(3), "{report}");
            assert_eq!(report["tensors"][0]["non_finite"], json!(2), "{report}");
            let output = place.read("out");
            let output = f32_of(&output[output.len() - 32..]);
            for (i, expected) in [1, 2, 5, 6].into_iter().zip(odd) {
                let same = output[i] == expected || (output[i].is_nan() && expected.is_nan());
                assert!(same, "{policy}: {output:?}");
            }
            assert!((output[0] - 0.6).abs() < 1e-5 && (output[4] - 0.8).abs() < 1e-5);
            assert_eq!((output[3], output[7]), (0.1, 0.2));
        }
    }
}

#[test]
fn nothing_to_do_is_said() {
    let place = Place::new();
    let input = plain(&[f32s("bias", &[2], &[3.0, 4.0]), f32s("empty", &[0, 3], &[])]);
    place.write("in.safetensors", &input);
    let run = ["max-norm", "1", "in.safetensors", "--axis", "0", "-o", "out"];
    let report = place.json(&[&run[..], &["--exclude", "empty"]].concat());
    assert!(report["warnings"][0].as_str().unwrap().starts_with("no tensor was taken"));
    // An empty tensor is a tensor.
    let report = place.json(&[&run[..], &["--force"]].concat());
    assert_eq!(report["tensors"][0]["slices"], json!(3));
    assert_eq!(place.read("out"), input);
    place.write("none.safetensors", &plain(&[]));
    place.json(&["max-norm", "1", "none.safetensors", "--axis", "0", "-o", "none"]);
    assert_eq!(place.read("none"), plain(&[]));
}

#[test]
fn nearest_keeps_what_is_on_the_rim() {
    let place = Place::new();
    let input = plain(&[f32s("w", &[1, 2], &[3.0, 4.0])]);
    place.write("in.safetensors", &input);
    let run = ["max-norm", "5", "in.safetensors", "--axis", "1", "-o", "out", "--force"];
    place.json(&[&run[..], &["--rounding", "nearest"]].concat());
    assert_eq!(place.read("out"), input);
    place.json(&[&run[..], &["--rounding", "feasible"]].concat());
    let output = f32_of(&place.read("out")[input.len() - 8..]);
    assert!(output[0].hypot(output[1]) <= 5.0 && (output[0] - 3.0).abs() < 1e-4);
    assert_eq!(bytes_of(&output), place.read("out")[input.len() - 8..]);
}
