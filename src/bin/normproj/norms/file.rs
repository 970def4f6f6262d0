//! The norms of slices as files: f32, and f64 where the elements are.

use normproj::{Axes, DType};

use crate::failure::Result;
use crate::files::{Format, Tensor, safetensors_norms_header, write_npy_norms};
use crate::job::{At, Job};
use crate::output::{self, Staged};
use crate::slices::kept_shape;

/// Starts a file, where the format needs to know all that comes.
pub fn write_header(job: &Job, input: usize, axes: Axes, result: &mut Staged) -> Result<()> {
    if job.inputs[input].format == Format::Npy {
        return Ok(());
    }
    let mut shapes = Vec::new();
    for tensor in job.inputs[input].tensors.iter().filter(|tensor| tensor.taken) {
        shapes.push((tensor.name.clone(), kept_shape(axes, &tensor.shape)?, is_double(tensor)));
    }
    output::write(result, &safetensors_norms_header(&shapes))
}

/// Writes the norms of one tensor.
pub fn write(job: &Job, at: At, norms: &[f64], axes: Axes, result: &mut Staged) -> Result<()> {
    let tensor = job.tensor(at);
    let double = is_double(tensor);
    match job.inputs[at.0].format {
        Format::Npy => write_npy_norms(norms, double, &kept_shape(axes, &tensor.shape)?, result),
        Format::Safetensors if double => {
            norms.iter().try_for_each(|norm| output::write(result, &norm.to_le_bytes()))
        }
        // They were f32 before.
        Format::Safetensors => {
            norms.iter().try_for_each(|norm| output::write(result, &(*norm as f32).to_le_bytes()))
        }
    }
}

fn is_double(tensor: &Tensor) -> bool {
    tensor.element() == Some(DType::F64)
}
