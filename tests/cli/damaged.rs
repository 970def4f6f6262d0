//! Files that are cut, broken or lie: an error that names the file, never a panic and never an
//! allocation of what they claim.

use crate::support::{Place, bytes_of, f32s, npy, npy_with_header, plain, with_header};

#[track_caller]
fn refused(name: &str, bytes: &[u8], text: &str) {
    let place = Place::new();
    place.write(name, bytes);
    for run in [
        &["norms", name, "--axis", "0"][..],
        &["max-norm", "1", name, "--axis", "0", "-o", "out"],
        &["max-norm", "1", name, "--axis", "0", "--in-place"],
    ] {
        place.fails(run, 1, &format!("error: {name}: "));
        place.fails(run, 1, text);
    }
    assert_eq!(place.read(name), bytes);
}

#[track_caller]
fn refused_header(header: &str, data: usize, text: &str) {
    refused("w.safetensors", &with_header(header, &vec![0; data]), text);
}

#[test]
fn safetensors_that_are_cut() {
    let whole = plain(&[f32s("w", &[2, 2], &[1.0; 4])]);
    refused("w.safetensors", b"", "it has 0 bytes, too few for one");
    refused("w.safetensors", &whole[..7], "it has 7 bytes, too few for one");
    refused("w.safetensors", &whole[..20], "header claims");
    refused("w.safetensors", &whole[..whole.len() - 1], "`w` ends at byte 16 of 15 bytes of data");
    refused("w.safetensors", &[&whole[..], &[0]].concat(), "1 bytes after the last tensor");
}

#[test]
fn safetensors_whose_header_claims_gigabytes() {
    for length in [u64::MAX, 1 << 40, 100_000_001, 99_999_999, 9] {
        let bytes = [&length.to_le_bytes()[..], b"{}      "].concat();
        refused("w.safetensors", &bytes, &format!("header claims {length} bytes"));
    }
}

#[test]
fn safetensors_whose_header_is_no_header() {
    refused("w.safetensors", &[&2u64.to_le_bytes()[..], b"\xff\xfe"].concat(), "not UTF-8");
    refused_header("", 0, "header cannot be read");
    refused_header("[]", 0, "expected an object of tensors");
    refused_header("{\"w\"", 0, "header cannot be read");
    refused_header("{\"w\": 3}", 0, "`w`: invalid type");
    refused_header(&"[".repeat(100_000), 0, "header cannot be read");
    let deep = format!("{{\"w\": {}}}", "[".repeat(100_000));
    refused_header(&deep, 0, "header cannot be read");
    refused_header("{\"__metadata__\": {\"a\": 1}}", 0, "header cannot be read");
    let info = |dtype: &str, shape: &str| {
        format!("{{\"w\": {{\"dtype\": {dtype}, \"shape\": {shape}, \"data_offsets\": [0, 4]}}}}")
    };
    refused_header(&info("\"F33\"", "[1]"), 4, "unknown variant `F33`");
    refused_header(&info("\"F32\"", "[-1]"), 4, "`w`: invalid value");
    refused_header(&info("\"F32\"", "[1.5]"), 4, "`w`: invalid type");
    refused_header(&info("\"F32\"", "[99999999999999999999]"), 4, "`w`: invalid type");
    refused_header(
        "{\"w\": {\"dtype\": \"F32\", \"shape\": [1]}}",
        4,
        "missing field `data_offsets`",
    );
}

/// A header of f32 tensors with shape and offsets.
fn tensors(all: &[(&str, &str, &str)]) -> String {
    let one = |(name, shape, offsets): &(&str, &str, &str)| {
        format!(
            "\"{name}\": {{\"dtype\": \"F32\", \"shape\": {shape}, \"data_offsets\": {offsets}}}"
        )
    };
    format!("{{{}}}", all.iter().map(one).collect::<Vec<_>>().join(", "))
}

