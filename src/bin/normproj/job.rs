//! What operations on files have in common: inputs, what is taken of them, and a plan for each
//! tensor, all of it known to be sound before anything is written.

use std::collections::BTreeSet;

use normproj::plan::request::Request;
use normproj::{Axes, Context, DeviceBuffer, Layout, Plan};

use crate::failure::{Failure, Result};
use crate::files::{Input, Tensor};
use crate::options::{InputOptions, RunOptions};
use crate::progress::Progress;
use crate::report::{Row, Summary};
use crate::{device, select};

/// A constraint is for weights: a bias or a gain has no units.
const LEAST_RANK: usize = 2;

/// Files, a device, and a plan for each tensor that is taken.
pub struct Job {
    pub context: Context,
    pub inputs: Vec<Input>,
    pub progress: Progress,
    /// For each input and tensor.
    plans: Vec<Vec<Option<Plan>>>,
    axes: Axes,
}

impl Job {
    pub fn new(
        files: &InputOptions,
        run: &RunOptions,
        axes: Axes,
        request: impl Fn(Layout) -> normproj::Result<Request>,
    ) -> Result<Job> {
        let mut inputs = Vec::new();
        for path in &files.inputs {
            inputs.push(Input::open(path, files.dtype)?);
        }
        select::take(&mut inputs, files, LEAST_RANK)?;
        let context = device::open(run)?;
        let mut plans = Vec::new();
        for input in &inputs {
            let plan = |tensor: &Tensor| {
                let plan =
                    tensor.layout().and_then(&request).and_then(|request| context.plan(&request));
                plan.map_err(|error| Failure::from(error).within(&label(&inputs, input, tensor)))
            };
            let all = input.tensors.iter().map(|t| t.taken.then(|| plan(t)).transpose());
            plans.push(all.collect::<Result<Vec<_>>>()?);
        }
        let bytes =
            inputs.iter().flat_map(|input| &input.tensors).map(|t| t.bytes.end - t.bytes.start);
        let progress = Progress::bytes(bytes.sum(), run.quiet);
        Ok(Job { context, inputs, progress, plans, axes })
    }

    /// The plan of a tensor; none if it is left.
    pub fn plan(&self, input: usize, tensor: usize) -> Option<&Plan> {
        self.plans[input][tensor].as_ref()
    }

    /// What a tensor is called in reports: its name, with its file where there are several.
    pub fn label(&self, input: usize, tensor: usize) -> String {
        label(&self.inputs, &self.inputs[input], &self.inputs[input].tensors[tensor])
    }

    /// Copies a tensor to the device: all of its memory, and the view of it that has its shape.
    pub fn upload(&mut self, input: usize, tensor: usize) -> Result<(DeviceBuffer, DeviceBuffer)> {
        let elements = self.inputs[input].read(tensor, &self.progress)?;
        let memory = self.context.upload(&elements, [elements.len()])?;
        let view = memory.view(self.inputs[input].tensors[tensor].layout()?)?;
        Ok((memory, view))
    }

    /// What was done, with what deserves a second look.
    pub fn summary(&self, tensors: Vec<Row>) -> Summary {
        let mut left = Vec::new();
        let mut ranks = BTreeSet::new();
        for input in &self.inputs {
            for tensor in &input.tensors {
                if tensor.taken {
                    ranks.insert(tensor.shape.len());
                } else {
                    left.push(label(&self.inputs, input, tensor));
                }
            }
        }
        let mut warnings = Vec::new();
        if ranks.is_empty() {
            warnings.push("no tensor was taken; --include takes tensors by name".to_string());
        }
        if ranks.len() > 1 && matches!(self.axes, Axes::Reduced(_) | Axes::Kept(_)) {
            let ranks: Vec<String> = ranks.iter().map(usize::to_string).collect();
            warnings.push(format!(
                "one norm {} met tensors of rank {}, where the same axis means another thing; --per-unit goes by rank",
                self.axes,
                ranks.join(" and "),
            ));
        }
        for row in &tensors {
            if let Some(first) = row.first_non_finite {
                let (name, count) = (&row.name, row.non_finite);
                warnings.push(format!(
                    "{name}: {count} slices hold NaN or infinity; the first is slice {first}"
                ));
            }
        }
        Summary { device: self.context.describe().to_string(), tensors, left, warnings }
    }
}

fn label(inputs: &[Input], input: &Input, tensor: &Tensor) -> String {
    match inputs.len() {
        1 => tensor.name.clone(),
        _ => format!("{}:{}", input.path.display(), tensor.name),
    }
}
