//! Files to run on, and a way to run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use safetensors::SafeTensors;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

/// A folder of its own for one test, in which the program runs.
pub struct Place {
    folder: TempDir,
}

/// How a run ended.
#[derive(Debug)]
pub struct Ended {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Place {
    pub fn new() -> Self {
        Place { folder: TempDir::new().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// All files, in subfolders too, sorted.
    pub fn files(&self) -> Vec<String> {
        let mut files = Vec::new();
        let mut folders = vec![self.folder.path().to_path_buf()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let name = path.strip_prefix(self.folder.path()).unwrap();
                    files.push(name.to_str().unwrap().to_string());
                }
            }
        }
        files.sort();
        files
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_normproj"));
        command.args(arguments).current_dir(self.folder.path());
        command
    }

    /// Runs on the CPU backend unless another device is named, so that every machine gives the same.
    pub fn run(&self, arguments: &[&str]) -> Ended {
        let mut command = self.command(arguments);
        if !arguments.contains(&"--device") {
            command.args(["--device", "cpu"]);
        }
        Ended::from(command.output().unwrap())
    }

    /// Runs what must succeed; gives the JSON report.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let ended = self.run(&[arguments, &["--json"]].concat());
        assert_eq!(ended.status, 0, "{arguments:?}: {ended:?}");
        serde_json::from_str(&ended.stdout).unwrap()
    }

    /// Runs what must fail with a status, in one line that holds a text.
    #[track_caller]
    pub fn fails(&self, arguments: &[&str], status: i32, text: &str) {
        let before = self.files();
        let ended = self.run(&[arguments, &["--quiet"]].concat());
        assert_eq!(ended.status, status, "{arguments:?}: {ended:?}");
        assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
        assert!(ended.stderr.starts_with("normproj: error: "), "{ended:?}");
        assert!(ended.stderr.contains(text), "expected {text:?} in {:?}", ended.stderr);
        assert_eq!(self.files(), before, "{arguments:?} left files behind");
    }
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Ended {
            status: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// A file of the repository's test data.
pub fn data(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(name)
        .to_str()
        .unwrap()
        .to_string()
}

/// A tensor of a file to be made.
pub struct Part {
    pub name: &'static str,
    pub dtype: &'static str,
    pub shape: Vec<usize>,
    pub bytes: Vec<u8>,
}

/// An f32 tensor.
pub fn f32s(name: &'static str, shape: &[usize], values: &[f32]) -> Part {
    Part { name, dtype: "F32", shape: shape.to_vec(), bytes: bytes_of(values) }
}

/// A tensor of any elements.
pub fn elements<T: normproj::Element>(name: &'static str, shape: &[usize], values: &[T]) -> Part {
    let dtype = match T::DTYPE {
        normproj::DType::F16 => "F16",
        normproj::DType::BF16 => "BF16",
        normproj::DType::F64 => "F64",
        _ => "F32",
    };
    Part { name, dtype, shape: shape.to_vec(), bytes: bytemuck::cast_slice(values).to_vec() }
}

/// A tensor of zeros of another dtype.
pub fn zeros(name: &'static str, dtype: &'static str, size: usize, shape: &[usize]) -> Part {
    let bytes = vec![0; size * shape.iter().product::<usize>()];
    Part { name, dtype, shape: shape.to_vec(), bytes }
}

pub fn bytes_of(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

pub fn f32_of(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(4).map(|four| f32::from_le_bytes(four.try_into().unwrap())).collect()
}

/// The f32 tensors of a .safetensors file, by name.
pub fn tensors(bytes: &[u8]) -> BTreeMap<String, Vec<f32>> {
    let tensors = SafeTensors::deserialize(bytes).unwrap().tensors();
    tensors.into_iter().map(|(name, tensor)| (name, f32_of(tensor.data()))).collect()
}

/// The Euclidean norm of elements, in f64.
pub fn norm_of<'a>(elements: impl IntoIterator<Item = &'a f32>) -> f64 {
    let squares = elements.into_iter().map(|&x| f64::from(x) * f64::from(x));
    squares.sum::<f64>().sqrt()
}

/// The row of a report on a tensor.
#[track_caller]
pub fn row<'a>(report: &'a Value, name: &str) -> &'a Value {
    let rows = report["tensors"].as_array().unwrap();
    rows.iter().find(|row| row["name"] == name).unwrap_or_else(|| panic!("{name}: {report}"))
}

/// Checks that one tensor is another times a factor, within a relative error.
#[track_caller]
pub fn assert_scaled(after: &[f32], before: &[f32], factor: f64, error: f64) {
    assert_eq!(after.len(), before.len());
    for (y, x) in after.iter().zip(before) {
        let exact = f64::from(*x) * factor;
        let off = (f64::from(*y) - exact).abs();
        assert!(off <= error * exact.abs() + f64::from(f32::MIN_POSITIVE), "{y}, not {exact}");
    }
}

/// κ of the CPU backend, rounded up: results are below the exact ones by so much at most.
pub const KAPPA: f64 = 1e-6;

/// The bytes of a .safetensors file. Bytes lie in the order of `parts`, the header names them in
/// the order of `named`.
pub fn safetensors(parts: &[Part], named: &[usize], metadata: Option<Value>) -> Vec<u8> {
    let mut ends = vec![0];
    for part in parts {
        ends.push(ends[ends.len() - 1] + part.bytes.len());
    }
    let mut header = Map::new();
    if let Some(metadata) = metadata {
        header.insert("__metadata__".to_string(), metadata);
    }
    for &i in named {
        let Part { name, dtype, shape, .. } = &parts[i];
        let info =
            json!({ "dtype": dtype, "shape": shape, "data_offsets": [ends[i], ends[i + 1]] });
        header.insert(name.to_string(), info);
    }
    let data: Vec<u8> = parts.iter().flat_map(|part| part.bytes.clone()).collect();
    with_header(&Value::Object(header).to_string(), &data)
}

/// Tensors in one order everywhere.
pub fn plain(parts: &[Part]) -> Vec<u8> {
    safetensors(parts, &(0..parts.len()).collect::<Vec<_>>(), None)
}

/// A .safetensors file with any header.
pub fn with_header(header: &str, data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat()
}

/// The bytes of a .npy file of version 1.
pub fn npy(descr: &str, fortran: bool, shape: &str, data: &[u8]) -> Vec<u8> {
    let fortran = if fortran { "True" } else { "False" };
    let header = format!("{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}, }}");
    npy_with_header([1, 0], &header, data)
}

/// A .npy file with any header, padded as NumPy pads it.
pub fn npy_with_header(version: [u8; 2], header: &str, data: &[u8]) -> Vec<u8> {
    let prefix = if version[0] == 1 { 10 } else { 12 };
    let padding = (64 - (prefix + header.len() + 1) % 64) % 64;
    let length = header.len() + padding + 1;
    let mut bytes = b"\x93NUMPY".to_vec();
    bytes.extend(version);
    match prefix {
        10 => bytes.extend((length as u16).to_le_bytes()),
        _ => bytes.extend((length as u32).to_le_bytes()),
    }
    bytes.extend(header.as_bytes());
    bytes.extend(vec![b' '; padding]);
    bytes.push(b'\n');
    bytes.extend(data);
    bytes
}
