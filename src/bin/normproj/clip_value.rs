//! `normproj clip-value`.

use clap::Args;
use normproj::Clip;

use crate::failure::Result;
use crate::options::{InputOptions, ResultOptions, RunOptions};
use crate::{clip, parse};

/// Brings every element that is below LO to LO, and every one above HI to HI
///
/// NaN stays NaN. Of a .safetensors all floating point tensors are taken, unless --include names
/// others; a .npy is always taken. What is not taken is copied byte for byte.
#[derive(Debug, Args)]
#[command(
    after_help = "Example: normproj clip-value -0.5 0.5 gradients.safetensors -o clipped.safetensors"
)]
pub struct Arguments {
    /// The lower bound; -inf is none
    #[arg(value_name = "LO", value_parser = parse::number, allow_hyphen_values = true)]
    low: f64,
    /// The upper bound; inf is none
    #[arg(value_name = "HI", value_parser = parse::number, allow_hyphen_values = true)]
    high: f64,
    #[command(flatten)]
    input: InputOptions,
    #[command(flatten)]
    result: ResultOptions,
    #[command(flatten)]
    run: RunOptions,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let Arguments { low, high, input, result, run } = arguments;
    clip::apply(Clip::value(*low, *high), input, result, run)
}
