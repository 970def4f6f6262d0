//! `normproj bench`: what memory gives, and every kernel beside it.

mod cases;
mod clip;
mod clock;
mod native;
mod projection;
mod schedules;
mod streams;

use std::io::Write;

use clap::Args;
use globset::Glob;
use normproj::Context;
use serde::Serialize;

use crate::device;
use crate::failure::{Failure, Result, written};
use crate::options::RunOptions;
use crate::table::{number, table};
use cases::{Case, VIOLATING};
use clip::Place;
use clock::Clock;
use projection::{Bench, Tensor};
use streams::{Ceilings, Streams};

/// Elements of the buffers that the ceilings are measured with, on hardware and in software.
const STREAMED: [usize; 2] = [1 << 28, 1 << 24];
/// Elements that are read to empty the caches: 256 MiB, and 32 MiB.
const FLUSHED: [usize; 2] = [1 << 26, 1 << 23];
const RUNS: [u32; 2] = [31, 7];
/// Elements of the model.
const MODEL: [usize; 2] = [1_000_000_000, 4_000_000];

/// Times every kernel on this device beside a copy, after it has verified it
///
/// GPU times are the device's own timestamps, medians, with empty caches, and the input restored
/// before each run. `fraction` is the time that the bytes of the plan would take at the ceiling (read,
/// where nothing is written, else copy) over the time taken.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Only cases whose name matches: rows_* | columns_* | clip_*
    #[arg(long, value_name = "GLOB", default_value = "*", value_parser = Glob::new)]
    case: Glob,
    /// Times a grid of schedules, too, with nothing and with everything violating
    #[arg(long)]
    schedules: bool,
    #[command(flatten)]
    run: RunOptions,
}

/// What one kernel took.
#[derive(Debug, Default, Clone, Serialize)]
struct Measurement {
    id: String,
    backend: String,
    kernel: String,
    shape: Vec<usize>,
    axes: String,
    dtype: &'static str,
    violating: f64,
    bytes: f64,
    ms: f64,
    wall_ms: f64,
    /// Of a copy of the same bytes; none if it was not timed.
    copy_ms: Option<f64>,
    gbps: f64,
    fraction: f64,
    dispatches: u32,
    record_us: f64,
    verified: bool,
}

/// Times of one kernel.
struct Times {
    ms: f64,
    wall_ms: f64,
    copy_ms: Option<f64>,
    record_us: f64,
}

impl Measurement {
    fn of(bytes: f64, writes: bool, times: Times, ceilings: &Ceilings) -> Self {
        let Times { ms, wall_ms, copy_ms, record_us } = times;
        let fraction = ceilings.milliseconds(bytes, writes) / ms;
        let gbps = bytes / ms * 1e-6;
        Measurement { bytes, ms, wall_ms, copy_ms, gbps, fraction, record_us, ..Self::default() }
    }
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
    /// Why cases are missing.
    wrong: Vec<String>,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let context = device::open(&arguments.run)?;
    let matcher = arguments.case.compile_matcher();
    let chosen = |id: &str| matcher.is_match(id);
    let say = |line: &str| device::note(&arguments.run, line);
    let summary = match context.as_gpu() {
        Some(_) => on_gpu(&context, arguments, &chosen, &say)?,
        None => on_cpu(&context, &chosen, &say)?,
    };
    print(&summary, &arguments.run)?;
    // What could be timed is not lost with what could not.
    match summary.wrong.as_slice() {
        [] => Ok(()),
        wrong => Err(Failure::new(wrong.join("; "))),
    }
}

type Chosen<'a> = &'a dyn Fn(&str) -> bool;
type Say<'a> = &'a dyn Fn(&str);

fn on_cpu(context: &Context, chosen: Chosen<'_>, say: Say<'_>) -> Result<Summary> {
    let ceilings = native::ceilings();
    let mut measured = Vec::new();
    let mut wrong = Vec::new();
    for case in fitting(context, false, chosen, say) {
        for violating in VIOLATING {
            match native::measure(context, &ceilings, &case, violating) {
                Ok(found) => measured.push(found),
                Err(failure) => wrong.push(failure.message().to_string()),
            }
        }
    }
    let (adapter, driver) = (context.describe().to_string(), String::new());
    Ok(Summary {
        adapter,
        driver,
        date: date(),
        timestamps: false,
        ceilings,
        cases: measured,
        wrong,
    })
}

