//! `normproj max-norm`.

use clap::Args;
use normproj::Projection;

use crate::constrain;
use crate::failure::Result;
use crate::options::NormOptions;
use crate::parse;

/// Scales every slice whose norm is larger than C down to C
///
/// A slice is the set of elements that share their index on the axes that are kept. Of a
/// .safetensors the floating point tensors of rank 2 and more are taken, unless --include names
/// others; a .npy is always taken. What is not taken is copied byte for byte.
#[derive(Debug, Args)]
#[command(
    mut_group("AXES", |axes| axes.required(true)),
    after_help = "Example: normproj max-norm 3 model.safetensors --per-unit keras --include '*kernel' -o bounded.safetensors"
)]
pub struct Arguments {
    /// The largest norm that a slice may have
    #[arg(value_name = "C", value_parser = parse::number, allow_hyphen_values = true)]
    radius: f64,
    #[command(flatten)]
    norm: NormOptions,
    #[command(flatten)]
    options: constrain::Options,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let Arguments { radius, norm: _, options } = arguments;
    let projection = Projection::max_norm(*radius, options.axes.axes());
    constrain::run(options.edges.projection(projection), options)
}
