//! Where results go, and what happens to what was there.

use std::fs;

use crate::support::{Place, bytes_of, f32_of, npy, plain, with_header};

fn array(value: f32) -> Vec<u8> {
    npy("'<f4'", false, "(2,)", &bytes_of(&[value, 0.0]))
}

fn first(bytes: &[u8]) -> f32 {
    f32_of(&bytes[bytes.len() - 8..])[0]
}

const RUN: [&str; 4] = ["max-norm", "1", "--axis", "0"];

#[test]
fn a_place_for_the_result_is_needed() {
    let place = Place::new();
    place.write("w.npy", &array(2.0));
    place.fails(
        &[&RUN[..], &["w.npy"]].concat(),
        2,
        "say where the result goes: -o PATH, or --in-place",
    );
    let both = [&RUN[..], &["w.npy", "-o", "out.npy", "--in-place"]].concat();
    place.fails(&both, 2, "cannot be used with");
}

#[test]
fn an_existing_file_needs_force() {
    let place = Place::new();
    place.write("w.npy", &array(2.0));
    place.write("out.npy", b"precious");
    let run = [&RUN[..], &["w.npy", "-o", "out.npy"]].concat();
    place.fails(&run, 1, "out.npy: exists; --force replaces it");
    assert_eq!(place.read("out.npy"), b"precious");
    place.json(&[&run[..], &["--force"]].concat());
    assert!((first(&place.read("out.npy")) - 1.0).abs() < 1e-5);
    assert_eq!(place.files(), ["out.npy", "w.npy"]);
}

#[test]
fn the_input_is_replaced_only_in_place() {
    let place = Place::new();
    place.write("w.npy", &array(2.0));
    let run = [&RUN[..], &["w.npy", "--force", "-o"]].concat();
    for same in ["w.npy", "./w.npy", "."] {
        place.fails(&[&run[..], &[same]].concat(), 1, "the output is an input; say --in-place");
    }
    assert_eq!(place.read("w.npy"), array(2.0));
    place.json(&[&RUN[..], &["w.npy", "--in-place"]].concat());
    assert!((first(&place.read("w.npy")) - 1.0).abs() < 1e-5);
    assert_eq!(place.files(), ["w.npy"]);
}