fn on_gpu(
    context: &Context,
    arguments: &Arguments,
    chosen: Chosen<'_>,
    say: Say<'_>,
) -> Result<Summary> {
    let gpu = context.as_gpu().ok_or_else(|| Failure::new("no GPU"))?.clone();
    let info = gpu.device().adapter_info();
    let software = info.device_type == wgpu::DeviceType::Cpu;
    let kind = usize::from(software);
    let clock = Clock::new(&gpu);
    let mut streams = Streams::new(context, &gpu, STREAMED[kind], FLUSHED[kind])?;
    let ceilings = streams.measure(&clock)?;
    let timestamps = clock.is_the_devices();
    let bench = Bench { context: context.clone(), gpu, clock, streams, ceilings, runs: RUNS[kind] };
    let mut measured = Vec::new();
    let mut wrong = Vec::new();
    let mut keep = |found: Result<Vec<Measurement>>| match found {
        Ok(found) => measured.extend(found),
        Err(failure) => wrong.push(failure.message().to_string()),
    };
    for case in fitting(context, software, chosen, say) {
        keep(projections(&bench, &case, arguments.schedules, say));
    }
    for place in Place::ALL.into_iter().filter(|place| chosen(place.id())) {
        keep(clip::measure(&bench, MODEL[kind], place, arguments.schedules));
    }
    Ok(Summary {
        adapter: info.name,
        driver: format!("{} {}", info.driver, info.driver_info),
        date: date(),
        timestamps,
        ceilings,
        cases: measured,
        wrong,
    })
}

/// The cases that were asked for and that fit the device; says which do not.
fn fitting(context: &Context, software: bool, chosen: Chosen<'_>, say: Say<'_>) -> Vec<Case> {
    let most = cases::most_elements(context.profile(), software);
    let fits = |case: &Case| {
        let fits = case.elements() <= most;
        if !fits {
            say(&format!(
                "{} is left out: {} elements are too many here",
                case.id,
                case.elements()
            ));
        }
        fits
    };
    cases::projections().into_iter().filter(|case| chosen(case.id)).filter(fits).collect()
}

fn projections(
    bench: &Bench,
    case: &Case,
    schedules: bool,
    say: Say<'_>,
) -> Result<Vec<Measurement>> {
    let tensor = Tensor::new(bench, case)?;
    let mut measured = Vec::new();
    for violating in VIOLATING {
        measured.push(tensor.measure(violating, None)?);
        if schedules && [0.0, 1.0].contains(&violating) {
            let grid = schedules::grid(&tensor.request(violating), bench.context.profile())?;
            for schedule in &grid[1..] {
                measured.push(tensor.measure(violating, Some(*schedule))?);
            }
        }
    }
    say(&format!("{} done", case.id));
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
    } else {
        let cells = |case: &Measurement| {
            vec![
                case.id.clone(),
                format!("{}%", case.violating * 100.0),
                format!("{:.4}", case.ms),
                format!("{:.0}", case.gbps),
                format!("{:.2}", case.fraction),
                case.copy_ms.map_or("".to_string(), |copy| format!("{:.2}", copy / case.ms)),
                case.dispatches.to_string(),
                format!("{:.1}", case.record_us),
                format!("{:.4}", case.wall_ms),
                case.kernel.clone(),
            ]
        };
        let head = [
            "case", "outside", "ms", "GB/s", "ceiling", "copy", "disp", "rec µs", "wall ms",
            "kernel",
        ];
        let rows: Vec<Vec<String>> = summary.cases.iter().map(cells).collect();
        let Summary { adapter, driver, ceilings, .. } = summary;
        format!(
            "{}{adapter} {driver}: copy {} GB/s, read {} GB/s\n",
            table(&head, &rows),
            number(ceilings.copy_gbps),
            number(ceilings.read_gbps),
        )
    };
    written(std::io::stdout().write_all(text.as_bytes()))
}
