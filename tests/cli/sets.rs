//! Every operation on slices, on a real checkpoint against the oracle.

use normproj::{Axes, Compat, Layout, Norm, Projection, Rounding, WeightLayout, reference};
use safetensors::SafeTensors;

use crate::support::{KAPPA, Place, data, f32_of};

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
