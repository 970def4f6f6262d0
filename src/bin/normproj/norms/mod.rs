//! `normproj norms`.

mod file;
mod plot;

use std::path::PathBuf;

use clap::Args;
use normproj::{Norm, Plan};

use crate::failure::{Failure, Result};
use crate::files::{Input, Tensor};
use crate::job::{At, Job, WEIGHTS};
use crate::options::{AxesOptions, InputOptions, NormOptions, OutputOptions, RunOptions};
use crate::output::{self, Staged};
use crate::parse;
use crate::row::Row;
use crate::slices;
use crate::summary::{Figures, Summary};
use crate::table::number;
use plot::Plot;

/// Norms of every slice: count, min, median, mean, max, zero, non-finite
#[derive(Debug, Args)]
#[command(
    mut_group("AXES", |axes| axes.required(true)),
    after_help = "Example: normproj norms model.safetensors --per-unit keras --bound 3")]
pub struct Arguments {
    #[command(flatten)]
    input: InputOptions,
    #[command(flatten)]
    axes: AxesOptions,
    #[command(flatten)]
    norm: NormOptions,
    /// Exit with 1 if a slice has a larger norm, or none because of NaN or infinity (elements of 16 bits that were rounded
    /// may exceed a bound by 2^-11 of it, bf16 by 2^-8, unless toward-zero)
    #[arg(long, value_name = "C", value_parser = parse::number, allow_hyphen_values = true)]
    bound: Option<f64>,
    /// Draw a histogram of the norms of each tensor, with the bound: a .svg or .png
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
    #[command(flatten)]
    output: OutputOptions,
    #[command(flatten)]
    run: RunOptions,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let bound = arguments.bound.unwrap_or(f64::INFINITY);
    if bound.is_nan() || bound < 0.0 {
        return Err(Failure::usage(normproj::Error::Radius { radius: bound }.to_string()));
    }
    if let Some(path) = &arguments.plot {
        plot::check(path, &arguments.output)?;
    }
    let (axes, norm) = (arguments.axes.axes(), arguments.norm.norm);
    let mut job = Job::select(&arguments.input, &arguments.run, WEIGHTS)?;
    let survey = |tensor: &Tensor| {
        let (layout, dtype) = (tensor.layout()?, job.dtype(tensor)?);
        job.context.plan(&slices::survey(norm, axes, layout, dtype))
    };
    let plans = job.for_taken(survey)?;
    let mut targets = match &arguments.output.output {
        Some(path) => output::targets(&job.inputs, path, &arguments.output)?,
        None => Vec::new(),
    }
    .into_iter();
    let title = || format!("{norm} norms {axes} of {}", names(&job));
    let create = |path| {
        Plot::create(path, &arguments.output, job.taken().len(), title(), norm, arguments.bound)
    };
    let mut plot = arguments.plot.as_deref().map(create).transpose()?;
    let (mut rows, mut results, mut beyond) = (Vec::new(), Vec::new(), None);
    for (input, plans) in plans.iter().enumerate() {
        let mut result = targets.next().map(Staged::create).transpose()?;
        if let Some(result) = &mut result {
            file::write_header(&job, input, axes, result)?;
        }
        for (tensor, plan) in plans.iter().enumerate() {
            let (at, Some(plan)) = ((input, tensor), plan) else { continue };
            let (row, norms) = compute(&mut job, at, norm, plan)
                .map_err(|failure| failure.within(&job.label(at)))?;
            if arguments.bound.is_some() && beyond.is_none() {
                beyond = exceeds(&row, bound, plan);
            }
            if let Some(plot) = &mut plot {
                plot.add(job.label(at), plan.geometry().length(), &norms);
            }
            if let Some(result) = &mut result {
                file::write(&job, at, &norms, axes, result)?;
            }
            rows.push(row);
        }
        results.extend(result);
    }
    results.extend(plot.map(Plot::finish).transpose()?);
    output::commit(results)?;
    let summary = Summary::new(&job, rows).warn_of_ranks(axes);
    summary.print(Figures::Norms, &arguments.run)?;
    beyond.map_or(Ok(()), Err)
}

/// The inputs, by the names of their files.
fn names(job: &Job) -> String {
    let name =
        |input: &Input| input.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    job.inputs.iter().map(name).collect::<Vec<_>>().join(", ")
}

fn compute(job: &mut Job, at: At, norm: Norm, plan: &Plan) -> Result<(Row, Vec<f64>)> {
    let words = job.read(at)?;
    let view = job.view(at, &job.upload(at, &words)?)?;
    drop(words);
    let report = job.context.run(plan, &view, &view)?.wait()?;
    let norms = slices::compute_norms(norm, plan.request().axes(), &view)?;
    let mut row = Row::of_slices(job.label(at), job.tensor(at), plan, &report);
    // Without a sign, NaN sorts last, after the infinity that a norm beyond f32 becomes.
    let mut sorted: Vec<f64> = norms.iter().map(|norm| norm.abs()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted.truncate((report.slices - report.non_finite) as usize);
    row.min_norm = sorted.first().copied();
    row.median_norm = median(&sorted);
    Ok((row, norms))
}

fn median(sorted: &[f64]) -> Option<f64> {
    let middle = sorted.len() / 2;
    let upper = *sorted.get(middle)?;
    if sorted.len() % 2 == 1 {
        return Some(upper);
    }
    Some((sorted[middle - 1] + upper) / 2.0)
}

/// Why a tensor is not inside the bound. A norm that could be inside, given how far the computed
/// one can be off, is.
fn exceeds(row: &Row, bound: f64, plan: &Plan) -> Option<Failure> {
    let largest = row.max_norm.unwrap_or(0.0);
    if largest > bound * (1.0 + plan.margin().of(plan.request().norm()).sigma) {
        let largest = number(largest);
        return Some(Failure::new(format!("`{}` has norm {largest}, beyond {bound}", row.name)));
    }
    let first = row.first_non_finite?;
    Some(Failure::new(format!(
        "`{}` has NaN or infinity in slice {first}, beyond any bound",
        row.name
    )))
}
