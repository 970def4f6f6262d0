//! A golden case as the files hold it, and what is done with it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use normproj::{Axes, DType};
use safetensors::SafeTensors;
use serde::Deserialize;
use serde_json::Value as Json;

use crate::values::{Value, for_dtype};

/// One call of a peer.
#[derive(Deserialize)]
pub struct Golden {
    pub name: String,
    pub op: String,
    pub args: BTreeMap<String, Json>,
    pub inputs: Vec<Array>,
    pub outputs: Vec<Array>,
    /// The same call in f64, where the peer's own precision fails.
    pub outputs_f64peer: Option<Vec<Array>>,
    pub expects_error: Option<String>,
    pub tags: Vec<String>,
    pub tol: Option<Tolerance>,
}

/// An array by its name in the other file.
#[derive(Deserialize)]
pub struct Array {
    tensor: String,
    dtype: String,
    pub shape: Vec<usize>,
}

/// How far a peer's rounding may take it.
#[derive(Deserialize, Clone, Copy)]
pub struct Tolerance {
    pub rel_l2: f64,
    pub ulp: f64,
    #[serde(default)]
    pub mode: Mode,
}

/// What an error is measured by.
#[derive(Deserialize, Clone, Copy, Default)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// The element.
    #[default]
    Elementwise,
    /// The largest element of the tensor.
    Tensor,
}

impl Tolerance {
    /// What the error of an element is measured by.
    pub fn of_whole(&self, element: f64, largest: f64) -> f64 {
        match self.mode {
            Mode::Elementwise => element,
            Mode::Tensor => element.max(largest),
        }
    }
}

/// The tolerance of f32 where a case has none of its own.
pub const DEFAULT: Tolerance = Tolerance { rel_l2: 2e-6, ulp: 16.0, mode: Mode::Elementwise };

impl Golden {
    pub fn dtype(&self) -> DType {
        self.inputs[0].dtype()
    }

    /// How far the peer's rounding may take it.
    pub fn tolerance(&self) -> Tolerance {
        self.tolerance_of(self.dtype())
    }

    /// The same of an output of this dtype.
    pub fn tolerance_of(&self, dtype: DType) -> Tolerance {
        let (rel_l2, ulp) = match dtype {
            DType::F16 => (0.002, 2.0),
            DType::BF16 => (0.016, 2.0),
            DType::F64 => (1e-14, 64.0),
            _ => return self.tol.unwrap_or(DEFAULT),
        };
        self.tol.unwrap_or(Tolerance { rel_l2, ulp, mode: Mode::Elementwise })
    }

    /// The axes that a slice extends over.
    pub fn axes(&self) -> Axes {
        match (self.args.get("axis"), self.args.get("dim")) {
            (Some(axes), _) => over(axes),
            (None, Some(kept)) => Axes::keep(axis(kept)),
            (None, None) => panic!("{} ({}) names no axis", self.name, self.op),
        }
    }
}

/// The axes that a norm runs over: one, several, or all.
pub fn over(axes: &Json) -> Axes {
    match axes {
        Json::Null => Axes::all(),
        Json::Array(list) => Axes::from(list.iter().map(axis).collect::<Vec<_>>().as_slice()),
        one => Axes::from(axis(one)),
    }
}

fn axis(value: &Json) -> i32 {
    value.as_i64().and_then(|axis| axis.try_into().ok()).expect("an axis")
}

/// A number, or the name of one that JSON cannot hold.
pub fn number(value: &Json) -> f64 {
    let named = || value.as_str().and_then(|name| name.parse().ok());
    value.as_f64().or_else(named).expect("a number")
}

/// The two files.
pub struct Files {
    pub cases: Vec<Golden>,
    arrays: Vec<u8>,
}

impl Files {
    pub fn open() -> Files {
        Files::of("tests/data/golden")
    }

    /// The cases of radii in memory, and of the norms that they are made of.
    pub fn radii() -> Files {
        Files::of("tests/data/golden/radii")
    }

    /// The cases of planes and lines.
    pub fn planes() -> Files {
        Files::of("tests/data/golden/planes")
    }

    /// The cases of rows that indices name.
    pub fn rows() -> Files {
        Files::of("tests/data/golden/rows")
    }

    /// The cases of the examples of a batch.
    pub fn examples() -> Files {
        Files::of("tests/data/golden/examples")
    }

    /// The cases of steps of optimizers.
    pub fn steps() -> Files {
        Files::of("tests/data/golden/steps")
    }

    /// The cases of steps of Adam.
    pub fn adam() -> Files {
        Files::of("tests/data/golden/adam")
    }

    /// The values of an array of i32.
    pub fn indices(&self, array: &Array) -> Vec<i32> {
        assert_eq!(array.dtype, "i32");
        let arrays = SafeTensors::deserialize(&self.arrays).expect("arrays.safetensors");
        let view = arrays.tensor(&array.tensor).expect("an array that a case names");
        let words = view.data().as_chunks().0.iter();
        words.map(|&word| i32::from_le_bytes(word)).collect()
    }

    fn of(folder: &str) -> Files {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(folder);
        let read = |name: &str| std::fs::read(folder.join(name)).expect(name);
        let cases = serde_json::from_slice(&read("cases.json")).expect("cases.json is JSON");
        Files { cases, arrays: read("arrays.safetensors") }
    }

    /// The values of an array of f32.
    pub fn array(&self, array: &Array) -> Vec<f32> {
        assert_eq!(array.dtype(), DType::F32);
        self.values(array).into_iter().map(|value| value as f32).collect()
    }

    /// The values of an array of any dtype. The payloads of NaN are not kept.
    pub fn values(&self, array: &Array) -> Vec<f64> {
        for_dtype!(array.dtype(), T => self.elements::<T>(array).iter().map(|x| x.wide()).collect())
    }

    /// The elements of an array.
    pub fn elements<T: Value>(&self, array: &Array) -> Vec<T> {
        let arrays = SafeTensors::deserialize(&self.arrays).expect("arrays.safetensors");
        let view = arrays.tensor(&array.tensor).expect("an array that a case names");
        assert_eq!(view.shape(), array.shape);
        let size = T::DTYPE.size();
        let word =
            |bytes: &[u8]| bytes.iter().rev().fold(0, |bits, &byte| bits << 8 | u64::from(byte));
        view.data().chunks_exact(size).map(|bytes| T::from_bits(word(bytes))).collect()
    }
}

impl Array {
    pub fn dtype(&self) -> DType {
        match self.dtype.as_str() {
            "f32" => DType::F32,
            "f16" => DType::F16,
            "bf16" => DType::BF16,
            "f64" => DType::F64,
            other => panic!("{other} is new"),
        }
    }
}
