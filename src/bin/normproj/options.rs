//! Options that several commands share.

use std::path::PathBuf;

use clap::Args;
use normproj::{Axes, Norm};

use crate::parse;

/// Which axes a norm runs over. There is no default.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct AxesOptions {
    /// Axes that the norm runs over: 0 | -1 | 0,1,2 | all | each (every element its own slice)
    #[arg(long, value_name = "AXES", value_parser = parse::axis, allow_hyphen_values = true)]
    axis: Option<Axes>,
    /// Axes that are kept: torch.renorm's reading of dim
    #[arg(long, value_name = "AXES", value_parser = parse::keep, allow_hyphen_values = true)]
    keep: Option<Axes>,
    /// The incoming weights of one unit, by rank, as keras, torch or burn lay them out
    #[arg(long, value_name = "LAYOUT", value_parser = parse::per_unit)]
    per_unit: Option<Axes>,
}

impl AxesOptions {
    /// The one that was given: clap sees to it that there is exactly one.
    pub fn axes(&self) -> Axes {
        self.axis.or(self.keep).or(self.per_unit).unwrap_or(Axes::All)
    }
}

/// Which norm.
#[derive(Debug, Args)]
pub struct NormOptions {
    /// The norm of a slice: l2
    #[arg(long, value_name = "NORM", default_value = "l2", value_parser = parse::norm)]
    pub norm: Norm,
}

/// Which tensors of the inputs.
#[derive(Debug, Args)]
pub struct InputOptions {
    /// .safetensors or .npy files
    #[arg(value_name = "INPUT", required = true)]
    pub inputs: Vec<PathBuf>,
    /// Take the tensors whose names match, and no others; `*` crosses `.` and `/`; several
    #[arg(long, value_name = "GLOB")]
    pub include: Vec<String>,
    /// Leave out the tensors whose names match; several
    #[arg(long, value_name = "GLOB")]
    pub exclude: Vec<String>,
    /// How to read a .npy of uint16: bf16 (NumPy has no bfloat16)
    #[arg(long, value_parser = parse::dtype)]
    pub dtype: Option<safetensors::Dtype>,
}

/// Where work runs, and how it is reported.
#[derive(Debug, Args)]
pub struct RunOptions {
    /// auto: a hardware GPU, else the native CPU backend; cpu; gpu: the best adapter, software
    /// included; NAME: part of an adapter's or backend's name
    #[arg(long, value_name = "auto|cpu|gpu|NAME", default_value = "auto")]
    pub device: String,
    /// Print the report as one JSON object
    #[arg(long)]
    pub json: bool,
    /// Print nothing but errors (and what --json asks for)
    #[arg(long, short)]
    pub quiet: bool,
}

/// Where results go.
#[derive(Debug, Args)]
pub struct OutputOptions {
    /// The file to write, or a folder for several inputs
    #[arg(long, short, value_name = "PATH")]
    pub output: Option<PathBuf>,
    /// Replace an output that exists
    #[arg(long)]
    pub force: bool,
}
