//! `normproj clip-norm` and `normproj clip-value`.

use serde_json::json;

use crate::support::{
    KAPPA, Place, assert_scaled, bytes_of, data, f32_of, f32s, norm_of, npy, plain, row, tensors,
    zeros,
};

#[test]
fn each_tensor_is_clipped_by_its_own_norm() {
    let place = Place::new();
    let input = data("digits-gradients.safetensors");
    let report = place.json(&["clip-norm", "0.1", &input, "-o", "out.safetensors", "--verify"]);
    let (before, after) = (std::fs::read(input).unwrap(), place.read("out.safetensors"));
    let (before, after) = (tensors(&before), tensors(&after));
    assert_eq!(report["tensors"].as_array().unwrap().len(), before.len());
    let mut clipped = 0;
    for (name, elements) in &before {
        let (norm, row) = (norm_of(elements), row(&report, name));
        assert!((row["max_norm"].as_f64().unwrap() - norm).abs() <= 1e-9 * norm, "{row}");
        assert_eq!((&row["slices"], &row["length"]), (&json!(1), &json!(elements.len())));
        assert_eq!(row["changed"], json!(u64::from(norm > 0.1)), "{row}");
        assert!(row["max_norm_after"].as_f64().unwrap() <= 0.1);
        if norm > 0.1 {
            clipped += 1;
            assert_scaled(&after[name], elements, 0.1 / norm, 2.0 * KAPPA);
        } else {
            assert_eq!(bytes_of(&after[name]), bytes_of(elements));
        }
    }
    assert_eq!(clipped, 7);
}

#[test]
fn other_norms_are_those_of_whole_tensors() {
    let place = Place::new();
    place.write("w.npy", &npy("'<f4'", false, "(2, 2)", &bytes_of(&[3.0, -4.0, 1.0, 0.0])));
    let clip = |options: &[&str]| {
        let run = ["clip-norm", "1", "w.npy", "-o", "out.npy", "--force"];
        let report = place.json(&[&run[..], options].concat());
        let out = place.read("out.npy");
        (report["tensors"][0]["max_norm"].as_f64().unwrap(), f32_of(&out[out.len() - 16..]))
    };
    let check = |options: &[&str], norm: f64, factor: f64| {
        let (found, elements) = clip(options);
        assert!((found - norm).abs() < 1e-9, "{options:?}: {found}");
        assert_scaled(&elements, &[3.0, -4.0, 1.0, 0.0], factor, 2.0 * KAPPA);
    };
    check(&["--norm", "l1"], 8.0, 0.125);
    check(&["--norm", "linf"], 4.0, 0.25);
    check(&["--norm", "linf", "--compat", "torch"], 4.0, 1.0 / (4.0 + 1e-6));
    check(&["--compat", "torch"], 26f64.sqrt(), 1.0 / (26f64.sqrt() + 1e-6));
    check(&["--norm", "3"], 92f64.cbrt(), 1.0 / 92f64.cbrt());
}

#[test]
fn slices_are_clipped_where_axes_are_named() {
    let place = Place::new();
    place.write("w.npy", &npy("'<f4'", false, "(2, 2)", &bytes_of(&[3.0, 0.1, 4.0, 0.2])));
    for axes in [["--axis", "0"], ["--keep", "1"], ["--per-unit", "keras"]] {
        let run = ["clip-norm", "1", "w.npy", "-o", "out.npy", "--force"];
        let report = place.json(&[&run[..], &axes].concat());
        assert_eq!(report["tensors"][0]["slices"], json!(2));
        let out = place.read("out.npy");
        let out = f32_of(&out[out.len() - 16..]);
        assert_scaled(&out, &[3.0, 0.5, 4.0, 1.0], 0.2, 2.0 * KAPPA);
    }
}

