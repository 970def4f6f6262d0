//! `normproj bench`: what memory gives, and every kernel beside it.

mod bands;
mod calls;
mod cases;
mod clip;
mod clock;
mod growth;
mod launch;
mod measurement;
mod model;
mod native;
mod projection;
mod rounds;
mod schedules;
mod step;
mod steps;
mod streams;
mod wanted;

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use globset::Glob;
use normproj::Context;
use serde::Serialize;

use crate::device;
use crate::failure::{Failure, Result, written};
use crate::options::RunOptions;
use crate::table::{number, table};
use calls::Calls;
use cases::Case;
use clock::Clock;
use launch::Launch;
use measurement::{HEAD, Measurement};
use projection::{Bench, Tensor};
use streams::{Ceilings, Streams};
use wanted::Work;

/// Elements of the buffers that the ceilings are measured with, on hardware and in software.
const STREAMED: [usize; 2] = [1 << 28, 1 << 24];
/// Elements that are read to empty the caches: 256 MiB, and 32 MiB.
const FLUSHED: [usize; 2] = [1 << 26, 1 << 23];
const RUNS: [u32; 2] = [31, 7];
/// Elements of the model, on hardware, in software and on the CPU.
const MODEL: [usize; 3] = [1_000_000_000, 4_000_000, 30_000_000];

/// Times every kernel on this device beside a copy, after it has verified it
///
/// GPU times are the device's own timestamps, medians, with empty caches, and the input restored
/// before each run. `fraction` is the time that the bytes of the plan would take at the ceiling (read,
/// where nothing is written, else copy) over the time taken.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Only cases whose name matches: rows_* | columns_* | conv_* | strided_* | clip_* | step_*
    #[arg(long, value_name = "GLOB", default_value = "*", value_parser = Glob::new)]
    case: Glob,
    /// Times a grid of schedules, too, with nothing, little and everything violating
    #[arg(long)]
    schedules: bool,
    /// Times rows, columns and a clip over six decades of elements instead
    #[arg(long)]
    growth: bool,
    /// Draws time against elements as .svg
    #[arg(long, value_name = "FILE", requires = "growth")]
    plot: Option<PathBuf>,
    /// Replace a plot that exists
    #[arg(long, requires = "plot")]
    force: bool,
    #[command(flatten)]
    run: RunOptions,
}

#[derive(Debug, Serialize)]
struct Summary {
    adapter: String,
    driver: String,
    date: String,
    /// Whether times are the device's own timestamps, or the host's clock.
    timestamps: bool,
    ceilings: Ceilings,
    cases: Vec<Measurement>,
    /// With --growth: where the cost of a launch ends.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    launches: Vec<Launch>,
    /// Why cases are missing.
    wrong: Vec<String>,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let work = Work::new(arguments)?;
    let plot =
        arguments.plot.as_ref().map(|path| growth::create(path, arguments.force)).transpose()?;
    let context = device::open(&arguments.run)?;
    let say = |line: &str| device::note(&arguments.run, line);
    let mut summary = match context.as_gpu() {
        Some(_) => on_gpu(&context, &arguments.run.device, work, &say)?,
        None => on_cpu(&context, work, &say)?,
    };
    if arguments.growth {
        summary.launches = launch::all(&summary.cases);
    }
    print(&summary, &arguments.run)?;
    if let Some(plot) = plot {
        let title = format!("{}, {}", summary.adapter, summary.date);
        growth::draw(plot, &title, &summary.cases, &summary.ceilings)?;
    }
    // What could be timed is not lost with what could not.
    match summary.wrong.as_slice() {
        [] => Ok(()),
        wrong => Err(Failure::new(wrong.join("; "))),
    }
}

type Say<'a> = &'a dyn Fn(&str);

/// What was measured, and what could not be.
#[derive(Default)]
struct Found {
    cases: Vec<Measurement>,
    wrong: Vec<String>,
}

impl Found {
    /// Keeps what was measured of a case, and what its calls take with the first of it in which nothing violates.
    fn keep(&mut self, found: Result<Vec<Measurement>>, calls: impl FnOnce() -> Result<Calls>) {
        let kept = self.cases.len();
        let calls = match found {
            Ok(found) => {
                self.cases.extend(found);
                calls()
            }
            Err(failure) => Err(failure),
        };
        match (calls, self.cases[kept..].iter_mut().find(|case| case.violating == 0.0)) {
            (Ok(calls), Some(case)) => case.calls = Some(calls),
            (Ok(_), None) => {}
            (Err(failure), _) => self.wrong.push(failure.message().to_string()),
        }
    }
}

