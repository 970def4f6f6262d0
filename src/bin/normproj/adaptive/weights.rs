//! The weights that gradients are measured by.

use std::path::Path;

use normproj::plan::request::Request;
use normproj::{DType, DeviceBuffer, Layout, Plan};
use safetensors::Dtype;

use crate::failure::{Failure, Result};
use crate::files::{Format, Input};
use crate::job::{At, Job};

/// A file of weights.
pub struct Weights {
    input: Input,
}

impl Weights {
    pub fn open(path: &Path, dtype: Option<Dtype>) -> Result<Weights> {
        Ok(Weights { input: Input::open(path, dtype)? })
    }

    /// The number of the tensor in here that is the weights of a gradient.
    pub fn place_of(&self, job: &Job, at: At) -> Result<usize> {
        let wrong = |reason: String| Failure::file(&self.input.path, reason);
        let gradient = job.tensor(at);
        // A .npy holds one tensor, which is called as its file is.
        let alone = self.input.format == Format::Npy && job.inputs[at.0].format == Format::Npy;
        let named = self.input.tensors.iter().position(|tensor| tensor.name == gradient.name);
        let place = if alone { Some(0) } else { named };
        let place = place.ok_or_else(|| {
            wrong(format!(
                "there is no tensor `{}`; leave it out with --exclude '{}'",
                gradient.name, gradient.name
            ))
        })?;
        let tensor = &self.input.tensors[place];
        if tensor.shape != gradient.shape {
            return Err(wrong(format!(
                "`{}` has shape {:?}, not {:?}",
                tensor.name, tensor.shape, gradient.shape
            )));
        }
        let double = |tensor| job.dtype(tensor).map(|dtype| dtype == DType::F64);
        if double(tensor)? != double(gradient)? {
            return Err(wrong(format!(
                "`{}` is {}, and its gradient {}: both must be f64 where one is",
                tensor.name,
                tensor.dtype_name(),
                gradient.dtype_name()
            )));
        }
        Ok(place)
    }

    /// The norms of the slices of a tensor, on the device: the radii of a plan.
    pub fn norms(&mut self, job: &Job, place: usize, plan: &Plan) -> Result<DeviceBuffer> {
        let words = self.input.read(place, &job.progress)?;
        let tensor = &self.input.tensors[place];
        let (context, dtype) = (&job.context, job.dtype(tensor)?);
        let memory = context.upload_as(&words, [words.len()])?;
        let view = memory.view_as(Layout::contiguous([tensor.count()])?, dtype)?;
        let view = view.view(tensor.layout()?)?;
        let request = plan.request();
        let radii = request.radii.map_or_else(|| Layout::contiguous([0]), Ok)?;
        let norms = Request::norms(request.norm(), request.axes(), *view.layout(), radii).of(dtype);
        let target = context.zeros_as(radii.shape(), norms.target_dtype())?;
        drop(context.run(&context.plan(&norms)?, &view, &target)?);
        Ok(target)
    }

    /// The bytes of a tensor.
    pub fn size(&self, place: usize) -> u64 {
        self.input.tensors[place].size()
    }
}
