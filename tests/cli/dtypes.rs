//! Files of every dtype: the command does what the library does, and says what it refuses.

use normproj::{
    Axes, Clip, Context, DType, DeviceBuffer, Element, Error, Group, Model, Norm, OnNonFinite,
    Projection, bf16, f16,
};
use serde_json::json;

use crate::support::{Place, elements, npy, plain, row};

const SHAPE: [usize; 2] = [5, 7];

/// Numbers of both signs and of several magnitudes, and a NaN.
fn numbers() -> Vec<f64> {
    let number = |i: i32| f64::from(i * i % 23 - 9) * 0.37 * 2f64.powi(i % 5 - 2);
    let mut numbers: Vec<f64> = (0..35).map(number).collect();
    numbers[8] = f64::NAN;
    numbers
}

/// Runs a check for every dtype.
macro_rules! every_dtype {
    ($check:ident) => {
        $check(&numbers());
        $check(&numbers().into_iter().map(|x| x as f32).collect::<Vec<_>>());
        $check(&numbers().into_iter().map(f16::from_f64).collect::<Vec<_>>());
        $check(&numbers().into_iter().map(bf16::from_f64).collect::<Vec<_>>());
    };
}

fn bytes<T: Element>(elements: &[T]) -> Vec<u8> {
    bytemuck::cast_slice(elements).to_vec()
}

/// What the library makes of a tensor.
fn by_library<T: Element>(
    values: &[T],
    act: impl Fn(&DeviceBuffer) -> Result<(), Error>,
) -> Result<Vec<u8>, Error> {
    let tensor = Context::cpu().upload_as(values, SHAPE)?;
    act(&tensor)?;
    Ok(bytes(&tensor.read_as::<T>()?))
}

/// Runs a command on a tensor in a .safetensors; what it made of it must be what was expected.
fn check<T: Element>(values: &[T], line: &str, expected: &Result<Vec<u8>, Error>) {
    let place = Place::new();
    let input = plain(&[elements("w", &SHAPE, values)]);
    place.write("in.safetensors", &input);
    let run: Vec<&str> = line.split(' ').chain(["in.safetensors", "-o", "out"]).collect();
    match expected {
        Ok(elements) => {
            let report = place.json(&run);
            let (header, output) = (input.len() - elements.len(), place.read("out"));
            assert_eq!(output[..header], input[..header], "{line}");
            assert!(output[header..] == elements[..], "{line} of {}", T::DTYPE);
            assert_eq!(row(&report, "w")["dtype"], json!(T::DTYPE.to_string()));
        }
        Err(Error::Named { error, .. }) => {
            place.fails(&run, 1, &format!("w: {error}; leave it out with --exclude 'w'"));
        }
        Err(error) => place.fails(&run, 1, &format!("w: {error}; leave it out with --exclude 'w'")),
    }
}

fn constraints<T: Element>(values: &[T]) {
    let poison = OnNonFinite::Poison;
    for (line, projection) in [
        ("max-norm 1 --axis 0", Projection::max_norm(1.0, 0)),
        ("unit-norm --axis 1 --norm l1", Projection::unit_norm(1).norm_in(Norm::L1)),
        ("ball 2 --axis 0 --norm l1", Projection::ball(Norm::L1, 2.0, 0)),
        ("simplex 1 --keep 0", Projection::simplex(1.0, Axes::keep(0))),
        (
            "bounds -0.3 0.1 --on-non-finite poison",
            Projection::bounds(-0.3, 0.1).on_non_finite(poison),
        ),
        ("clip-norm 1 --on-non-finite zero", {
            Projection::clip_norm(1.0, Axes::all()).on_non_finite(OnNonFinite::Zero)
        }),
    ] {
        let expected = by_library(values, |tensor| tensor.context().project(&projection, tensor));
        check(values, line, &expected);
    }
}

#[test]
fn constraints_of_every_dtype() {
    every_dtype!(constraints);
}

fn global_clips<T: Element>(values: &[T]) {
    let clip = Clip::global_norm(0.5).on_non_finite(OnNonFinite::Zero);
    let expected = by_library(values, |tensor| {
        let model = Model::new(tensor.context(), [("w", tensor)])?;
        Group::new(clip, &model)?.enqueue()
    });
    check(values, "clip-global-norm 0.5 --on-non-finite zero", &expected);
}

#[test]
fn clips_by_global_norm_of_every_dtype() {
    every_dtype!(global_clips);
}

fn rules<T: Element>(values: &[T]) {
    let place = Place::new();
    place.write("in.safetensors", &plain(&[elements("w", &SHAPE, values)]));
    place.write("rules.toml", b"[[rule]]\nmatch = '*'\nmax-norm = 1\naxis = 0");
    let run = ["apply", "rules.toml", "in.safetensors", "-o", "out"];
    let projection = Projection::max_norm(1.0, 0);
    match by_library(values, |tensor| tensor.context().project(&projection, tensor)) {
        Ok(elements) => {
            place.json(&run);
            assert!(place.read("out").ends_with(&elements), "{}", T::DTYPE);
        }
        Err(error) => {
            let advice = "leave it out with a rule before that says leave = true";
            place.fails(&run, 1, &format!("w: {error}; {advice}"));
            place.fails(&["apply", "rules.toml", "in.safetensors", "--explain"], 1, advice);
        }
    }
}

#[test]
fn rules_for_every_dtype() {
    every_dtype!(rules);
}

