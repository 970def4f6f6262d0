//! Every operation on slices, on a real checkpoint against the oracle.

use normproj::{Axes, Compat, Layout, Norm, Projection, Rounding, WeightLayout, reference};
use safetensors::SafeTensors;
use serde_json::json;

use crate::support::{KAPPA, Place, bytes_of, data, f32_of, f32s, npy, plain, row, tensors};

const INF: f64 = f64::INFINITY;

/// Command lines up to the input, and what they ask for.
fn cases() -> Vec<(&'static str, Projection)> {
    let keras = Axes::per_unit(WeightLayout::Keras);
    let l3 = Norm::lp(3.0).unwrap();
    vec![
        (
            "max-norm 1 --per-unit keras --norm l1",
            Projection::max_norm(1.0, keras).norm_in(Norm::L1),
        ),
        ("max-norm 0.1 --axis 0 --norm linf", Projection::max_norm(0.1, 0).norm_in(Norm::Linf)),
        ("max-norm 0.5 --keep -1 --norm 3", Projection::max_norm(0.5, Axes::keep(-1)).norm_in(l3)),
        (
            "max-norm 1 --per-unit keras --compat keras",
            Projection::max_norm(1.0, keras).compat(Compat::Keras),
        ),
        ("unit-norm --per-unit keras", Projection::unit_norm(keras)),
        ("unit-norm --axis -1 --norm l1", Projection::unit_norm(-1).norm_in(Norm::L1)),
        ("unit-norm --axis 0 --compat torch", Projection::unit_norm(0).compat(Compat::Torch)),
        ("min-max-norm 0.9 1.1 --per-unit keras", Projection::min_max_norm(0.9, 1.1, keras)),
        (
            "min-max-norm 0 1 --per-unit torch --rate 0.25",
            Projection::min_max_norm(0.0, 1.0, Axes::per_unit(WeightLayout::Torch)).rate(0.25),
        ),
        ("ball 1 --per-unit keras", Projection::ball(Norm::L2, 1.0, keras)),
        ("ball 2 --per-unit keras --norm l1", Projection::ball(Norm::L1, 2.0, keras)),
        ("ball 0.05 --axis all --norm linf", Projection::ball(Norm::Linf, 0.05, Axes::all())),
        (
            "sphere 3 --per-unit burn",
            Projection::sphere(Norm::L2, 3.0, Axes::per_unit(WeightLayout::Burn)),
        ),
        ("sphere 2 --axis 0 --norm l1", Projection::sphere(Norm::L1, 2.0, 0)),
        ("simplex 1 --per-unit keras", Projection::simplex(1.0, keras)),
        ("bounds -0.125 0.1", Projection::bounds(-0.125, 0.1)),
        ("box -inf 0", Projection::bounds(-INF, 0.0)),
        ("non-negative", Projection::non_negative()),
        ("clip-norm 0.5 --axis 0 --norm l1", Projection::clip_norm(0.5, 0).norm_in(Norm::L1)),
        ("clip-norm 1 --compat burn", Projection::clip_norm(1.0, Axes::all()).compat(Compat::Burn)),
        ("clip-average-norm 1e-3", Projection::clip_average_norm(1e-3, Axes::all())),
        (
            "clip-average-norm 0.05 --per-unit keras --include *kernel",
            Projection::clip_average_norm(0.05, keras),
        ),
        ("clip-rms 0.1", Projection::clip_rms(0.1, Axes::all())),
        (
            "clip-rms 0.05 --rounding nearest --compat optax",
            Projection::clip_rms(0.05, Axes::all()).rounding(Rounding::Nearest),
        ),
        ("clip-value -0.5 0.25", Projection::bounds(-0.5, 0.25)),
    ]
}

