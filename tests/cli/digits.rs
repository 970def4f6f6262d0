//! A real checkpoint.

use safetensors::SafeTensors;

use crate::support::{Place, data, f32_of};

/// What `'*kernel'` matches: convolutions, dense layers, and both kernels of the recurrent layer.
const KERNELS: [&str; 6] = [
    "conv1.kernel",
    "conv2.kernel",
    "hidden.kernel",
    "lstm.lstm_cell.kernel",
    "lstm.lstm_cell.recurrent_kernel",
    "output.kernel",
];

/// κ of the contract: no schedule may have a larger one.
const KAPPA: f64 = 1.0 / (1 << 17) as f64;

#[test]
fn kernels_equal_an_independent_computation_and_the_rest_keeps_its_bits() {
    let place = Place::new();
    let input = data("digits.safetensors");
    let arguments = ["max-norm", "1", &input, "--per-unit", "keras", "--include", "*kernel"];
    let report = place.json(&[&arguments[..], &["-o", "out.safetensors", "--verify"]].concat());

    let (before, after) = (std::fs::read(&input).unwrap(), place.read("out.safetensors"));
    let expected = std::fs::read(data("digits-max-norm-1.safetensors")).unwrap();
    let before = SafeTensors::deserialize(&before).unwrap();
    let after = SafeTensors::deserialize(&after).unwrap();
    let expected = SafeTensors::deserialize(&expected).unwrap();
    let mut kernels = expected.names();
    kernels.sort();
    assert_eq!(kernels, KERNELS);
    assert_eq!(after.len(), 15);
    for (name, tensor) in before.tensors() {
        let result = after.tensor(&name).unwrap();
        assert_eq!((result.dtype(), result.shape()), (tensor.dtype(), tensor.shape()));
        if !KERNELS.contains(&name.as_str()) {
            assert_eq!(result.data(), tensor.data(), "{name}");
            continue;
        }
        let exact = expected.tensor(&name).unwrap();
        assert_eq!(exact.shape(), tensor.shape());
        let exact = exact.data().chunks_exact(8).map(|b| f64::from_le_bytes(b.try_into().unwrap()));
        for (i, (y, exact)) in f32_of(result.data()).into_iter().zip(exact).enumerate() {
            let error = (f64::from(y) - exact).abs();
            let allowed = 2.0 * KAPPA * exact.abs() + f64::from(f32::MIN_POSITIVE);
            assert!(error <= allowed, "{name}[{i}]: {y} instead of {exact}");
        }
    }

    let rows = report["tensors"].as_array().unwrap();
    let names: Vec<&str> = rows.iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(names, KERNELS);
    for row in rows {
        // All but the recurrent kernel have units beyond 1.
        let beyond = row["name"] != "lstm.lstm_cell.recurrent_kernel";
        assert_eq!(row["changed"].as_u64().unwrap() > 0, beyond, "{row}");
        assert_eq!(row["max_norm"].as_f64().unwrap() > 1.0, beyond, "{row}");
        assert!(row["max_norm_after"].as_f64().unwrap() <= 1.0, "{row}");
    }
    assert_eq!(report["left"].as_array().unwrap().len(), 9);
}

#[test]
fn the_header_is_repeated_byte_for_byte() {
    let place = Place::new();
    let input = data("digits.safetensors");
    place.json(&["max-norm", "1", &input, "--per-unit", "keras", "-o", "out.safetensors"]);
    let (before, after) = (std::fs::read(input).unwrap(), place.read("out.safetensors"));
    let header = 8 + u64::from_le_bytes(before[..8].try_into().unwrap()) as usize;
    assert_eq!(before.len(), after.len());
    assert_eq!(before[..header], after[..header]);
}

#[test]
fn doing_it_twice_changes_nothing() {
    let place = Place::new();
    let max_norm = |from: &str, to: &str| {
        place.json(&["max-norm", "0.7", from, "--per-unit", "keras", "-o", to]);
        place.read(to)
    };
    let once = max_norm(&data("digits.safetensors"), "once.safetensors");
    assert_eq!(max_norm("once.safetensors", "twice.safetensors"), once);
    let ended = place.run(&["norms", "once.safetensors", "--per-unit", "keras", "--bound", "0.7"]);
    assert_eq!(ended.status, 0, "{ended:?}");
}

#[test]
fn a_radius_beyond_all_norms_gives_the_same_file() {
    let place = Place::new();
    let input = data("digits.safetensors");
    for radius in ["1e30", "inf"] {
        let arguments = ["max-norm", radius, &input, "--per-unit", "keras", "--force"];
        place.json(&[&arguments[..], &["-o", "out.safetensors"]].concat());
        assert_eq!(place.read("out.safetensors"), std::fs::read(&input).unwrap());
    }
}

#[test]
fn several_checkpoints_at_once() {
    let place = Place::new();
    let inputs = [data("digits.safetensors"), data("digits-gradients.safetensors")];
    let arguments = ["max-norm", "0.1", &inputs[0], &inputs[1], "--per-unit", "keras"];
    let report = place.json(&[&arguments[..], &["-o", "bounded/"]].concat());
    assert_eq!(
        place.files(),
        ["bounded/digits-gradients.safetensors", "bounded/digits.safetensors"]
    );
    // Names alone would be ambiguous.
    let first = report["tensors"][0]["name"].as_str().unwrap();
    assert_eq!(first, format!("{}:conv1.kernel", inputs[0]));
}
