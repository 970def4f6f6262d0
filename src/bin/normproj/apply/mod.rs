//! `normproj apply`.

mod explain;
mod keys;
mod rule;
mod rules;

use std::path::PathBuf;

use clap::Args;
use normproj::DType;
use normproj::plan::step::{StepPlan, TensorTask};

use crate::failure::{Failure, Result};
use crate::global::Global;
use crate::job::{self, Job};
use crate::options::{ResultOptions, RunOptions};
use crate::summary::{Figures, Summary};
use crate::work::{Task, Work};
use crate::{operations, parse};
use rules::RulesFile;

/// Does to each tensor what the first rule says whose pattern matches its name
///
/// RULES is a .toml file of rules:
///
///   [[rule]]
///   match = "conv*.kernel"     # * crosses . and /; the first match wins
///   max-norm = 3.0
///   per-unit = "keras"         # or axis = 0, or keep = [0]
///
///   [[rule]]
///   match = "*bias*"
///   leave = true
///
///   [[rule]]
///   match = "*"
///   clip-global-norm = 0.5     # one norm over all that this rule takes
///
/// An operation is what the command of its name does: with one number, with two (bounds = [-1, 1])
/// or with none (unit-norm = true). Its options are keys of the same names: norm, zero, rate,
/// use-norm, compat, rounding, on-non-finite. Beside the commands there are leave and tied, and
/// ignore-case = true stands before the first rule. Tensors that no rule takes, and those that are
/// not floating point numbers, are copied byte for byte. A rule that takes nothing is an error.
#[derive(Debug, Args)]
#[command(
    verbatim_doc_comment,
    after_help = "Example: normproj apply rules.toml model.safetensors --explain"
)]
pub struct Arguments {
    /// A .toml file of rules
    #[arg(value_name = "RULES")]
    rules: PathBuf,
    /// A .safetensors or .npy file
    #[arg(value_name = "INPUT")]
    input: PathBuf,
    /// Print which tensor gets what, and write nothing
    #[arg(long)]
    explain: bool,
    /// How to read a .npy of uint16: bf16 (NumPy has no bfloat16)
    #[arg(long, value_parser = parse::dtype)]
    dtype: Option<safetensors::Dtype>,
    #[command(flatten)]
    result: ResultOptions,
    #[command(flatten)]
    run: RunOptions,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let Arguments { input, explain, result, run, .. } = arguments;
    let file = RulesFile::read(&arguments.rules)?;
    if !explain {
        result.check()?;
    }
    let inputs = job::open(std::slice::from_ref(input), arguments.dtype)?;
    let mut job = Job::new(inputs, run)?;
    let (plan, places) = plan(&job, &file)?;
    for (planned, &place) in plan.tensors().iter().zip(&places) {
        job.inputs[0].tensors[place].taken = planned.task != TensorTask::Left;
    }
    let (tasks, globals) = tasks(&job, &plan, &places)?;
    if *explain {
        return explain::print(&plan, &job, run);
    }
    let targets = result.targets(&job.inputs)?;
    let mut work = Work { job, tasks: vec![tasks], globals, verify: result.verify, weights: None };
    let mut rows = work.run(targets)?;
    let worked_on = plan.tensors().iter().filter(|planned| planned.task != TensorTask::Left);
    for (row, planned) in rows.iter_mut().zip(worked_on) {
        let rule = planned.rule.and_then(|rule| plan.rules().get(rule));
        row.rule = rule.map(|(pattern, _)| pattern.to_string());
        row.operation = rule.map(|(_, operation)| operation.to_string());
    }
    let mut summary = Summary::new(&work.job, rows);
    summary.warnings.extend(plan.warnings());
    for (group, global) in plan.groups().iter().zip(&work.globals) {
        let pattern = plan.rules().get(group.rule).map(|(pattern, _)| pattern.to_string());
        summary.groups.push(global.total(pattern));
        operations::warn(&mut summary, global, run);
    }
    summary.print(Figures::Changes, run)
}

/// The rules met with the floating point tensors of the input, and the places of those.
fn plan(job: &Job, file: &RulesFile) -> Result<(StepPlan, Vec<usize>)> {
    let (mut tensors, mut places) = (Vec::new(), Vec::new());
    for (place, tensor) in job.inputs[0].tensors.iter().enumerate() {
        if tensor.is_float() {
            let name = tensor.name.clone();
            let layout = tensor.layout().map_err(|e| Failure::from(e).within(&name))?;
            // What no rule takes may be of any.
            tensors.push((name, (layout, job.dtype(tensor).unwrap_or(DType::F32))));
            places.push(place);
        }
    }
    let plan = StepPlan::with_report(&file.rules, tensors, job.context.profile());
    let others = job.inputs[0].tensors.iter().filter(|tensor| !tensor.is_float());
    let others = others.map(|tensor| tensor.name.as_str());
    Ok((plan.map_err(|error| file.failure(&error, others))?, places))
}

/// A task for each tensor of the file, and the norms that run over several.
fn tasks(job: &Job, plan: &StepPlan, places: &[usize]) -> Result<(Vec<Task>, Vec<Global>)> {
    let globals = plan.groups().iter().map(|group| Global::new(group.plan.request().clip));
    let mut tasks = vec![Task::Left; job.inputs[0].tensors.len()];
    for (planned, &place) in plan.tensors().iter().zip(places) {
        let rule = planned.rule.and_then(|rule| plan.rules().get(rule));
        let Some((_, operation)) = rule.filter(|(_, operation)| operation.works()) else {
            continue;
        };
        let global = match planned.task {
            TensorTask::Group(group) => group,
            _ => 0,
        };
        let tensor = &job.inputs[0].tensors[place];
        let advice = "leave it out with a rule before that says leave = true";
        tasks[place] = Task::new(job, tensor, operation, global)
            .map_err(|error| job::refused(error, advice).within(&planned.name))?;
    }
    Ok((tasks, globals.collect()))
}