/// Arrays, in the order of bytes of either kind of machine.
fn arrays<T: Element>(values: &[T]) {
    let (kind, options): (_, &[&str]) = match T::DTYPE {
        DType::F16 => ("f2", &[]),
        DType::BF16 => ("u2", &["--dtype", "bf16"]),
        DType::F64 => ("f8", &[]),
        _ => ("f4", &[]),
    };
    let turned = |bytes: &[u8]| -> Vec<u8> {
        bytes.chunks(size_of::<T>()).flat_map(|element| element.iter().rev().copied()).collect()
    };
    let projection = Projection::max_norm(1.0, 0);
    let expected = by_library(values, |tensor| tensor.context().project(&projection, tensor));
    let (native, other) = if cfg!(target_endian = "little") { ('<', '>') } else { ('>', '<') };
    for (order, turn) in [(native, false), (other, true)] {
        let place = Place::new();
        let ordered = |bytes: Vec<u8>| if turn { turned(&bytes) } else { bytes };
        let array = |bytes| npy(&format!("'{order}{kind}'"), false, "(5, 7)", &ordered(bytes));
        place.write("w.npy", &array(bytes(values)));
        let run = [&["max-norm", "1", "w.npy", "--axis", "0", "-o", "out.npy"], options].concat();
        match &expected {
            Ok(elements) => {
                place.json(&run);
                assert!(place.read("out.npy") == array(elements.clone()), "{order}{kind}");
            }
            Err(error) => place.fails(&run, 1, &format!("w: {error}; leave it out")),
        }
    }
}

#[test]
fn arrays_of_every_dtype() {
    every_dtype!(arrays);
}

fn norms<T: Element>(values: &[T]) {
    let place = Place::new();
    place.write("in.safetensors", &plain(&[elements("w", &SHAPE, values)]));
    let run = ["norms", "in.safetensors", "--axis", "0", "-o", "out"];
    let (dtype, name) = match T::DTYPE {
        DType::F64 => (DType::F64, "F64"),
        _ => (DType::F32, "F32"),
    };
    let expected = || -> Result<Vec<u8>, Error> {
        let tensor = Context::cpu().upload_as(values, SHAPE)?;
        let norms = tensor.context().zeros_as([SHAPE[1]], dtype)?;
        tensor.context().norms(Norm::L2, 0, &tensor, &norms)?;
        Ok(match dtype {
            DType::F64 => bytes(&norms.read_as::<f64>()?),
            _ => bytes(&norms.read()?),
        })
    };
    match expected() {
        Ok(norms) => {
            place.json(&run);
            let out = place.read("out");
            assert!(out.ends_with(&norms) && String::from_utf8_lossy(&out).contains(name));
        }
        Err(error) => place.fails(&run, 1, &format!("w: {error}; leave it out")),
    }
}

#[test]
fn norms_of_every_dtype() {
    every_dtype!(norms);
}

/// What is under one norm is clipped tensor by tensor, and ends where a clip of all at once would: a
/// second one changes nothing, though f32 alone would have less room than beside 16 bits.
#[test]
fn files_of_mixed_dtypes_are_clipped_as_one() {
    let numbers: Vec<f64> = numbers().into_iter().filter(|x| x.is_finite()).collect();
    let single: Vec<f32> = numbers.iter().map(|&x| x as f32).collect();
    let half: Vec<f16> = numbers.iter().map(|&x| f16::from_f64(x)).collect();
    let brain: Vec<bf16> = numbers.iter().map(|&x| bf16::from_f64(x)).collect();
    let shape = [numbers.len()];
    let place = Place::new();
    let (one, two) = (elements("a", &shape, &single), elements("b", &shape, &half));
    let (three, four) = (elements("c", &shape, &brain), elements("d", &shape, &numbers));
    place.write("in.safetensors", &plain(&[one, two, three, four]));
    let context = Context::cpu();
    let exact = |norm| -> Result<f64, Error> {
        let tensors = [
            context.upload_as(&single, shape)?,
            context.upload_as(&half, shape)?,
            context.upload_as(&brain, shape)?,
            context.upload_as(&numbers, shape)?,
        ];
        let model = Model::unnamed(&context, &tensors)?;
        Ok(Group::new(Clip::norms(norm), &model)?.run()?.wait()?.total().norm)
    };
    for (name, norm) in [
        ("l1", Norm::L1),
        ("l2", Norm::L2),
        ("linf", Norm::Linf),
        ("3", Norm::lp(3.0).unwrap()),
        ("1.5", Norm::lp(1.5).unwrap()),
    ] {
        let total = exact(norm).unwrap();
        for radius in [0.4, 1e3 * total] {
            let radius = radius.to_string();
            let run = [
                "clip-global-norm",
                &radius,
                "in.safetensors",
                "-o",
                "once.safetensors",
                "--force",
            ];
            let report = place.json(&[&run[..], &["--norm", name]].concat());
            let found = report["norm"].as_f64().unwrap();
            assert!((found - total).abs() <= 1e-12 * total, "{name}: {found}, not {total}");
            let run = [
                "clip-global-norm",
                &radius,
                "once.safetensors",
                "-o",
                "twice.safetensors",
                "--force",
            ];
            place.json(&[&run[..], &["--norm", name]].concat());
            let name = format!("{name} {radius}");
            assert!(place.read("once.safetensors") == place.read("twice.safetensors"), "{name}");
            let kept = place.read("once.safetensors") == place.read("in.safetensors");
            assert_eq!(kept, radius != "0.4", "{name}");
        }
    }
}
