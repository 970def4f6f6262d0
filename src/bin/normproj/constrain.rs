//! A constraint on files: what `max-norm` and its kin have in common.

use clap::Args;
use normproj::plan::request::Request;
use normproj::{DeviceBuffer, DeviceProfile, Layout, Plan, Projection, Rounding};

use crate::failure::{Failure, Result};
use crate::job::Job;
use crate::options::{AxesOptions, InputOptions, OutputOptions, RunOptions};
use crate::output::{self, Staged};
use crate::parse;
use crate::report::{Figures, Row};
use crate::slices;

/// The options of every constraint.
#[derive(Debug, Args)]
#[group(skip)]
pub struct Options {
    #[command(flatten)]
    input: InputOptions,
    #[command(flatten)]
    pub axes: AxesOptions,
    /// feasible: what is scaled ends inside, and stays as it is the second time; nearest: it ends
    /// at the rim, within rounding on either side
    #[arg(long, value_name = "ROUNDING", default_value = "feasible", value_parser = parse::rounding)]
    pub rounding: Rounding,
    /// What becomes of slices with NaN or infinity: leave
    #[arg(long = "on-non-finite", value_name = "POLICY", default_value = "leave", value_parser = parse::on_non_finite)]
    _on_non_finite: parse::OnNonFinite,
    #[command(flatten)]
    output: OutputOptions,
    /// Replace the inputs; without it -o is needed
    #[arg(long, conflicts_with = "output")]
    in_place: bool,
    /// Compute the norms again afterwards, and report the largest
    #[arg(long)]
    verify: bool,
    #[command(flatten)]
    run: RunOptions,
}

/// Applies a projection to the inputs.
pub fn run(projection: Projection, options: &Options) -> Result<()> {
    check(projection)?;
    if options.output.output.is_none() && !options.in_place {
        return Err(Failure::usage("say where the result goes: -o PATH, or --in-place"));
    }
    let request = |layout| Ok(Request::in_place(projection, layout).with_report());
    let mut job = Job::new(&options.input, &options.run, projection.axes(), request)?;
    let targets = match &options.output.output {
        Some(path) => output::targets(&job.inputs, path, &options.output)?,
        None => output::in_place(&job.inputs)?,
    };
    let verify = options.verify;
    let (mut rows, mut results) = (Vec::new(), Vec::new());
    for (input, target) in targets.into_iter().enumerate() {
        let mut result = Staged::create(target)?;
        let header = 0..job.inputs[input].header;
        job.inputs[input].copy(header, &mut result, &job.progress)?;
        for tensor in 0..job.inputs[input].tensors.len() {
            match job.plan(input, tensor).cloned() {
                Some(plan) => {
                    let label = job.label(input, tensor);
                    let row = project(&mut job, (input, tensor), &plan, verify, &mut result);
                    rows.push(row.map_err(|failure| failure.within(&label))?);
                }
                None => {
                    let bytes = job.inputs[input].tensors[tensor].bytes.clone();
                    job.inputs[input].copy(bytes, &mut result, &job.progress)?;
                }
            }
        }
        results.push(result);
    }
    output::commit(results)?;
    job.summary(rows).print(Figures::Changes, &options.run)
}

/// Refuses a radius that no tensor could satisfy, before any file is touched.
fn check(projection: Projection) -> Result<()> {
    let request = Request::in_place(projection, Layout::contiguous([])?);
    match Plan::new(&request, &DeviceProfile::native(1)) {
        Err(error @ normproj::Error::Radius { .. }) => Err(error.into()),
        // Axes are those of the tensors, which are yet to come.
        _ => Ok(()),
    }
}

fn project(
    job: &mut Job,
    (input, tensor): (usize, usize),
    plan: &Plan,
    verify: bool,
    result: &mut Staged,
) -> Result<Row> {
    let (memory, view) = job.upload(input, tensor)?;
    let report = job.context.run(plan, &view, &view)?.wait()?;
    let label = job.label(input, tensor);
    let mut row = Row::new(label, &job.inputs[input].tensors[tensor], plan, &report);
    if verify {
        row.max_norm_after = Some(largest_norm(job, plan, &view)?);
    }
    job.inputs[input].write(tensor, memory.read()?, result)?;
    Ok(row)
}

fn largest_norm(job: &Job, plan: &Plan, view: &DeviceBuffer) -> Result<f64> {
    let plan = job.context.plan(&slices::survey(plan.request().axes(), *view.layout()))?;
    Ok(job.context.run(&plan, view, view)?.wait()?.largest_norm)
}
