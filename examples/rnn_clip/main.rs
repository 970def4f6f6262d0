//! Clipping by global norm (Pascanu et al. 2013, arXiv 1211.5063): a recurrent network whose gradients
//! explode learns nothing without it, and trains with it.
//!
//! `cargo run --release --example rnn_clip` trains five seeds, prints their test accuracies, and
//! writes one CSV line a step and the curves.
//!
//! The network reads the 64 pixels of a digit two at a time. The L2 decay of all weights but the
//! biases is part of the gradients that are clipped, as in TensorFlow where the loss includes it.

#[path = "../common/mod.rs"]
mod common;
mod network;
mod oracle;
#[cfg(test)]
mod tests;
mod train;

use std::path::Path;
use std::time::Instant;

use clap::Parser;
use common::args::Args;
use common::digits::Digits;
use common::kind::Kind;
use common::plot::{Curve, Panel, draw};
use common::{Result, table, write_csv};
use plotters::style::{RGBColor, full_palette as color};
use train::{Line, Run, Settings, train};

/// The bound of the norm of all gradients.
const C: f64 = 0.5;

const KINDS: [Kind; 3] = [
    Kind { name: "with", label: "clipped at 0.5, rate 2", color: color::BLUE_700, c: C, rate: 2.0 },
    Kind {
        name: "without",
        label: "not clipped, rate 2",
        color: color::RED_700,
        c: f64::INFINITY,
        rate: 2.0,
    },
    Kind {
        name: "without-slow",
        label: "not clipped, rate 0.2",
        color: color::GREY,
        c: f64::INFINITY,
        rate: 0.2,
    },
];

type Runs = [Vec<Run>; KINDS.len()];

fn main() -> Result<()> {
    let args = Args::parse();
    let (context, data) = (args.context()?, Digits::load()?);
    let (start, epochs) = (Instant::now(), args.epochs.unwrap_or(15));
    std::fs::create_dir_all(&args.out)?;
    println!("on {}; {epochs} epochs", context.describe());

    let mut runs = Runs::default();
    for seed in 0..args.seeds {
        for (kind, runs) in KINDS.iter().zip(&mut runs) {
            let check = args.check && kind.c.is_finite();
            let settings = Settings { c: kind.c, rate: kind.rate, seed, epochs, check };
            let run = train(&context, &data, &settings)?;
            let (percent, steps) = (100.0 * run.accuracy, run.lines.len());
            println!("seed {seed}, {}: {percent:.1}% after {steps} steps", kind.label);
            let file = format!("rnn_clip-{}-{seed}.csv", kind.name);
            write_csv(&args.out.join(file), &run.lines)?;
            runs.push(run);
        }
    }
    let curves = args.out.join("rnn_clip.svg");
    draw_curves(&curves, &runs)?;
    summarize(args.check, &runs);
    println!("curves: {}; {:.0?} in all", curves.display(), start.elapsed());
    Ok(())
}

fn draw_curves(path: &Path, runs: &Runs) -> Result<()> {
    let curve = |kind: usize, label, color: RGBColor, of: fn(&Line) -> f64| {
        let line = |run: &Run| run.lines.iter().map(of).collect();
        Curve { label, color, lines: runs[kind].iter().map(line).collect() }
    };
    let each = |of| {
        let all = KINDS.iter().enumerate();
        all.map(|(i, kind)| curve(i, kind.label, kind.color, of)).collect::<Vec<_>>()
    };
    let after = curve(0, "after the clip", color::LIGHTBLUE_300, |line| line.norm_after);
    let before = curve(0, "before the clip", color::BLUE_700, |line| line.norm_before);
    let panel = |title, curves, bound| Panel { title, curves, bound, until: usize::MAX, top: 1e6 };
    draw(
        path,
        &[
            panel("training loss", each(|line| line.loss), None),
            panel("norm of the gradients", each(|line| line.norm_before), Some(C)),
            panel("norm of the gradients, clipped at 0.5, rate 2", vec![before, after], Some(C)),
            panel("largest norm of a unit", each(|line| line.largest_unit_norm), None),
        ],
    )
}

fn summarize(check: bool, runs: &Runs) {
    let finite = |run: &Run| run.lines.last().is_some_and(|line| line.loss.is_finite());
    let rows = KINDS.iter().zip(runs).map(|(kind, runs)| table::Row {
        label: kind.label,
        accuracies: runs.iter().map(|run| run.accuracy).collect(),
        diverged: runs.iter().filter(|run| !finite(run)).count(),
    });
    table::print(&rows.collect::<Vec<_>>());
    if check {
        let oracles = || runs[0].iter().map(|run| &run.oracle);
        let steps: usize = oracles().map(|oracle| oracle.steps).sum();
        let above: usize = oracles().map(|oracle| oracle.above).sum();
        let difference = oracles().map(|oracle| oracle.difference).fold(0.0, f64::max);
        println!("oracle: {steps} steps compared with the bound, {above} above");
        println!("reported norms differ from exact ones by at most {difference:.1e} of themselves");
    }
}
