//! `normproj norms --plot`.

use crate::support::{Place, data, f32s, plain};

const INSIDE: [u8; 3] = [76, 120, 168];
const BEYOND: [u8; 3] = [228, 87, 86];

/// A .png: its width, its height and its pixels.
fn pixels(bytes: &[u8]) -> (u32, u32, Vec<[u8; 3]>) {
    let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    assert_eq!(info.color_type, png::ColorType::Rgb);
    (info.width, info.height, pixels.as_chunks().0.to_vec())
}

#[test]
fn a_checkpoint_is_drawn_tensor_by_tensor() {
    let (place, input) = (Place::new(), data("digits.safetensors"));
    let run = |file: &str| {
        place.run(&["norms", &input, "--per-unit", "keras", "--bound", "1", "--plot", file])
    };
    // The bound does not hold, which is what one looks for in the picture.
    assert_eq!((run("norms.svg").status, run("norms.png").status), (1, 1));
    let svg = String::from_utf8(place.read("norms.svg")).unwrap();
    assert!(svg.starts_with("<svg ") && svg.trim_end().ends_with("</svg>"));
    let texts: Vec<&str> = svg.lines().filter(|line| !line.starts_with('<')).collect();
    let count = |text: &str| texts.iter().filter(|line| **line == text).count();
    assert_eq!(count("L2 norms per unit as in Keras of digits.safetensors"), 1, "{texts:?}");
    assert_eq!((count("L2 norm of a slice"), count("slices")), (6, 6));
    assert_eq!(count("16 slices × 9, 12 beyond 1"), 1);
    assert_eq!(count("192 slices × 48, 0 beyond 1"), 1);
    assert_eq!(count("lstm.lstm_cell.recurrent_kernel"), 1);
    // All but that of the output, whose norms are far beyond.
    let labels = texts.iter().filter(|line| line.trim() == "bound 1").count();
    assert_eq!(labels, 5);
    let (width, height, pixels) = pixels(&place.read("norms.png"));
    assert_eq!((width, height), (2 * 3 * 380, 2 * (2 * 250 + 36)));
    for color in [INSIDE, BEYOND] {
        let share = pixels.iter().filter(|pixel| **pixel == color).count();
        assert!(share > pixels.len() / 200, "{share} pixels are {color:?}");
    }
    assert_eq!(place.files(), ["norms.png", "norms.svg"]);
}

#[test]
fn bars_are_as_high_as_their_counts() {
    let place = Place::new();
    // Rows of norm 1, 1, 1, 2 and 4.
    let elements = [1.0, 1.0, 1.0, 2.0, 4.0];
    place.write("in.safetensors", &plain(&[f32s("w", &[5, 1], &elements)]));
    let run = ["norms", "in.safetensors", "--axis", "1", "--bound", "2", "--plot", "out.svg"];
    assert_eq!(place.run(&run).status, 1);
    let svg = String::from_utf8(place.read("out.svg")).unwrap();
    let heights = |color: &str| -> Vec<i32> {
        let bars = svg.lines().filter(|line| line.starts_with("<rect") && line.contains(color));
        let height = |line: &str| {
            let (_, rest) = line.split_once("height=\"").unwrap();
            rest.split_once('"').unwrap().0.parse().unwrap()
        };
        // The first is of the legend.
        bars.skip(1).map(height).collect()
    };
    let (inside, beyond) = (heights("#4C78A8"), heights("#E45756"));
    assert_eq!((inside.len(), beyond.len()), (2, 1), "{svg}");
    assert!((inside[0] - 3 * inside[1]).abs() <= 3 && (inside[1] - beyond[0]).abs() <= 1);
}

#[test]
fn whatever_the_tensors_are_there_is_a_picture() {
    let place = Place::new();
    let (nan, inf) = (f32::NAN, f32::INFINITY);
    let parts = [
        f32s("empty", &[0, 3], &[]),
        f32s("zeros", &[2, 2], &[0.0; 4]),
        f32s("odd", &[1, 4], &[nan, inf, 1.0, -3e38]),
        f32s("all odd", &[1, 2], &[nan, nan]),
        f32s("a <b> & \"c\"\u{7}", &[1, 1], &[1e-45]),
        f32s(LONG, &[1, 1], &[1.0]),
    ];
    place.write("in.safetensors", &plain(&parts));
    place.write("none.safetensors", &plain(&[]));
    for file in ["out.svg", "out.png"] {
        for input in ["in.safetensors", "none.safetensors"] {
            for bound in [&[][..], &["--bound", "0"], &["--bound", "1"], &["--bound", "inf"]] {
                let run = ["norms", input, "--axis", "0", "--plot", file, "--force"];
                let ended = place.run(&[&run[..], bound].concat());
                assert!(!ended.stderr.contains("panicked"), "{ended:?}");
                assert!(place.read(file).len() > 200);
                std::fs::remove_file(place.path(file)).unwrap();
            }
        }
    }
    place.run(&["norms", "in.safetensors", "--axis", "0", "--plot", "out.svg"]);
    let svg = String::from_utf8(place.read("out.svg")).unwrap();
    assert!(svg.contains("a &lt;b&gt; &amp; &quot;c&quot;\u{fffd}"), "{svg}");
    assert!(svg.contains("4 slices × 1, 2 not finite"), "{svg}");
    // The ends of a name that is too long.
    let name = svg.lines().find(|line| line.contains('…')).unwrap();
    assert!(name.starts_with("model.") && name.ends_with(".weight"), "{name}");
}

const LONG: &str = "model.encoder.layers.17.self_attention.query_key_value_projection.lora.weight";

#[test]
fn names_of_pictures() {
    let place = Place::new();
    place.write("in.safetensors", &plain(&[f32s("w", &[1, 1], &[1.0])]));
    let run = ["norms", "in.safetensors", "--axis", "0", "--plot"];
    let with = |rest: &[&'static str]| [&run[..], rest].concat();
    place.fails(&with(&["norms.pdf"]), 2, "--plot norms.pdf: name a .svg or .png file");
    place.fails(&with(&["norms"]), 2, "--plot norms: name a .svg or .png file");
    place.fails(&with(&["a.png", "-o", "a.png"]), 2, "--plot and -o name the same file");
    place.fails(&with(&["no/a.png"]), 1, "no file can be made in folder no: no such folder");
    place.write("a.SVG", b"precious");
    place.fails(&with(&["a.SVG"]), 1, "a.SVG: exists; --force replaces it");
    assert_eq!(place.read("a.SVG"), b"precious");
    place.json(&with(&["a.SVG", "--force", "-o", "norms.safetensors"]));
    assert_eq!(place.files(), ["a.SVG", "in.safetensors", "norms.safetensors"]);
    let names: Vec<String> = (0..97).map(|i| format!("w{i}")).collect();
    let parts = names.iter().map(|name| f32s(name.clone().leak(), &[1, 1], &[1.0]));
    place.write("in.safetensors", &plain(&parts.collect::<Vec<_>>()));
    let text = "--plot draws 96 tensors at most, not 97; choose some with --include";
    place.fails(&with(&["b.svg"]), 1, text);
    place.json(&with(&["b.svg", "--exclude", "w96"]));
}
