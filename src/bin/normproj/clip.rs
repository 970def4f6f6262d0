//! Clips of whole tensors in files: what `clip-norm`, `clip-value` and `clip-global-norm` have in
//! common.

use normproj::plan::group::GroupRequest;
use normproj::{Clip, Context, Model};

use crate::device;
use crate::failure::Result;
use crate::global::Global;
use crate::job::{ANY_RANK, Job};
use crate::options::{InputOptions, ResultOptions, RunOptions};
use crate::summary::{Figures, Summary};
use crate::work::{Task, Work};

/// Applies a clip to all tensors together, or to each by itself.
pub fn apply(
    clip: Clip,
    input: &InputOptions,
    result: &ResultOptions,
    run: &RunOptions,
) -> Result<()> {
    check(clip)?;
    result.check()?;
    let job = Job::select(input, run, ANY_RANK)?;
    let global = clip.is_global();
    let task = match global {
        true => Task::Global(0),
        false => Task::Clip(clip),
    };
    let tasks = job.for_taken(|_| Ok(task.clone()))?;
    let or_left = |tasks: Vec<Option<Task>>| {
        tasks.into_iter().map(|task| task.unwrap_or(Task::Left)).collect()
    };
    let tasks = tasks.into_iter().map(or_left).collect();
    let targets = result.targets(&job.inputs)?;
    let globals = global.then(|| Global::new(clip)).into_iter().collect();
    let mut work = Work { job, tasks, globals, verify: result.verify };
    let rows = work.run(targets)?;
    let mut summary = Summary::new(&work.job, rows);
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
pub fn check(clip: Clip) -> normproj::Result<()> {
    let nothing: [(String, _); 0] = [];
    let model = Model::new(&Context::cpu(), nothing)?;
    GroupRequest::new(clip, &model, None).map(drop)
}
