//! `normproj clip-norm`.

use clap::Args;
use normproj::{Axes, Clip, Norm, Operation, Projection};

use crate::failure::{self, Failure};
use crate::job::ANY_RANK;
use crate::options::{AxesOptions, ClipOptions, InputOptions, ResultOptions, RunOptions};
use crate::{clip, constrain, parse};

/// Scales every tensor whose norm is larger than C down to C, each by its own norm
///
/// All axes are one slice unless others are named. Of a .safetensors all floating point tensors
/// are taken, unless --include names others; a .npy is always taken. What is not taken is copied
/// byte for byte.
#[derive(Debug, Args)]
#[command(
    after_help = "Example: normproj clip-norm 1 gradients.safetensors -o clipped.safetensors"
)]
pub struct Arguments {
    /// The largest norm that a tensor may have
    #[arg(value_name = "C", value_parser = parse::number, allow_hyphen_values = true)]
    radius: f64,
    #[command(flatten)]
    input: InputOptions,
    #[command(flatten)]
    axes: AxesOptions,
    #[command(flatten)]
    clip: ClipOptions,
    #[command(flatten)]
    result: ResultOptions,
    #[command(flatten)]
    run: RunOptions,
}

pub fn run(arguments: &Arguments) -> failure::Result<()> {
    let Arguments { radius, input, axes, clip, result, run } = arguments;
    match operation(*radius, axes.axes(), clip).map_err(Failure::usage)? {
        Operation::Clip(clip) => clip::apply(clip, input, result, run),
        Operation::Project(projection) => {
            constrain::apply(projection, ANY_RANK, input, result, run)
        }
        other => Err(Failure::new(format!("{other} is no clip"))),
    }
}

/// The clip by norm: of whole tensors, which have every norm, or of their slices.
pub fn operation(radius: f64, axes: Axes, clip: &ClipOptions) -> Result<Operation, String> {
    match (clip.norm, axes) {
        (_, Axes::All) => Ok(clip.clip(Clip::each_norm(radius)).into()),
        (Norm::L2, axes) => Ok(clip.projection(Projection::clip_norm(radius, axes)).into()),
        (norm, axes) => {
            Err(format!("an {norm} norm {axes} is not supported yet; supported: l2, or all axes"))
        }
    }
}
