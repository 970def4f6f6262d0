//! `normproj clip-global-norm`.

use clap::Args;
use normproj::{Clip, GivenNorm};

use crate::failure::Result;
use crate::options::{ClipOptions, InputOptions, ResultOptions, RunOptions};
use crate::{clip, parse};

/// Scales all tensors by one factor, so that their norm as one vector is C at most
///
/// One norm runs over the selected tensors of all inputs. They are read twice, tensor by tensor;
/// the norm and the scale are printed. Of a .safetensors all floating point tensors are taken,
/// unless --include names others; a .npy is always taken. What is not taken is copied byte for
/// byte.
#[derive(Debug, Args)]
#[command(
    after_help = "Example: normproj clip-global-norm 1 gradients.safetensors -o clipped.safetensors"
)]
pub struct Arguments {
    /// The largest norm that all tensors together may have
    #[arg(value_name = "C", value_parser = parse::number, allow_hyphen_values = true)]
    radius: f64,
    #[command(flatten)]
    input: InputOptions,
    /// Take this as the norm of all tensors, instead of computing it
    #[arg(long, value_name = "N", value_parser = parse::number, allow_hyphen_values = true)]
    use_norm: Option<f64>,
    #[command(flatten)]
    clip: ClipOptions,
    #[command(flatten)]
    result: ResultOptions,
    #[command(flatten)]
    run: RunOptions,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let Arguments { radius, input, use_norm, clip, result, run } = arguments;
    let all = clip.clip(Clip::global_norm(*radius));
    let all = use_norm.map_or(all, |norm| all.use_norm(GivenNorm::Host(norm)));
    clip::apply(all, input, result, run)
}