#[test]
fn policies_of_a_tensor_that_is_clipped_by_itself() {
    let odd = [1.0, f32::INFINITY, -2.0];
    let place = Place::new();
    let parts = [f32s("odd", &[3], &odd), f32s("sound", &[2], &[3.0, 4.0])];
    place.write("in.safetensors", &plain(&parts));
    for (policy, expected) in [
        ("leave", odd),
        ("zero", [0.0; 3]),
        ("propagate", [0.0, f32::NAN, 0.0]),
        ("poison", [f32::NAN; 3]),
    ] {
        for norm in ["l2", "l1", "linf"] {
            let run = ["clip-norm", "1", "in.safetensors", "-o", "out", "--force", "--norm", norm];
            let report = place.json(&[&run[..], &["--on-non-finite", policy]].concat());
            let out = tensors(&place.read("out"));
            for (y, expected) in out["odd"].iter().zip(expected) {
                assert!(
                    y.to_bits() == expected.to_bits()
                        || (y.is_nan() && expected.is_nan())
                        || (*y == 0.0 && expected == 0.0),
                    "{policy} {norm}: {out:?}"
                );
            }
            assert!(out["sound"][1] <= 1.0 && out["sound"][0] < 1.0, "{out:?}");
            assert_eq!(row(&report, "odd")["non_finite"], json!(1), "{report}");
            assert_eq!(report["warnings"], json!(["odd holds NaN or infinity"]));
        }
    }
}

#[test]
fn values_are_clamped_and_counted() {
    let place = Place::new();
    let payload = f32::from_bits(0xffc1_2345);
    let odd = [-2.0, -0.5, -0.0, 0.25, 7.0, f32::INFINITY, f32::NEG_INFINITY, payload];
    let parts = [f32s("odd", &[8], &odd), f32s("one", &[], &[0.75]), zeros("step", "I64", 8, &[])];
    let input = plain(&parts);
    place.write("in.safetensors", &input);
    let run = ["clip-value", "-0.5", "0.5", "in.safetensors", "-o", "out", "--verify"];
    let report = place.json(&run);
    let out = place.read("out");
    let start = input.len() - 8 - 4 - 32;
    assert_eq!(
        f32_of(&out[start..start + 36]).iter().map(|x| x.to_bits()).collect::<Vec<_>>(),
        [-0.5, -0.5, -0.0, 0.25, 0.5, 0.5, -0.5, payload, 0.5].map(f32::to_bits)
    );
    let odd = row(&report, "odd");
    for (key, value) in [
        ("slices", json!(8)),
        ("length", json!(1)),
        ("changed", json!(4)),
        ("max_norm", json!(7.0)),
        ("max_norm_after", json!(0.5)),
        ("zero", json!(1)),
        ("non_finite", json!(3)),
    ] {
        assert_eq!(odd[key], value, "{key}");
    }
    assert_eq!(row(&report, "one")["changed"], json!(1));
    assert_eq!(report["left"], json!(["step"]));
    let warning = "odd: 3 elements are NaN or infinite; the first is element 5";
    assert_eq!(report["warnings"], json!([warning]));
}

#[test]
fn bounds_may_be_negative_or_missing_but_not_crossed() {
    let place = Place::new();
    place.write("w.npy", &npy("'<f4'", false, "(2,)", &bytes_of(&[-3.0, 4.0])));
    let clamp = |low: &str, high: &str| {
        place.json(&["clip-value", low, high, "w.npy", "-o", "out.npy", "--force"]);
        let out = place.read("out.npy");
        f32_of(&out[out.len() - 8..])
    };
    assert_eq!(clamp("-inf", "-1"), [-3.0, -1.0]);
    assert_eq!(clamp("-1e0", "inf"), [-1.0, 4.0]);
    let crossed = "the bounds are 1 and -1; the lower must not be above the upper";
    place.fails(&["clip-value", "1", "-1", "w.npy", "-o", "o.npy"], 2, crossed);
    place.fails(&["clip-value", "nan", "1", "none.npy", "-o", "o.npy"], 2, "the bounds are NaN");
    place.fails(&["clip-value", "0", "1", "w.npy"], 2, "say where the result goes");
    place.fails(&["clip-norm", "-1", "none.npy", "-o", "o.npy"], 2, "the radius is -1");
}
