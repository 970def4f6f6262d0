//! `normproj norms`.

use clap::Args;
use normproj::{Axes, Norm, Plan};

use crate::failure::{Failure, Result};
use crate::files::{Format, safetensors_norms_header, write_npy_norms};
use crate::job::{At, Job, WEIGHTS};
use crate::options::{AxesOptions, InputOptions, NormOptions, OutputOptions, RunOptions};
use crate::output::{self, Staged};
use crate::parse;
use crate::row::Row;
use crate::slices::{self, kept_shape};
use crate::summary::{Figures, Summary};
use crate::table::number;

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
    /// Exit with 1 if a slice has a larger norm, or none because of NaN or infinity
    #[arg(long, value_name = "C", value_parser = parse::number, allow_hyphen_values = true)]
    bound: Option<f64>,
    #[command(flatten)]
    output: OutputOptions,
    #[command(flatten)]
    run: RunOptions,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let bound = arguments.bound.unwrap_or(f64::INFINITY);
    if bound.is_nan() || bound < 0.0 {
        return Err(normproj::Error::Radius { radius: bound }.into());
    }
    let (axes, norm) = (arguments.axes.axes(), arguments.norm.norm);
    let mut job = Job::select(&arguments.input, &arguments.run, WEIGHTS)?;
    let plans = job.plans(|layout| slices::survey(axes, layout))?;
    let mut targets = match &arguments.output.output {
        Some(path) => output::targets(&job.inputs, path, &arguments.output)?,
        None => Vec::new(),
    }
    .into_iter();
    let (mut rows, mut results, mut beyond) = (Vec::new(), Vec::new(), None);
    for (input, plans) in plans.iter().enumerate() {
        let mut result = targets.next().map(Staged::create).transpose()?;
        if let Some(result) = &mut result {
            write_header(&job, input, axes, result)?;
        }
        for (tensor, plan) in plans.iter().enumerate() {
            let (at, Some(plan)) = ((input, tensor), plan) else { continue };
            let (row, norms) = compute(&mut job, at, norm, plan)
                .map_err(|failure| failure.within(&job.label(at)))?;
            if arguments.bound.is_some() && beyond.is_none() {
                beyond = exceeds(&row, bound, plan);
            }
            if let Some(result) = &mut result {
                write(&job, at, norms, axes, result)?;
            }
            rows.push(row);
        }
        results.extend(result);
    }
    output::commit(results)?;
    let summary = Summary::new(&job, rows).warn_of_ranks(axes);
    summary.print(Figures::Norms, &arguments.run)?;
    beyond.map_or(Ok(()), Err)
}

fn compute(job: &mut Job, at: At, norm: Norm, plan: &Plan) -> Result<(Row, Vec<f32>)> {
    let memory = job.upload(at)?;
    let view = job.view(at, &memory)?;
    let report = job.context.run(plan, &view, &view)?.wait()?;
    let buffer = job.context.zeros([plan.geometry().slices()])?;
    let request = slices::norms(norm, plan.request().axes(), *view.layout())?;
    drop(job.context.run(&job.context.plan(&request)?, &view, &buffer)?);
    let norms = buffer.read()?;
    let mut row = Row::of_slices(job.label(at), job.tensor(at), plan, &report);
    // Without a sign, NaN sorts last, after the infinity that a norm beyond f32 becomes.
    let mut sorted: Vec<f32> = norms.iter().map(|norm| norm.abs()).collect();
    sorted.sort_unstable_by(f32::total_cmp);
    sorted.truncate((report.slices - report.non_finite) as usize);
    row.min_norm = sorted.first().map(|&norm| norm.into());
    row.median_norm = median(&sorted);
    Ok((row, norms))
}

fn median(sorted: &[f32]) -> Option<f64> {
    let middle = sorted.len() / 2;
    let upper = f64::from(*sorted.get(middle)?);
    if sorted.len() % 2 == 1 {
        return Some(upper);
    }
    Some((f64::from(sorted[middle - 1]) + upper) / 2.0)
}

/// Why a tensor is not inside the bound. A norm that could be inside, given how far the computed
/// one can be off, is.
fn exceeds(row: &Row, bound: f64, plan: &Plan) -> Option<Failure> {
    let largest = row.max_norm.unwrap_or(0.0);
    if largest > bound * (1.0 + plan.margin().sigma) {
        let largest = number(largest);
        return Some(Failure::new(format!("`{}` has norm {largest}, beyond {bound}", row.name)));
    }
    let first = row.first_non_finite?;
    Some(Failure::new(format!(
        "`{}` has NaN or infinity in slice {first}, beyond any bound",
        row.name
    )))
}

fn write_header(job: &Job, input: usize, axes: Axes, result: &mut Staged) -> Result<()> {
    if job.inputs[input].format == Format::Npy {
        return Ok(());
    }
    let mut shapes = Vec::new();
    for tensor in job.inputs[input].tensors.iter().filter(|tensor| tensor.taken) {
        shapes.push((tensor.name.clone(), kept_shape(axes, &tensor.shape)?));
    }
    output::write(result, &safetensors_norms_header(&shapes))
}

fn write(job: &Job, at: At, mut norms: Vec<f32>, axes: Axes, result: &mut Staged) -> Result<()> {
    match job.inputs[at.0].format {
        Format::Npy => write_npy_norms(norms, &kept_shape(axes, &job.tensor(at).shape)?, result),
        Format::Safetensors => {
            if cfg!(target_endian = "big") {
                norms.iter_mut().for_each(|n| *n = f32::from_bits(n.to_bits().swap_bytes()));
            }
            output::write(result, bytemuck::cast_slice(&norms))
        }
    }
}