#[test]
fn safetensors_whose_tensors_do_not_fit() {
    let header = |all: &[_]| tensors(all);
    refused_header(&header(&[("w", "[1]", "[0, 8]")]), 4, "`w` ends at byte 8 of 4 bytes of data");
    refused_header(&header(&[("w", "[1]", "[4, 0]")]), 4, "before its start");
    let far = "[0, 18446744073709551615]";
    refused_header(&header(&[("w", "[1]", far)]), 4, "`w` ends at byte 18446744073709551615");
    refused_header(
        &header(&[("w", "[2]", "[0, 4]")]),
        4,
        "has 4 bytes; its shape [2] of f32 needs 8",
    );
    let huge = "[4294967296, 4294967296]";
    refused_header(&header(&[("w", huge, "[0, 4]")]), 4, "needs more than can be counted");
    let hidden = "[4294967296, 4294967296, 0]";
    refused_header(&header(&[("w", hidden, "[0, 0]")]), 0, "needs more than can be counted");
    let overlap = [("a", "[2]", "[0, 8]"), ("b", "[2]", "[4, 12]")];
    refused_header(&header(&overlap), 12, "`b` overlaps `a`");
    let same = [("a", "[1]", "[0, 4]"), ("b", "[1]", "[0, 4]")];
    refused_header(&header(&same), 4, "`b` overlaps `a`");
    let gap = [("a", "[1]", "[0, 4]"), ("b", "[1]", "[8, 12]")];
    refused_header(&header(&gap), 12, "bytes 4 to 8 between a and `b` belong to no tensor");
    refused_header(
        &header(&[("w", "[1]", "[4, 8]")]),
        8,
        "bytes 0 to 4 between the header and `w`",
    );
    let twice = [("w", "[1]", "[0, 4]"), ("w", "[1]", "[4, 8]")];
    refused_header(&header(&twice), 8, "`w` comes twice");
}

#[test]
fn a_name_cannot_break_the_line() {
    refused_header(
        &tensors(&[("a\\nb\\u001b[31m", "[2]", "[0, 4]")]),
        4,
        "`a\u{fffd}b\u{fffd}[31m`",
    );
}

#[test]
fn more_axes_than_there_can_be() {
    let header = tensors(&[("w", "[1, 1, 1, 1, 1, 1, 1, 1, 1]", "[0, 4]")]);
    let place = Place::new();
    place.write("w.safetensors", &with_header(&header, &[0; 4]));
    place.fails(&["norms", "w.safetensors", "--axis", "0"], 1, "w: rank 9 is more than the 8");
}

#[test]
fn npy_that_is_cut_or_is_none() {
    let whole = npy("'<f4'", false, "(2, 2)", &bytes_of(&[1.0; 4]));
    refused("w.npy", b"", "it has 0 bytes, too few for one");
    refused("w.npy", &whole[..9], "too few for one");
    refused("w.npy", &whole[..30], "header claims");
    refused(
        "w.npy",
        &whole[..whole.len() - 1],
        "it has 15 bytes of data; its shape [2, 2] of f32 needs 16",
    );
    refused("w.npy", &[&whole[..], &[0]].concat(), "it has 17 bytes of data");
    refused("w.npy", b"PK\x03\x04 a zip that was renamed", "does not start with \\x93NUMPY");
    let mut version = whole.clone();
    version[6] = 9;
    refused("w.npy", &version, "damaged");
}

#[test]
fn npy_whose_header_lies() {
    let long = [&b"\x93NUMPY\x02\x00"[..], &u32::MAX.to_le_bytes(), b"{}"].concat();
    refused("w.npy", &long, "header claims 4294967295 bytes");
    let data = bytes_of(&[1.0; 4]);
    let huge = npy("'<f4'", false, "(4294967296, 4294967296)", &data);
    refused("w.npy", &huge, "needs more than can be counted");
    refused("w.npy", &npy("'<f4'", false, "(1099511627776,)", &data), "needs 4398046511104");
    refused("w.npy", &npy("'<f4'", false, "(0, 4294967296, 4294967296)", &[]), "can be counted");
    for header in [
        "",
        "{}",
        "3",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-4,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': 4, }",
        "{'descr': '<f4', 'fortran_order': 0, 'shape': (4,), }",
        "{'descr': '<f4', 'shape': (4,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (4,), 'more': 1}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (4,)",
        "{'descr': '\\N{BULLET}', 'fortran_order': False, 'shape': (4,)}",
        "{'descr': '\\uffff', 'fortran_order': 1e999, 'shape': (1-2j,)}",
    ] {
        refused(
            "w.npy",
            &npy_with_header([1, 0], header, &data),
            "damaged: its header cannot be read",
        );
    }
    let deep = npy_with_header([2, 0], &"(".repeat(60_000), &data);
    refused("w.npy", &deep, "nests deeper");
}
