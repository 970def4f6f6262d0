//! `normproj l2-loss`.

use serde_json::{Value, json};

use crate::support::{Place, data, f32s, norm_of, plain, row, tensors, zeros};

#[test]
fn half_the_sum_of_squares_of_each_and_of_all() {
    let place = Place::new();
    let input = data("digits.safetensors");
    let run = ["l2-loss", &input, "--exclude", "*BIAS*", "--ignore-case"];
    let report = place.json(&run);
    let mut all = 0.0;
    let mut count = 0;
    for (name, elements) in tensors(&std::fs::read(&input).unwrap()) {
        if name.contains("bias") {
            continue;
        }
        let loss = norm_of(&elements).powi(2) / 2.0;
        let found = row(&report, &name);
        assert!((found["l2_loss"].as_f64().unwrap() - loss).abs() <= 1e-9 * loss, "{found}");
        assert_eq!(found["length"], json!(elements.len()));
        (all, count) = (all + loss, count + 1);
    }
    assert_eq!(report["tensors"].as_array().unwrap().len(), count);
    assert!((report["l2_loss"].as_f64().unwrap() - all).abs() <= 1e-9 * all, "{report}");
    assert_eq!(report["left"].as_array().unwrap().len(), 5);
    let ended = place.run(&run);
    let last = ended.stdout.lines().find(|line| line.starts_with("all ")).unwrap();
    assert_eq!(last.split_whitespace().collect::<Vec<_>>(), ["all", "105904", "421.7145"]);
    assert!(place.files().is_empty());
}

#[test]
fn edges() {
    let place = Place::new();
    let parts = [
        f32s("empty", &[0], &[]),
        f32s("large", &[2], &[3e38, 3e38]),
        zeros("step", "I64", 8, &[]),
        f32s("odd", &[1], &[f32::NAN]),
    ];
    place.write("in.safetensors", &plain(&parts));
    let report = place.json(&["l2-loss", "in.safetensors"]);
    assert_eq!(row(&report, "empty")["l2_loss"], json!(0.0));
    let large = row(&report, "large")["l2_loss"].as_f64().unwrap();
    assert!((large - 9e76).abs() < 1e70, "{large}");
    assert_eq!((&row(&report, "odd")["l2_loss"], &report["l2_loss"]), (&Value::Null, &Value::Null));
    place.fails(&["l2-loss", "in.safetensors", "--include", "*Odd"], 1, "matches no tensor");
    place.json(&["l2-loss", "in.safetensors", "--include", "*Odd", "--ignore-case"]);
}