fn on_cpu(context: &Context, work: Work, say: Say<'_>) -> Result<Summary> {
    let ceilings = native::ceilings()?;
    let work = work.fitting(context, false, say);
    let mut found = Found::default();
    for case in &work.projections {
        found.keep(native::projection::measure(context, &ceilings, case, work.violating), || {
            calls::projection(context, case)
        });
        say(&format!("{} done", case.id));
    }
    for case in &work.clips {
        found.keep(native::clip::measure(context, &ceilings, case, MODEL[2]), || {
            calls::clip(context, case, MODEL[2])
        });
        say(&format!("{} done", case.id));
    }
    for case in &work.steps {
        found.keep(native::step::measure(context, &ceilings, case), || calls::step(context, case));
        say(&format!("{} done", case.id));
    }
    let (adapter, driver) = (context.describe().to_string(), String::new());
    Ok(Summary {
        adapter,
        driver,
        date: date(),
        timestamps: false,
        ceilings,
        cases: found.cases,
        launches: vec![],
        wrong: found.wrong,
    })
}

fn on_gpu(context: &Context, name: &str, work: Work, say: Say<'_>) -> Result<Summary> {
    let gpu = context.as_gpu().ok_or_else(|| Failure::new("no GPU"))?.clone();
    let info = gpu.device().adapter_info();
    let software = info.device_type == wgpu::DeviceType::Cpu;
    let kind = usize::from(software);
    let work = work.fitting(context, software, say);
    let clock = Clock::new(&gpu);
    let mut streams = Streams::new(context, &gpu, STREAMED[kind], FLUSHED[kind])?;
    let ceilings = streams.measure(&clock)?;
    let timestamps = clock.is_the_devices();
    let bench = Bench { context: context.clone(), gpu, clock, streams, ceilings, runs: RUNS[kind] };
    // Opened again for each: nothing is compiled there yet.
    let fresh = || device::named(name);
    let mut found = Found::default();
    for case in &work.projections {
        found.keep(projections(&bench, case, &work), || calls::projection(&fresh()?, case));
        say(&format!("{} done", case.id));
    }
    for case in &work.clips {
        found.keep(clip::measure(&bench, case, MODEL[kind], work.schedules), || {
            calls::clip(&fresh()?, case, MODEL[kind])
        });
        say(&format!("{} done", case.id));
    }
    for case in &work.steps {
        found.keep(step::measure(&bench, case), || calls::step(&fresh()?, case));
        say(&format!("{} done", case.id));
    }
    Ok(Summary {
        adapter: info.name,
        driver: format!("{} {}", info.driver, info.driver_info),
        date: date(),
        timestamps,
        ceilings,
        cases: found.cases,
        launches: vec![],
        wrong: found.wrong,
    })
}

fn projections(bench: &Bench, case: &Case, work: &Work) -> Result<Vec<Measurement>> {
    let tensor = Tensor::new(bench, case)?;
    let mut measured = Vec::new();
    for &violating in work.violating {
        measured.push(tensor.measure(violating, None)?);
        if work.schedules && [0.0, 0.01, 1.0].contains(&violating) {
            let grid = schedules::grid(&tensor.request(violating), bench.context.profile())?;
            for schedule in &grid[1..] {
                measured.push(tensor.measure(violating, Some(*schedule))?);
            }
        }
    }
    Ok(measured)
}

/// Of today, in UTC.
fn date() -> String {
    let now = humantime::format_rfc3339_seconds(std::time::SystemTime::now()).to_string();
    now.split('T').next().unwrap_or_default().to_string()
}

fn print(summary: &Summary, options: &RunOptions) -> Result<()> {
    let text = if options.json {
        let text = serde_json::to_string(summary);
        text.map_err(|error| Failure::new(format!("report: {error}")))? + "\n"
    } else if options.quiet {
        return Ok(());
    } else {
        let rows: Vec<Vec<String>> = summary.cases.iter().map(Measurement::cells).collect();
        let Summary { adapter, driver, ceilings, .. } = summary;
        format!(
            "{}{adapter} {driver}: copy {} GB/s, read {} GB/s\n",
            table(&HEAD, &rows),
            number(ceilings.copy_gbps),
            number(ceilings.read_gbps),
        ) + &summary.launches.iter().map(Launch::line).collect::<String>()
    };
    written(std::io::stdout().write_all(text.as_bytes()))
}
