//! A constraint on the slices of tensors in files: what `max-norm` and its kin have in common.

use clap::Args;
use normproj::plan::request::Request;
use normproj::{DeviceProfile, Layout, Plan, Projection};

use crate::failure::Result;
use crate::job::{Job, WEIGHTS};
use crate::options::{AxesOptions, EdgeOptions, InputOptions, ResultOptions, RunOptions};
use crate::summary::{Figures, Summary};
use crate::work::{Task, Work};

/// The options of every constraint.
#[derive(Debug, Args)]
#[group(skip)]
pub struct Options {
    #[command(flatten)]
    input: InputOptions,
    #[command(flatten)]
    pub axes: AxesOptions,
    #[command(flatten)]
    pub edges: EdgeOptions,
    #[command(flatten)]
    result: ResultOptions,
    #[command(flatten)]
    run: RunOptions,
}

/// Applies a constraint to the inputs.
pub fn run(projection: Projection, options: &Options) -> Result<()> {
    let Options { input, result, run, .. } = options;
    apply(projection, WEIGHTS, input, result, run)
}

/// Applies a projection to tensors of a least rank.
pub fn apply(
    projection: Projection,
    least_rank: usize,
    input: &InputOptions,
    result: &ResultOptions,
    run: &RunOptions,
) -> Result<()> {
    check(projection)?;
    result.check()?;
    let job = Job::select(input, run, least_rank)?;
    let plans = job.plans(|layout| Request::in_place(projection, layout).with_report())?;
    let task = |plan: Option<Plan>| plan.map_or(Task::Left, |plan| Task::Project(Box::new(plan)));
    let tasks = plans.into_iter().map(|plans| plans.into_iter().map(task).collect()).collect();
    let targets = result.targets(&job.inputs)?;
    let mut work = Work { job, tasks, globals: Vec::new(), verify: result.verify };
    let rows = work.run(targets)?;
    Summary::new(&work.job, rows).warn_of_ranks(projection.axes()).print(Figures::Changes, run)
}

/// Refuses a radius that no tensor could satisfy, before any file is touched.
pub fn check(projection: Projection) -> normproj::Result<()> {
    let request = Request::in_place(projection, Layout::contiguous([])?);
    match Plan::new(&request, &DeviceProfile::native(1)) {
        Err(error @ normproj::Error::Radius { .. }) => Err(error),
        // Axes are those of the tensors, which are yet to come.
        _ => Ok(()),
    }
}
