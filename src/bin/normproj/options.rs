//! Options that several commands share.

use std::path::PathBuf;

use clap::Args;
use normproj::{Axes, Norm};

use crate::failure::{Failure, Result};
use crate::files::Input;
use crate::output::{self, Target};
use crate::parse;

/// Which axes a norm runs over. Constraints have no default, and say that the group is required.
#[derive(Debug, Args)]
#[group(id = "AXES", multiple = false)]
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
    /// The one that was given.
    pub fn given(&self) -> Option<Axes> {
        self.axis.or(self.keep).or(self.per_unit)
    }

    /// The one that was given, or all.
    pub fn axes(&self) -> Axes {
        self.given().unwrap_or(Axes::All)
    }
}

/// Which norm of slices.
#[derive(Debug, Args)]
pub struct NormOptions {
    /// The norm of a slice; a number P, from 1/64 to 64, is that of (Σ |x|ᴾ)^(1/P)
    #[arg(long, value_name = "l1|l2|linf|P", default_value = "l2", value_parser = parse::norm)]
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
    /// Upper and lower case are the same in --include and --exclude
    #[arg(long)]
    pub ignore_case: bool,
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

/// Where the results of an operation go, and whether they are looked at again.
#[derive(Debug, Args)]
pub struct ResultOptions {
    #[command(flatten)]
    output: OutputOptions,
    /// Replace the inputs; without it -o is needed
    #[arg(long, conflicts_with = "output")]
    in_place: bool,
    /// Compute the norms again afterwards, and report the largest
    #[arg(long)]
    pub verify: bool,
}

impl ResultOptions {
    /// Refuses to work for nothing, before any file is touched.
    pub fn check(&self) -> Result<()> {
        if self.output.output.is_none() && !self.in_place {
            return Err(Failure::usage("say where the result goes: -o PATH, or --in-place"));
        }
        Ok(())
    }

    /// A target for each input.
    pub fn targets(&self, inputs: &[Input]) -> Result<Vec<Target>> {
        match &self.output.output {
            Some(path) => output::targets(inputs, path, &self.output),
            None => output::in_place(inputs),
        }
    }
}
