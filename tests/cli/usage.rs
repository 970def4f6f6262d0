//! Arguments, errors and exit codes.

use std::process::Stdio;

use crate::support::{Ended, Place, bytes_of, data, npy};

fn place() -> Place {
    let place = Place::new();
    place.write("w.npy", &npy("'<f4'", false, "(1, 2)", &bytes_of(&[3.0, 4.0])));
    place
}

#[test]
fn negative_numbers_are_values() {
    let place = place();
    for (radius, printed) in
        [("-1", "-1"), ("-0.5", "-0.5"), ("-1e3", "-1000"), ("-inf", "-inf"), ("nan", "NaN")]
    {
        let text = format!("the radius is {printed}; it must be 0 or more");
        place.fails(&["max-norm", radius, "w.npy", "--axis", "-1", "-o", "out.npy"], 2, &text);
        // Options first, and no file that could be read: the radius is refused before.
        place.fails(
            &["max-norm", "-o", "out.npy", "--axis", "-1,-2", radius, "none.npy"],
            2,
            &text,
        );
    }
    for radius in ["inf", "1e39", "0", "-0", ".5"] {
        place.json(&["max-norm", radius, "w.npy", "--keep", "-1", "-o", "out.npy", "--force"]);
    }
}

#[test]
fn axes_are_said_exactly_once() {
    let place = place();
    let run = ["max-norm", "1", "w.npy", "-o", "out.npy"];
    place.fails(&run, 2, "--axis <AXES>|--keep <AXES>|--per-unit <LAYOUT>");
    place.fails(&[&run[..], &["--axis", "0", "--keep", "0"]].concat(), 2, "cannot be used with");
    place.fails(
        &[&run[..], &["--axis", "0", "--axis", "1"]].concat(),
        2,
        "cannot be used multiple times",
    );
    place.fails(
        &[&run[..], &["--axis", "x"]].concat(),
        2,
        "expected axes such as 0, -1 or 0,1,2, or all, or each",
    );
    place.fails(&[&run[..], &["--per-unit", "jax"]].concat(), 2, "expected keras, torch or burn");
    place.fails(&[&run[..], &["--axis", "0,0"]].concat(), 1, "axis 0 is named twice");
    place.fails(&["norms", "w.npy"], 2, "--axis <AXES>|--keep <AXES>|--per-unit <LAYOUT>");
}

#[test]
fn a_value_that_makes_no_sense_says_what_does() {
    let place = place();
    let run = ["max-norm", "1", "w.npy", "--axis", "0", "-o", "out.npy"];
    for (option, value, text) in [
        ("--norm", "two", "expected l1, l2, linf or a number p"),
        ("--norm", "-1", "p is -1; it must be in 1/64..=64"),
        ("--norm", "--json", "expected l1, l2, linf or a number p"),
        ("--compat", "jax", "expected keras, tensorflow, torch, optax or burn"),
        ("--rounding", "up", "expected feasible, nearest or toward-zero"),
        ("--on-non-finite", "panic", "expected leave, zero, propagate or poison"),
        ("--dtype", "f16", "expected bf16"),
        ("--zero", "e1", "unexpected argument '--zero'"),
    ] {
        place.fails(&[&run[..], &[option, value]].concat(), 2, text);
    }
    let edges = ["--norm", "l2", "--rounding", "toward-zero", "--on-non-finite", "leave"];
    place.json(&[&run[..], &edges].concat());
}

#[test]
fn wrong_usage_is_one_line_and_2() {
    let place = Place::new();
    let run = |arguments: &[&str]| Ended::from(place.command(arguments).output().unwrap());
    for (arguments, text) in [
        (&[][..], "requires a subcommand"),
        (&["max-nrom"], "unrecognized subcommand 'max-nrom'; tip:"),
        (&["max-norm", "one", "w.npy"], "invalid value 'one' for '<C>': expected a number"),
        (&["max-norm", "--axs", "0"], "invalid value '--axs' for '<C>': there is no such option"),
        (&["norms", "w.npy", "--axs", "0"], "unexpected argument '--axs'"),
        (&["norms", "--axis", "0"], "<INPUT>"),
    ] {
        let ended = run(arguments);
        assert_eq!((ended.status, ended.stderr.lines().count()), (2, 1), "{ended:?}");
        assert!(
            ended.stderr.starts_with("normproj: error: ") && ended.stderr.contains(text),
            "{ended:?}"
        );
    }
    for arguments in [&["--help"][..], &["--version"], &["max-norm", "-h"], &["help", "norms"]] {
        let ended = run(arguments);
        assert_eq!((ended.status, ended.stderr.as_str()), (0, ""), "{ended:?}");
        assert!(ended.stdout.contains("normproj"), "{ended:?}");
    }
}

#[test]
fn inputs_that_are_none() {
    let place = place();
    std::fs::create_dir(place.path("folder.npy")).unwrap();
    for name in [
        "model.pt",
        "model.pth",
        "model.bin",
        "model.h5",
        "model.keras",
        "model.gguf",
        "a.txt",
        "bare",
    ] {
        place.write(name, b"");
    }
    for (name, text) in [
        ("none.npy", "none.npy: no such file"),
        ("folder.npy", "folder.npy: a folder; name the files in it"),
        (
            "model.pt",
            "model.pt: not a format that is read here; convert it in Python: safetensors.torch.save_file",
        ),
        ("model.pth", "safetensors.torch.save_file"),
        ("model.bin", "safetensors.torch.save_file"),
        ("model.h5", "keras.saving.load_model"),
        ("model.keras", "keras.saving.load_model"),
        ("model.gguf", "take the .safetensors that it was made from"),
        ("a.txt", "name a .safetensors or .npy file"),
        ("bare", "name a .safetensors or .npy file"),
    ] {
        place.fails(&["norms", name, "--axis", "0"], 1, text);
        // Even after a sound one: nothing is done by halves.
        place.fails(&["max-norm", "1", "w.npy", name, "--axis", "0", "-o", "out"], 1, text);
    }
}

#[test]
fn stderr_says_what_ran_where_unless_quiet() {
    let place = place();
    let run = ["norms", "w.npy", "--axis", "0"];
    let ended = place.run(&run);
    let lines: Vec<&str> = ended.stderr.lines().collect();
    let (arch, os) = (std::env::consts::ARCH, std::env::consts::OS);
    let built = format!("normproj: version {}, {arch}-{os}, ", env!("CARGO_PKG_VERSION"));
    assert!(lines[0].starts_with(&built) && lines[0].ends_with(" build"), "{lines:?}");
    assert!(lines[1].starts_with("normproj: on native CPU"), "{lines:?}");
    assert_eq!(lines.len(), 2, "no progress bar where nobody looks: {lines:?}");
    let ended = place.run(&[&run[..], &["--quiet"]].concat());
    assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), ("", ""));
    let ended = place.run(&[&run[..], &["--quiet", "--json"]].concat());
    assert_eq!((ended.stdout.lines().count(), ended.stderr.as_str()), (1, ""));
}

#[test]
fn a_reader_that_stops_reading_is_no_failure() {
    let place = Place::new();
    let mut command = place.command(&["norms", &data("digits.safetensors"), "--axis", "0"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let ended = Ended::from(child.wait_with_output().unwrap());
    assert_eq!(ended.status, 0, "{ended:?}");
    assert!(!ended.stderr.contains("panicked"), "{ended:?}");
}
