//! Operations on the tensors of files.

use normproj::plan::group::GroupRequest;
use normproj::plan::request::Request;
use normproj::{Context, DType, DeviceProfile, Error, Layout, Model, Operation, Plan};

use crate::device;
use crate::failure::{Failure, Result};
use crate::global::Global;
use crate::job::Job;
use crate::options::{InputOptions, ResultOptions, RunOptions};
use crate::summary::{Figures, Summary};
use crate::work::{Task, Work};

/// Does an operation to the tensors of a least rank.
pub fn run(
    operation: Operation,
    least_rank: usize,
    input: &InputOptions,
    result: &ResultOptions,
    run: &RunOptions,
) -> Result<()> {
    check(operation).map_err(|error| Failure::usage(error.to_string()))?;
    result.check()?;
    let job = Job::select(input, run, least_rank)?;
    let tasks = job.for_taken(|tensor| Task::new(&job, tensor, &operation, 0))?;
    let or_left = |tasks: Vec<Option<Task>>| {
        tasks.into_iter().map(|task| task.unwrap_or(Task::Left)).collect()
    };
    let tasks = tasks.into_iter().map(or_left).collect();
    let globals = match operation {
        Operation::Clip(clip) => vec![Global::new(clip)],
        _ => Vec::new(),
    };
    let targets = result.targets(&job.inputs)?;
    let mut work = Work { job, tasks, globals, verify: result.verify, weights: None };
    let rows = work.run(targets)?;
    let mut summary = Summary::new(&work.job, rows);
    if let Operation::Project(projection) = operation {
        summary = summary.warn_of_ranks(projection.axes());
    }
    for global in &work.globals {
        summary.total = Some(global.total(None));
        warn(&mut summary, global, run);
    }
    summary.print(Figures::Changes, run)
}

/// Says in the report and on stderr that the norm of all is not finite: it decides over all.
pub fn warn(summary: &mut Summary, global: &Global, run: &RunOptions) {
    if let Some(warning) = global.warning() {
        device::note(run, &format!("warning: {warning}"));
        summary.warnings.push(warning);
    }
}

/// Refuses what makes no sense for any tensor, before any file is touched.
pub fn check(operation: Operation) -> normproj::Result<()> {
    match operation {
        Operation::Project(projection) => {
            // The dtype that reaches furthest.
            let request = Request::in_place(projection, Layout::contiguous([])?).of(DType::F64);
            match Plan::new(&request, &DeviceProfile::native(1)) {
                Err(
                    error @ (Error::Radius { .. }
                    | Error::RadiusBeyond { .. }
                    | Error::Rate { .. }
                    | Error::Bounds { .. }
                    | Error::NoProjection { .. }
                    | Error::Compat { .. }),
                ) => Err(error),
                // Axes and dtypes are those of the tensors, which are yet to come.
                _ => Ok(()),
            }
        }
        Operation::Clip(clip) => {
            let nothing: [(String, _); 0] = [];
            let model = Model::new(&Context::cpu(), nothing)?;
            GroupRequest::new(clip, &model, None).map(drop)
        }
        _ => Ok(()),
    }
}
