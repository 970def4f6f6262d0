//! .npy files.

use crate::support::{Place, bytes_of, f32_of, npy, npy_with_header};

/// A file after `max-norm 1`, and how many slices changed.
fn max_norm(bytes: &[u8], axis: &str) -> (Vec<u8>, u64) {
    let place = Place::new();
    place.write("w.npy", bytes);
    let report = place.json(&["max-norm", "1", "w.npy", "--axis", axis, "-o", "out.npy"]);
    assert_eq!(report["tensors"][0]["name"], "w");
    (place.read("out.npy"), report["tensors"][0]["changed"].as_u64().unwrap())
}

/// Header as before, elements as expected.
fn check(input: &[u8], output: &[u8], expected: &[f32]) {
    let header = input.len() - 4 * expected.len();
    assert_eq!(input[..header], output[..header]);
    let output = f32_of(&output[header..]);
    assert_eq!(output.len(), expected.len());
    for (y, exact) in output.iter().zip(expected) {
        assert!((y - exact).abs() <= 1e-5, "{output:?} instead of {expected:?}");
    }
}

#[test]
fn an_array_of_any_rank_is_taken() {
    let input = npy("'<f4'", false, "(2, 2)", &bytes_of(&[3.0, 0.1, 4.0, 0.2]));
    check(&input, &max_norm(&input, "0").0, &[0.6, 0.1, 0.8, 0.2]);
    let input = npy("'<f4'", false, "(2,)", &bytes_of(&[3.0, 4.0]));
    check(&input, &max_norm(&input, "0").0, &[0.6, 0.8]);
    let input = npy("'<f4'", false, "()", &bytes_of(&[3.0]));
    check(&input, &max_norm(&input, "all").0, &[1.0]);
    let input = npy("'<f4'", false, "(0, 3)", &[]);
    check(&input, &max_norm(&input, "0").0, &[]);
}

#[test]
fn fortran_order_is_another_layout_of_the_same_tensor() {
    // [[3, 0.1, 0], [4, 0.2, 0]], column after column.
    let input = npy("'<f4'", true, "(2, 3)", &bytes_of(&[3.0, 4.0, 0.1, 0.2, 0.0, 0.0]));
    let (output, changed) = max_norm(&input, "0");
    assert_eq!(changed, 1);
    check(&input, &output, &[0.6, 0.8, 0.1, 0.2, 0.0, 0.0]);
    // Rows [3, 0.1, 0] and [4, 0.2, 0].
    let (output, changed) = max_norm(&input, "1");
    assert_eq!(changed, 2);
    let (one, two) = (3f32.hypot(0.1), 4f32.hypot(0.2));
    check(&input, &output, &[3.0 / one, 4.0 / two, 0.1 / one, 0.2 / two, 0.0, 0.0]);
}

#[test]
fn big_endian_stays_big_endian() {
    let bytes: Vec<u8> = [3f32, 4.0].iter().flat_map(|value| value.to_be_bytes()).collect();
    let input = npy("'>f4'", false, "(2,)", &bytes);
    let (output, _) = max_norm(&input, "0");
    let header = input.len() - 8;
    assert_eq!(output[..header], input[..header]);
    let value = |at: usize| f32::from_be_bytes(output[at..at + 4].try_into().unwrap());
    assert!((value(header) - 0.6).abs() < 1e-5 && (value(header + 4) - 0.8).abs() < 1e-5);
}

#[test]
fn versions_are_kept() {
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }";
    for version in [[1, 0], [2, 0], [3, 0]] {
        let input = npy_with_header(version, header, &bytes_of(&[3.0, 4.0]));
        check(&input, &max_norm(&input, "0").0, &[0.6, 0.8]);
    }
}

#[test]
fn other_dtypes_are_refused_by_name() {
    let place = Place::new();
    let run = ["max-norm", "1", "w.npy", "--axis", "0", "-o", "out.npy"];
    for (descr, size, text) in [
        ("'<i4'", 4, "w.npy: it holds \"<i4\", not floating point numbers"),
        ("'|b1'", 1, "it holds \"|b1\", not floating point numbers"),
        ("'<c8'", 8, "it holds \"<c8\", not floating point numbers"),
        ("'|O'", 1, "it holds \"|O\", not floating point numbers"),
        ("'é'", 1, "w.npy"),
        ("''", 1, "it holds \"\", not floating point numbers"),
        ("[('a', '<f4')]", 4, "it holds \"a structure\", not floating point numbers"),
        ("'<u2'", 2, "if they are the bits of bfloat16 say --dtype bf16"),
    ] {
        place.write("w.npy", &npy(descr, false, "(2,)", &vec![0; 2 * size]));
        place.fails(&run, 1, text);
    }
    let as_bf16 = [&run[..], &["--dtype", "bf16"]].concat();
    place.write("w.npy", &npy("'<f4'", false, "(1,)", &[0; 4]));
    place.fails(&as_bf16, 1, "--dtype is for a .npy of uint16; this holds \"<f4\"");
}

#[test]
fn an_array_is_left_out_by_its_name() {
    let place = Place::new();
    let file = npy("'<f4'", false, "(2,)", &bytes_of(&[2.0, 0.0]));
    place.write("kernel.npy", &file);
    let run = ["max-norm", "1", "--axis", "0", "kernel.npy", "-o", "out.npy", "--force"];
    place.json(&[&run[..], &["--include", "ker*"]].concat());
    assert_ne!(place.read("out.npy"), file);
    place.json(&[&run[..], &["--exclude", "ker*"]].concat());
    assert_eq!(place.read("out.npy"), file);
    place.fails(&[&run[..], &["--include", "bias"]].concat(), 1, "matches no tensor");
}
