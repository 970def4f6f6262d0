//! `normproj check`: every schedule that is legal on a device, against the oracle.

mod cases;
mod compare;
mod family;
mod groups;
mod mixed;
mod steps;
mod tasks;
mod trial;

use std::io::Write;
use std::sync::Arc;

use clap::Args;
use normproj::{Context, Plan, Schedule};
use serde::Serialize;

use crate::device;
use crate::failure::{Failure, Result, written};
use crate::options::RunOptions;
use crate::progress::Progress;
use crate::table::{number, table};
use cases::{Case, Form};
use tasks::Task;
use trial::Trial;

/// Runs every kernel variant on this device against the oracle; exit 1 on a mismatch
///
/// For each shape and each legal schedule: slices inside keep every bit, what is scaled ends inside
/// and within 2κ of the exact projection, a second time changes nothing, NaN and infinity stay, and
/// nothing outside the view is written. Then every set in every dtype that the device has, with radii in
/// memory and along directions; steps of optimizers with their projection; and clips of many tensors: in
/// an arena, in buffers of their own, and strided; of every dtype, and of several in one group.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    run: RunOptions,
}

/// What came of one schedule for one form of one shape.
#[derive(Debug, Serialize)]
struct Outcome {
    case: &'static str,
    shape: Vec<usize>,
    axes: String,
    form: String,
    schedule: String,
    kappa: f64,
    /// The largest error, as a fraction of the bound.
    error: f64,
    /// What was wrong; none if all held.
    mismatch: Option<String>,
}

#[derive(Debug, Serialize)]
struct Summary {
    device: String,
    checked: usize,
    mismatches: usize,
    cases: Vec<Outcome>,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let context = device::open(&arguments.run)?;
    let mut tasks = schedules()?;
    tasks.extend(family::tasks()?);
    tasks.extend(steps::tasks());
    tasks.extend(groups::tasks()?);
    tasks.extend(mixed::tasks(&context)?);
    let progress = Progress::count(tasks.len() as u64, arguments.run.quiet);
    let outcomes = tasks::run(&context, &tasks, &progress)?;
    drop(progress);
    let mismatches = outcomes.iter().filter(|outcome| outcome.mismatch.is_some()).count();
    let device = context.describe().to_string();
    let summary = Summary { device, checked: outcomes.len(), mismatches, cases: outcomes };
    print(&summary, &arguments.run)?;
    match summary.mismatches {
        0 => Ok(()),
        count => Err(Failure::new(format!(
            "{count} of {} checks failed on {}; please report this",
            summary.checked, summary.device
        ))),
    }
}

/// Each form of each case.
fn schedules() -> Result<Vec<Task<'static>>> {
    let task = |case: Arc<Case>, form| -> Task<'static> {
        Box::new(move |context| examine(context, &case, form))
    };
    let of = |case: Case| {
        let case = Arc::new(case);
        Form::ALL.map(|form| task(case.clone(), form))
    };
    Ok(cases::all()?.into_iter().flat_map(of).collect())
}

/// Runs all legal schedules of one form of a case.
fn examine(context: &Context, case: &Case, form: Form) -> normproj::Result<Vec<Outcome>> {
    let profile = context.profile();
    let request = form.request(case, form.radii()[0])?;
    let schedules = Plan::legal_schedules(&request, profile)?;
    let outcome = |schedule: &Schedule| {
        Ok(Outcome {
            case: case.name,
            shape: case.layout.shape().to_vec(),
            axes: case.axes.to_string(),
            form: form.name().to_string(),
            schedule: schedule.to_string(),
            kappa: Plan::with_schedule(&request, profile, *schedule)?.margin().kappa,
            error: 0.0,
            mismatch: None,
        })
    };
    let mut outcomes = schedules.iter().map(outcome).collect::<normproj::Result<Vec<_>>>()?;
    for &radius in form.radii() {
        for data in case.data(radius) {
            let trial = Trial::new(case, form, radius, data)?;
            for (&schedule, outcome) in schedules.iter().zip(&mut outcomes) {
                // A schedule that is listed as legal and then refused is wrong, too.
                match trial.run(context, schedule).unwrap_or_else(|error| Err(error.to_string())) {
                    Ok(worst) => outcome.error = outcome.error.max(worst),
                    Err(found) if outcome.mismatch.is_none() => {
                        outcome.mismatch = Some(format!("radius {radius}: {found}"));
                    }
                    // The first is enough to go by.
                    Err(_) => {}
                }
            }
        }
    }
    Ok(outcomes)
}

fn print(summary: &Summary, options: &RunOptions) -> Result<()> {
    let text = if options.json {
        let text = serde_json::to_string(summary);
        text.map_err(|error| Failure::new(format!("report: {error}")))? + "\n"
    } else if options.quiet {
        return Ok(());
    } else {
        let cells = |outcome: &Outcome| {
            vec![
                outcome.case.to_string(),
                format!("{:?}", outcome.shape),
                outcome.axes.clone(),
                outcome.form.clone(),
                outcome.schedule.clone(),
                format!("{:.2e}", outcome.kappa),
                number(outcome.error),
                outcome.mismatch.clone().unwrap_or("ok".to_string()),
            ]
        };
        let head = ["case", "shape", "norm", "form", "schedule", "κ", "error / bound", "result"];
        let rows: Vec<Vec<String>> = summary.cases.iter().map(cells).collect();
        let Summary { checked, mismatches, device, .. } = summary;
        format!("{}{checked} checks on {device}, {mismatches} mismatches\n", table(&head, &rows))
    };
    written(std::io::stdout().write_all(text.as_bytes()))
}
