//! Tensors in files: what a file holds is known from its header; elements are read when needed.

mod input;
mod npy;
mod safetensors;
mod tensor;

pub use input::{Input, reason};
pub use npy::write_norms as write_npy_norms;
pub use safetensors::norms_header as safetensors_norms_header;
pub use tensor::{Tensor, Word};

use std::path::Path;

use crate::failure::{Failure, Result};

/// A file format that is read and written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Safetensors,
    Npy,
}

impl Format {
    /// The format that a file's name says.
    pub fn of(path: &Path) -> Option<Format> {
        match extension(path).as_str() {
            "safetensors" => Some(Format::Safetensors),
            "npy" => Some(Format::Npy),
            _ => None,
        }
    }

    /// What names of such files end in.
    pub fn suffix(self) -> &'static str {
        match self {
            Format::Safetensors => ".safetensors",
            Format::Npy => ".npy",
        }
    }
}

/// The format of an input; for others, how to convert them.
fn input_format(path: &Path) -> Result<Format> {
    if let Some(format) = Format::of(path) {
        return Ok(format);
    }
    let advice = match extension(path).as_str() {
        "pt" | "pth" | "bin" | "ckpt" => {
            "convert it in Python: safetensors.torch.save_file(torch.load(path, weights_only=True), \"model.safetensors\")"
        }
        "h5" | "hdf5" | "keras" => {
            "convert it in Python: model = keras.saving.load_model(path), then safetensors.numpy.save_file({v.path: v.numpy() for v in model.variables}, \"model.safetensors\")"
        }
        "gguf" => {
            "its weights may be quantized; take the .safetensors that it was made from, or dequantize it with the gguf package of llama.cpp and save that with safetensors.numpy.save_file"
        }
        "npz" => {
            "convert it in Python: safetensors.numpy.save_file(dict(numpy.load(path)), \"model.safetensors\")"
        }
        _ => "name a .safetensors or .npy file",
    };
    Err(Failure::file(path, format!("not a format that is read here; {advice}")))
}

fn extension(path: &Path) -> String {
    path.extension().map(|end| end.to_string_lossy().to_ascii_lowercase()).unwrap_or_default()
}
