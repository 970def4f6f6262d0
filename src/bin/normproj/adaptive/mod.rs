//! `normproj adaptive-clip`.

mod weights;

use std::path::PathBuf;

use clap::Args;
use normproj::plan::request::Request;
use normproj::{Axes, Compat, Layout, Norm, OnNonFinite, Operation, Projection, Rounding};

use crate::failure::{Failure, Result};
use crate::files::Tensor;
use crate::job::{self, ANY_RANK, At, Job};
use crate::options::{AxesOptions, InputOptions, ResultOptions, RunOptions};
use crate::summary::{Figures, Summary};
use crate::work::{Task, Work};
use crate::{operations, output, parse, slices};
pub use weights::Weights;

/// Scales every unit of a gradient whose norm is more than LAMBDA times that of its weights down to that:
/// the set {x : ‖x‖ ≤ λ·max(‖w‖, ε)}
///
/// What a unit is goes by rank, as in optax.adaptive_grad_clip: all of a scalar or vector (axes of one
/// element aside), axis 0 of rank 2 and 3, axes 0,1,2 of rank 4 and 0,1,2,3 of rank 5, unless axes are
/// named. The weights of a tensor are those of its name; of a .npy, those of the other one. Of a
/// .safetensors all floating point tensors are taken, unless --include names others; what is not taken
/// is copied byte for byte. A unit whose weights hold NaN is left, and counted.
#[derive(Debug, Args)]
#[command(after_help = "Example: normproj adaptive-clip 0.01 gradients.safetensors --weights \
                        model.safetensors -o clipped.safetensors")]
pub struct Arguments {
    /// The largest norm that a unit may have, as a part of that of its weights
    #[arg(value_name = "LAMBDA", value_parser = parse::number, allow_hyphen_values = true)]
    lambda: f64,
    #[command(flatten)]
    input: InputOptions,
    /// The weights, by the names of the gradients
    #[arg(long, value_name = "FILE")]
    weights: PathBuf,
    /// What the norm of weights is taken for at least
    #[arg(long, value_name = "E", default_value = "1e-3", value_parser = parse::number, allow_hyphen_values = true)]
    eps: f64,
    #[command(flatten)]
    axes: AxesOptions,
    /// The norm of a unit; a number P, from 1/64 to 64, is that of (Σ |x|ᴾ)^(1/P)
    #[arg(long, value_name = "l1|l2|linf|P", default_value = "l2", value_parser = parse::norm)]
    norm: Norm,
    /// Follow the formula of another system
    #[arg(long, value_name = "optax", value_parser = parse::compat)]
    compat: Option<Compat>,
    /// Whether what is scaled ends inside, or at the rim: feasible|nearest|toward-zero
    #[arg(long, value_name = "ROUNDING", default_value = "feasible", value_parser = parse::rounding)]
    rounding: Rounding,
    /// What becomes of units with NaN or infinity: leave|zero|propagate|poison
    #[arg(long, value_name = "POLICY", default_value = "leave", value_parser = parse::on_non_finite)]
    on_non_finite: OnNonFinite,
    #[command(flatten)]
    result: ResultOptions,
    #[command(flatten)]
    run: RunOptions,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let Arguments { input, result, run, eps, .. } = arguments;
    let usage = |error: normproj::Error| Failure::usage(error.to_string());
    operations::check(Operation::Project(arguments.clip(Axes::all()))).map_err(usage)?;
    if let Some(compat) = arguments.compat.filter(|compat| *compat != Compat::Optax) {
        return Err(Failure::usage(format!("{compat} has no counterpart of adaptive-clip")));
    }
    if !(*eps >= 0.0 && eps.is_finite()) {
        return Err(Failure::usage(format!("--eps is {eps}; it must be finite and 0 or more")));
    }
    result.check()?;
    let job = Job::select(input, run, ANY_RANK)?;
    let weights = Weights::open(&arguments.weights, input.dtype)?;
    let mut tasks: Vec<Vec<Task>> =
        job.inputs.iter().map(|input| vec![Task::Left; input.tensors.len()]).collect();
    for at in job.taken() {
        let task = arguments.task(&job, at, &weights);
        tasks[at.0][at.1] = task.map_err(|failure| failure.within(&job.label(at)))?;
    }
    let targets = result.targets(&job.inputs)?;
    output::spare(&targets, &arguments.weights)?;
    let globals = Vec::new();
    let mut work = Work { job, tasks, globals, verify: result.verify, weights: Some(weights) };
    let rows = work.run(targets)?;
    let mut summary = Summary::new(&work.job, rows);
    if let Some(axes) = arguments.axes.given() {
        summary = summary.warn_of_ranks(axes);
    }
    summary.print(Figures::Changes, run)
}

impl Arguments {
    fn clip(&self, axes: Axes) -> Projection {
        let clip = Projection::clip_norm(self.lambda, axes).norm_in(self.norm);
        let clip = clip.rounding(self.rounding).on_non_finite(self.on_non_finite);
        self.compat.map_or(clip, |compat| clip.compat(compat))
    }

    fn task(&self, job: &Job, at: At, weights: &Weights) -> Result<Task> {
        let tensor = job.tensor(at);
        let place = weights.place_of(job, at)?;
        let axes = match self.axes.given() {
            Some(axes) => axes,
            None => unit_axes(tensor)?,
        };
        let plan = || {
            let count = slices::kept_shape(axes, &tensor.shape)?.into_iter().product();
            let request =
                Request::in_place(self.clip(axes).least_radius(self.eps), tensor.layout()?);
            let request = request.of(job.dtype(tensor)?).with_report();
            job.context.plan(&request.with_radii(Layout::contiguous([count])?))
        };
        let advice = format!("leave it out with --exclude '{}'", tensor.name);
        let plan = plan().map_err(|error| job::refused(error, &advice))?;
        Ok(Task::Adaptive(Box::new(plan), place))
    }
}

/// What Optax takes for the weights of one unit.
fn unit_axes(tensor: &Tensor) -> Result<Axes> {
    let wide = tensor.shape.iter().filter(|&&size| size != 1).count();
    match tensor.shape.len() {
        _ if wide <= 1 => Ok(Axes::all()),
        2 | 3 => Ok(Axes::from(0)),
        4 => Ok(Axes::from([0, 1, 2])),
        5 => Ok(Axes::from([0, 1, 2, 3])),
        rank => Err(Failure::new(format!(
            "no rule says what a unit of a tensor of rank {rank} is; name its axes with --axis, or leave it out with --exclude '{}'",
            tensor.name
        ))),
    }
}