#[test]
fn several_inputs_go_to_a_folder() {
    let place = Place::new();
    fs::create_dir(place.path("a")).unwrap();
    for name in ["v.npy", "w.npy", "a/w.npy"] {
        place.write(name, &array(2.0));
    }
    place.json(&[&RUN[..], &["v.npy", "w.npy", "-o", "out"]].concat());
    assert_eq!(place.files(), ["a/w.npy", "out/v.npy", "out/w.npy", "v.npy", "w.npy"]);
    let run = |inputs: &[&'static str]| [&RUN[..], inputs].concat();
    let text = "two inputs would be written to this file";
    place.fails(&run(&["w.npy", "a/w.npy", "-o", "new"]), 1, text);
    place.fails(&run(&["w.npy", "./w.npy", "--in-place"]), 1, text);
    place.fails(&run(&["v.npy", "w.npy", "-o", "out"]), 1, "out/v.npy: exists");
    place.fails(
        &run(&["v.npy", "a/w.npy", "-o", "w.npy"]),
        1,
        "w.npy: a file; several inputs need a folder",
    );
    place.fails(&run(&["w.npy", "a/w.npy", "-o", "a", "--force"]), 1, "the output is an input");
    assert!(!place.path("new").exists());
    // One input goes into a folder too, if there is one.
    place.json(&run(&["v.npy", "-o", "a"]));
    assert!(place.path("a/v.npy").exists());
}

#[test]
fn the_format_is_kept() {
    let place = Place::new();
    place.write("w.npy", &array(2.0));
    place.write("w.safetensors", &plain(&[]));
    let run = |input, output| [&RUN[..], &[input, "-o", output]].concat();
    place.fails(
        &run("w.npy", "x.safetensors"),
        1,
        "the output keeps the format of the input, .npy, not .safetensors",
    );
    place.fails(&run("w.safetensors", "x.NPY"), 1, "keeps the format of the input, .safetensors");
    place.fails(
        &run("w.npy", "no/folder/x.npy"),
        1,
        "no file can be made in folder no/folder: no such folder",
    );
}

#[test]
fn failing_work_leaves_the_old_files() {
    let place = Place::new();
    place.write("good.npy", &array(2.0));
    // Sound by its header, refused when it is planned.
    place.write("bad.npy", &npy("'<f4'", false, "()", &bytes_of(&[1.0])));
    let text = "bad.npy:bad: the tensor has shape []";
    place.fails(&[&RUN[..], &["good.npy", "bad.npy", "--in-place"]].concat(), 1, text);
    place.fails(&[&RUN[..], &["good.npy", "bad.npy", "-o", "out"]].concat(), 1, text);
    assert_eq!(place.read("good.npy"), array(2.0));
    assert!(!place.path("out").exists());
}

#[cfg(unix)]
#[test]
fn what_is_replaced_keeps_its_permissions_and_links() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let place = Place::new();
    fs::create_dir(place.path("store")).unwrap();
    let real = place.write("store/w.npy", &array(2.0));
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    symlink("store/w.npy", place.path("w.npy")).unwrap();
    place.json(&[&RUN[..], &["w.npy", "--in-place"]].concat());
    assert!(fs::symlink_metadata(place.path("w.npy")).unwrap().is_symlink());
    assert!((first(&place.read("store/w.npy")) - 1.0).abs() < 1e-5);
    assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
    // A new file is as readable as any other new file.
    place.json(&[&RUN[..], &["w.npy", "-o", "new.npy"]].concat());
    place.write("other", b"");
    let mode = |name| fs::metadata(place.path(name)).unwrap().permissions().mode();
    assert_eq!(mode("new.npy"), mode("other"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_device_is_not_replaced() {
    let place = Place::new();
    place.write("w.npy", &array(2.0));
    let run = [&RUN[..], &["w.npy", "--force", "-o", "/dev/null"]].concat();
    place.fails(&run, 1, "/dev/null: not a regular file");
}

/// Interrupts a run once it writes. The file is large enough for that to be in the middle.
#[cfg(unix)]
#[test]
fn an_interrupt_leaves_the_old_file_and_no_other() {
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};
    let place = Place::new();
    let header = "{\"left\": {\"dtype\": \"U8\", \"shape\": [1073741824], \"data_offsets\": [0, 1073741824]}}";
    let path = place.write("w.safetensors", &with_header(header, &[]));
    // Without a byte on disk.
    let length = 8 + header.len() as u64 + (1 << 30);
    fs::File::options().write(true).open(&path).unwrap().set_len(length).unwrap();
    let changed = fs::metadata(&path).unwrap().modified().unwrap();

    let run = [&RUN[..], &["w.safetensors", "--in-place"]].concat();
    let mut child =
        place.command(&run).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let started = Instant::now();
    while place.files().len() < 2 {
        assert!(started.elapsed() < Duration::from_secs(60), "nothing was written");
        assert!(child.try_wait().unwrap().is_none(), "done before it could be interrupted");
        std::thread::sleep(Duration::from_millis(1));
    }
    // The shell's own: a small system has no other.
    let kill =
        Command::new("sh").args(["-c", &format!("kill -INT {}", child.id())]).status().unwrap();
    assert!(kill.success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(place.files(), ["w.safetensors"]);
    let about = fs::metadata(&path).unwrap();
    assert_eq!((about.len(), about.modified().unwrap()), (length, changed));
}

/// A pipe, or nothing: what the link is for would be lost.
#[cfg(unix)]
#[test]
fn a_link_that_leads_to_no_file_stays() {
    let place = Place::new();
    place.write("w.npy", &array(2.0));
    std::os::unix::fs::symlink("nowhere", place.path("out.npy")).unwrap();
    let run = [&RUN[..], &["w.npy", "-o", "out.npy", "--force"]].concat();
    place.fails(&run, 1, "out.npy: a link that leads to no regular file");
    assert_eq!(fs::read_link(place.path("out.npy")).unwrap().to_str(), Some("nowhere"));
}
