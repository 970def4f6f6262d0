//! A golden case as the files hold it, and what is done with it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use normproj::{Axes, Projection};
use safetensors::SafeTensors;
use serde::Deserialize;
use serde_json::Value;

/// One call of a peer.
#[derive(Deserialize)]
pub struct Golden {
    pub name: String,
    pub op: String,
    pub args: BTreeMap<String, Value>,
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
    pub dtype: String,
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

/// What is done with a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Run and compared with the peer.
    Compared,
    /// Our error is expected.
    Refused,
    /// Run, but judged by the oracle alone: the peer spreads NaN, we keep the slice.
    NonFinite,
    /// Left out: not f32.
    OtherDtype,
    /// Left out: not the L2 norm.
    OtherNorm,
    /// Left out: an epsilon that someone has set.
    OtherEpsilon,
    /// Left out: the peer refuses what is allowed here.
    OnlyThePeerRefuses,
}

impl Golden {
    /// Whether it is a max-norm constraint.
    pub fn is_max_norm(&self) -> bool {
        ["keras_max_norm", "torch_renorm"].contains(&self.op.as_str())
    }

    pub fn kind(&self, files: &Files) -> Kind {
        let number = |key: &str| self.args.get(key).map(number);
        if self.inputs[0].dtype != "f32" {
            Kind::OtherDtype
        } else if number("p").is_some_and(|p| p != 2.0) {
            Kind::OtherNorm
        } else if number("eps").is_some_and(|eps| eps != EPSILON) {
            Kind::OtherEpsilon
        } else if self.expects_error.as_ref().is_some_and(|why| why.contains("at least 2 dim")) {
            Kind::OnlyThePeerRefuses
        } else if self.expects_error.is_some() || self.radius().is_nan() || self.radius() < 0.0 {
            Kind::Refused
        } else if files.array(&self.inputs[0]).iter().any(|x| !x.is_finite()) {
            Kind::NonFinite
        } else {
            Kind::Compared
        }
    }

    fn radius(&self) -> f64 {
        number(self.args.get("max_value").or(self.args.get("max_norm")).expect("a radius"))
    }

    pub fn projection(&self) -> Projection {
        Projection::max_norm(self.radius(), self.axes())
    }

    /// The axes that a slice extends over.
    pub fn axes(&self) -> Axes {
        match (self.args.get("axis"), self.args.get("dim")) {
            (Some(Value::Null), _) => Axes::all(),
            (Some(Value::Array(list)), _) => {
                Axes::from(list.iter().map(axis).collect::<Vec<_>>().as_slice())
            }
            (Some(one), _) => Axes::from(axis(one)),
            (None, Some(kept)) => Axes::keep(axis(kept)),
            (None, None) => panic!("{} ({}) names no axis", self.name, self.op),
        }
    }
}

/// What Keras and `torch.renorm` add to the norm before they divide.
pub const EPSILON: f64 = 1e-7;

fn axis(value: &Value) -> i32 {
    value.as_i64().and_then(|axis| axis.try_into().ok()).expect("an axis")
}

/// A number, or the name of one that JSON cannot hold.
pub fn number(value: &Value) -> f64 {
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
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/golden");
        let read = |name: &str| std::fs::read(folder.join(name)).expect(name);
        let cases = serde_json::from_slice(&read("cases.json")).expect("cases.json is JSON");
        Files { cases, arrays: read("arrays.safetensors") }
    }

    /// The values of an f32 array.
    pub fn array(&self, array: &Array) -> Vec<f32> {
        let arrays = SafeTensors::deserialize(&self.arrays).expect("arrays.safetensors");
        let view = arrays.tensor(&array.tensor).expect("an array that a case names");
        assert_eq!((view.shape(), array.dtype.as_str()), (array.shape.as_slice(), "f32"));
        let four = view.data().as_chunks().0.iter();
        four.map(|bytes| f32::from_le_bytes(*bytes)).collect()
    }
}
