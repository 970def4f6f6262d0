//! `normproj apply`.

use safetensors::SafeTensors;
use serde_json::json;

use crate::support::{
    KAPPA, Place, assert_scaled, data, f32s, norm_of, plain, row, tensors, with_header, zeros,
};

const RULES: &str = "
[[rule]]
match = 'conv*.kernel'
max-norm = 1.0
per-unit = 'keras'

[[rule]]
match = '*bias*'
leave = true

[[rule]]
match = 'norm1.moving*'
clip-value = [0, 0.25]

[[rule]]
match = '*kernel'
clip-global-norm = 0.5

[[rule]]
match = '*gamma'
clip-norm = 1
";

#[test]
fn each_tensor_gets_what_the_first_match_says() {
    let place = Place::new();
    place.write("rules.toml", RULES.as_bytes());
    let input = data("digits.safetensors");
    let report = place.json(&["apply", "rules.toml", &input, "-o", "out.safetensors", "--verify"]);
    let before = tensors(&std::fs::read(&input).unwrap());
    let bytes = place.read("out.safetensors");
    let after = tensors(&bytes);
    // The convolutions, from the file of what max-norm 1 must give.
    let exact = std::fs::read(data("digits-max-norm-1.safetensors")).unwrap();
    let exact = SafeTensors::deserialize(&exact).unwrap();
    for name in ["conv1.kernel", "conv2.kernel"] {
        let exact = exact.tensor(name).unwrap();
        let exact = exact.data().chunks_exact(8).map(|b| f64::from_le_bytes(b.try_into().unwrap()));
        for (y, exact) in after[name].iter().zip(exact) {
            assert!((f64::from(*y) - exact).abs() <= 2.0 * KAPPA * exact.abs(), "{name}");
        }
    }
    // The other kernels, by their norm.
    let others = || before.iter().filter(|(n, _)| n.contains("kernel") && !n.contains("conv"));
    let norm = norm_of(others().flat_map(|(_, elements)| elements));
    assert_eq!(others().count(), 4);
    for (name, elements) in others() {
        assert_scaled(&after[name], elements, 0.5 / norm, 2.0 * KAPPA);
    }
    let group = &report["groups"][0];
    assert_eq!(
        (report["groups"].as_array().unwrap().len(), &group["rule"]),
        (1, &json!("*kernel"))
    );
    assert!((group["norm"].as_f64().unwrap() - norm).abs() < 1e-9 * norm);
    assert!(group["norm_after"].as_f64().unwrap() <= 0.5);
    // Elements, and a tensor by itself.
    for name in ["norm1.moving_mean", "norm1.moving_variance"] {
        let clamped: Vec<f32> = before[name].iter().map(|x| x.clamp(0.0, 0.25)).collect();
        assert_eq!(after[name], clamped);
    }
    let gamma = norm_of(&before["norm1.gamma"]);
    assert_scaled(&after["norm1.gamma"], &before["norm1.gamma"], 1.0 / gamma, 2.0 * KAPPA);
    // The rest, bit for bit.
    let left = report["left"].as_array().unwrap();
    assert_eq!(left.len(), 6);
    for name in left {
        let name = name.as_str().unwrap();
        assert!(name.contains("bias") || name == "norm1.beta");
        assert_eq!(after[name], before[name]);
    }
    let row = row(&report, "norm1.gamma");
    assert_eq!(row["rule"], json!("*gamma"));
    assert_eq!(row["operation"], json!("clip by norm 1 in L2 over all axes"));
}

#[test]
fn explain_says_which_tensor_gets_what_and_writes_nothing() {
    let place = Place::new();
    place.write("rules.toml", RULES.as_bytes());
    let input = data("digits.safetensors");
    let ended = place.run(&["apply", "rules.toml", &input, "--explain"]);
    assert_eq!((ended.status, place.files()), (0, vec!["rules.toml".to_string()]));
    let lines: Vec<String> = ended
        .stdout
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    for expected in [
        "tensor shape slices × length rule operation",
        "conv1.bias [16] - *bias* leave",
        "conv1.kernel [3, 3, 1, 16] 16 × 9 conv*.kernel max-norm 1 in L2 per unit as in Keras",
        "hidden.kernel [512, 128] part of 1 × 101088 *kernel clip by global norm 0.5 in L2",
        "norm1.beta [16] - - left: no rule matches",
        "norm1.gamma [16] 1 × 16 *gamma clip by norm 1 in L2 over all axes",
        "norm1.moving_mean [16] 16 × 1 norm1.moving* bounds 0 and 0.25",
        "left, because no rule matches: norm1.beta",
    ] {
        assert!(lines.iter().any(|line| line == expected), "{expected:?} in {lines:#?}");
    }
    let totals = lines.iter().find(|line| line.starts_with("9 of 15 tensors, 105888 elements, on"));
    assert!(totals.is_some_and(|line| line.contains("native CPU")), "{lines:#?}");
    let report = place.json(&["apply", "rules.toml", &input, "--explain"]);
    let kernel = row(&report, "conv1.kernel");
    assert_eq!(kernel["rule"], json!("conv*.kernel"));
    assert_eq!(row(&report, "norm1.beta")["operation"], serde_json::Value::Null);
}

