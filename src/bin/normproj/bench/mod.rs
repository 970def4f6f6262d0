//! `normproj bench`: what memory gives, and every kernel beside it.

mod cases;
mod clip;
mod clock;
mod growth;
mod model;
mod native;
mod projection;
mod schedules;
mod streams;

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
use cases::{Case, ClipCase, VIOLATING};
use clock::Clock;
use projection::{Bench, Tensor};
use streams::{Ceilings, Streams};

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
    /// Only cases whose name matches: rows_* | columns_* | clip_*
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

/// What one kernel took.
#[derive(Debug, Default, Clone, Serialize)]
struct Measurement {
    id: String,
    backend: String,
    kernel: String,
    shape: Vec<usize>,
    axes: String,
    dtype: String,
    violating: f64,
    bytes: f64,
    ms: f64,
    wall_ms: f64,
    /// Of a copy of the same bytes, or of a read where nothing is written; none if it was not timed.
    copy_ms: Option<f64>,
    gbps: f64,
    fraction: f64,
    dispatches: u32,
    record_us: f64,
    /// Of the first call of this plan: what it compiles, allocates and binds.
    prepare_ms: f64,
    /// Bytes that are held beside the tensor.
    scratch_bytes: u64,
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
    let work = Work::new(arguments)?;
    let plot =
        arguments.plot.as_ref().map(|path| growth::create(path, arguments.force)).transpose()?;
    let context = device::open(&arguments.run)?;
    let say = |line: &str| device::note(&arguments.run, line);
    let summary = match context.as_gpu() {
        Some(_) => on_gpu(&context, work, &say)?,
        None => on_cpu(&context, work, &say)?,
    };
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

/// What was asked for.
struct Work {
    projections: Vec<Case>,
    clips: Vec<ClipCase>,
    violating: &'static [f64],
    schedules: bool,
}

impl Work {
    fn new(arguments: &Arguments) -> Result<Self> {
        let (mut projections, mut clips) = match arguments.growth {
            true => (cases::growing_projections(), cases::growing_clips()),
            false => (cases::projections(), cases::clips()),
        };
        let ids = projections.iter().map(|case| &case.id).chain(clips.iter().map(|case| &case.id));
        let names: Vec<&str> = ids.map(String::as_str).collect();
        let chosen = arguments.case.compile_matcher();
        if !names.iter().any(|name| chosen.is_match(name)) {
            let (glob, names) = (arguments.case.glob(), names.join(", "));
            return Err(Failure::usage(format!("no case is named `{glob}`; there are {names}")));
        }
        projections.retain(|case| chosen.is_match(&case.id));
        clips.retain(|case| chosen.is_match(&case.id));
        let violating = if arguments.growth { &[0.0, 1.0][..] } else { &VIOLATING };
        Ok(Work { projections, clips, violating, schedules: arguments.schedules })
    }

    /// The same without what is too large for the device; says what that is.
    fn fitting(mut self, context: &Context, software: bool, say: Say<'_>) -> Self {
        let most = cases::most_elements(context.profile(), software);
        let fits = |id: &str, elements: usize| {
            if elements > most {
                say(&format!("{id} is left out: {elements} elements are too many here"));
            }
            elements <= most
        };
        self.projections.retain(|case| fits(&case.id, case.elements()));
        self.clips.retain(|case| case.elements.is_none_or(|elements| fits(&case.id, elements)));
        self
    }
}

/// What was measured, and what could not be.
#[derive(Default)]
struct Found {
    cases: Vec<Measurement>,
    wrong: Vec<String>,
}

impl Found {
    fn keep(&mut self, found: Result<Vec<Measurement>>) {
        match found {
            Ok(found) => self.cases.extend(found),
            Err(failure) => self.wrong.push(failure.message().to_string()),
        }
    }
}

fn on_cpu(context: &Context, work: Work, say: Say<'_>) -> Result<Summary> {
    let ceilings = native::ceilings();
    let work = work.fitting(context, false, say);
    let mut found = Found::default();
    for case in &work.projections {
        for &violating in work.violating {
            let measured = native::measure(context, &ceilings, case, violating);
            found.keep(measured.map(|measured| vec![measured]));
        }
    }
    for case in &work.clips {
        found.keep(native::clip::measure(context, &ceilings, case, MODEL[2]));
    }
    let (adapter, driver) = (context.describe().to_string(), String::new());
    Ok(Summary {
        adapter,
        driver,
        date: date(),
        timestamps: false,
        ceilings,
        cases: found.cases,
        wrong: found.wrong,
    })
}

fn on_gpu(context: &Context, work: Work, say: Say<'_>) -> Result<Summary> {
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
    let mut found = Found::default();
    for case in &work.projections {
        found.keep(projections(&bench, case, &work, say));
    }
    for case in &work.clips {
        found.keep(clip::measure(&bench, case, MODEL[kind], work.schedules));
    }
    Ok(Summary {
        adapter: info.name,
        driver: format!("{} {}", info.driver, info.driver_info),
        date: date(),
        timestamps,
        ceilings,
        cases: found.cases,
        wrong: found.wrong,
    })
}

fn projections(bench: &Bench, case: &Case, work: &Work, say: Say<'_>) -> Result<Vec<Measurement>> {
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