/// How far a result may be from the exact one.
fn allowed(projection: &Projection, exact: f64) -> f64 {
    use normproj::Set::{Ball, Bounds, Simplex, Sphere};
    let shrunk = 2.0 * KAPPA * projection.radius();
    match projection.set() {
        Bounds { .. } | Ball { norm: Norm::Linf, .. } => 0.0,
        Ball { norm: Norm::L1, .. } | Sphere { norm: Norm::L1, .. } | Simplex { .. } => shrunk,
        _ => 2.0 * KAPPA * exact.abs() + f64::from(f32::MIN_POSITIVE),
    }
}

#[test]
fn results_are_those_of_the_oracle() {
    let (place, input) = (Place::new(), data("digits.safetensors"));
    let bytes = std::fs::read(&input).unwrap();
    let before = SafeTensors::deserialize(&bytes).unwrap();
    for (line, projection) in cases() {
        let words: Vec<&str> =
            line.split(' ').chain([&input[..], "-o", "out", "--force"]).collect();
        let report = place.json(&words);
        let after = place.read("out");
        let after = SafeTensors::deserialize(&after).unwrap();
        let rows = report["tensors"].as_array().unwrap();
        let taken = |name: &str| rows.iter().any(|row| row["name"] == name);
        assert!(rows.len() >= 6 && rows.iter().any(|row| row["changed"] != 0), "{line}: {report}");
        for (name, tensor) in before.tensors() {
            let found = after.tensor(&name).unwrap();
            if !taken(&name) {
                assert_eq!(found.data(), tensor.data(), "{line}: {name}");
                continue;
            }
            let layout = Layout::contiguous(tensor.shape()).unwrap();
            let elements = f32_of(tensor.data());
            let exact = reference::project(&projection, &elements, &layout).unwrap();
            for (i, (y, exact)) in f32_of(found.data()).into_iter().zip(exact).enumerate() {
                let error = (f64::from(y) - exact).abs();
                let within = error <= allowed(&projection, exact);
                assert!(within, "{line}: {name}[{i}] is {y}, not {exact}");
            }
        }
    }
}

#[test]
fn constraints_take_weights_and_clips_everything() {
    let (place, input) = (Place::new(), data("digits.safetensors"));
    for (line, _) in cases() {
        let words: Vec<&str> =
            line.split(' ').chain([&input[..], "-o", "out", "--force"]).collect();
        let taken = place.json(&words)["tensors"].as_array().unwrap().len();
        let all =
            line.starts_with("clip") && !line.contains("--axis") && !line.contains("--include");
        // `--axis 0` fits vectors too.
        let all = all || line.starts_with("clip-norm");
        assert_eq!(taken, if all { 15 } else { 6 }, "{line}");
    }
}

#[test]
fn a_rule_does_what_the_command_does() {
    let (place, input) = (Place::new(), data("digits.safetensors"));
    for (line, _) in cases().into_iter().filter(|(line, _)| !line.contains("--include")) {
        let mut words: Vec<&str> = line.split(' ').collect();
        let command = words.remove(0);
        let options = words.iter().position(|word| word.starts_with("--")).unwrap_or(words.len());
        let (numbers, settings) = words.split_at(options);
        let name = if command == "box" { "bounds" } else { command };
        let mut rule = match numbers {
            [] => format!("{name} = true\n"),
            [one] => format!("{name} = {one}\n"),
            several => format!("{name} = [{}]\n", several.join(", ")),
        };
        for setting in settings.chunks(2) {
            let (key, value) = (&setting[0][2..], setting[1]);
            let number = value.parse::<f64>().is_ok();
            rule +=
                &if number { format!("{key} = {value}\n") } else { format!("{key} = '{value}'\n") };
        }
        place.write("rules.toml", format!("[[rule]]\nmatch = '*kernel'\n{rule}").as_bytes());
        let include = ["--include", "*kernel", &input, "-o", "out", "--force"];
        place.json(&[&[command], &words[..], &include].concat());
        let by_command = place.read("out");
        place.json(&["apply", "rules.toml", &input, "-o", "out", "--force"]);
        assert_eq!(place.read("out"), by_command, "{line}");
    }
}

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
        ("clip-global-norm 1 --norm 3", "whole tensors have no Lp norm yet"),
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