#[test]
fn explain_reads_no_tensor() {
    let place = Place::new();
    place.write("rules.toml", b"[[rule]]\nmatch = '*'\nclip-global-norm = 1");
    let header = "{\"w\": {\"dtype\": \"F32\", \"shape\": [131072, 131072], \"data_offsets\": [0, 68719476736]}}";
    let path = place.write("w.safetensors", &with_header(header, &[]));
    // Without a byte on disk; more than there is memory.
    let length = 8 + header.len() as u64 + (1 << 36);
    std::fs::File::options().write(true).open(&path).unwrap().set_len(length).unwrap();
    let ended = place.run(&["apply", "rules.toml", "w.safetensors", "--explain"]);
    assert!(ended.stdout.contains("part of 1 × 17179869184"), "{ended:?}");
}

#[test]
fn axes_that_meet_different_ranks_are_worth_a_warning() {
    let place = Place::new();
    let parts = [f32s("a", &[1, 2], &[1.0; 2]), f32s("b", &[1, 1, 2], &[1.0; 2])];
    place.write("in.safetensors", &plain(&parts));
    place.write("rules.toml", b"[[rule]]\nmatch = '*'\nmax-norm = 1\naxis = 0");
    let text = "`*`: one norm over axes [0] meets tensors of rank 2 and 3";
    let explained = place.run(&["apply", "rules.toml", "in.safetensors", "--explain"]);
    assert!(explained.stdout.contains(&format!("warning: {text}")), "{explained:?}");
    let report = place.json(&["apply", "rules.toml", "in.safetensors", "-o", "out"]);
    assert!(report["warnings"][0].as_str().unwrap().starts_with(text), "{report}");
}

#[test]
fn only_floating_point_tensors_meet_rules() {
    let place = Place::new();
    let parts = [
        f32s("w", &[2], &[3.0, 4.0]),
        zeros("step", "I64", 8, &[]),
        zeros("small", "F8_E4M3", 1, &[2]),
    ];
    place.write("in.safetensors", &plain(&parts));
    let all = "[[rule]]\nmatch = '*'\nclip-global-norm = 1\n";
    place.write("rules.toml", all.as_bytes());
    let run = ["apply", "rules.toml", "in.safetensors", "-o", "out", "--force"];
    let text = "small: native CPU";
    place.fails(&run, 1, text);
    place.write("rules.toml", format!("[[rule]]\nmatch = 'small'\nleave = true\n{all}").as_bytes());
    let report = place.json(&run);
    assert_eq!(report["left"], json!(["step", "small"]));
    place.write("step.toml", b"ignore-case = true\n[[rule]]\nmatch = 'St*'\nleave = true");
    let text =
        "step.toml:2: `St*` matches only tensors that are not floating point, such as `step`";
    place.fails(&["apply", "step.toml", "in.safetensors", "--explain"], 1, text);
    assert_eq!(report["groups"][0]["norm"], json!(5.0));
    let explained = place.run(&["apply", "rules.toml", "in.safetensors", "--explain"]).stdout;
    assert!(explained.contains("left, because they are not floating point: step"), "{explained}");
}

#[test]
fn a_group_that_is_not_finite_is_named_with_its_rule() {
    let place = Place::new();
    let parts =
        [f32s("a.g", &[1], &[f32::NAN]), f32s("b.g", &[1], &[2.0]), f32s("c", &[1], &[2.0])];
    let input = plain(&parts);
    place.write("in.safetensors", &input);
    let rules =
        "[[rule]]\nmatch = '*.g'\nclip-global-norm = 1\n[[rule]]\nmatch = '*'\nclip-norm = 0";
    place.write("rules.toml", rules.as_bytes());
    let report = place.json(&["apply", "rules.toml", "in.safetensors", "-o", "out"]);
    let out = place.read("out");
    assert_eq!(out[..out.len() - 4], input[..input.len() - 4]);
    assert_eq!(out[out.len() - 4..], [0; 4]);
    let text = "a.g holds NaN or infinity; nothing was clipped";
    assert_eq!(report["warnings"], json!([text]));
}

#[test]
fn bytes_are_those_of_the_dtype() {
    let place = Place::new();
    let moved = |dtype: &'static str, size: usize| {
        place.write("w.safetensors", &plain(&[zeros("w", dtype, size, &[10, 10])]));
        place.write("r.toml", b"[[rule]]\nmatch = \"*\"\nmax-norm = 1\naxis = 1\n");
        let run = ["apply", "r.toml", "w.safetensors", "--explain"];
        let text = place.run(&run).stdout;
        let bytes = format!("{} bytes moved if nothing violates, {} if", 100 * size, 200 * size);
        assert!(text.contains(&bytes), "{dtype}: {text}");
    };
    moved("F64", 8);
    moved("F32", 4);
    moved("F16", 2);
}

#[test]
fn a_box_is_bounds() {
    let place = Place::new();
    place.write("w.safetensors", &plain(&[f32s("w", &[2], &[-3.0, 0.5])]));
    place.write("r.toml", b"[[rule]]\nmatch = \"*\"\nbox = [0, 1]\n");
    place.json(&["apply", "r.toml", "w.safetensors", "-o", "out.safetensors"]);
    assert_eq!(tensors(&place.read("out.safetensors"))["w"], [0.0, 0.5]);
}
