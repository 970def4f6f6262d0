//! Dropout and max-norm on images of digits, as in Hinton et al. 2012 (arXiv 1207.0580): with the
//! bound a network trains at a learning rate that destroys it without.
//!
//! `cargo run --release --example mlp_max_norm` trains five seeds, prints their test accuracies, and
//! writes one CSV line a step and the curves.
//!
//! Hinton bounds the *squared* length of a unit's incoming weights, at 15 for 784 pixels; that is
//! `c = √15 = 3.87` here. These images have 64 pixels, and `c = 2` (a squared length of 4) gives the
//! better network; 3.87 trains too. Learning rate (10, falling), momentum (rising) and dropout (half
//! of the hidden units, a fifth of the pixels) are Hinton's. The bias counts as one of a unit's
//! weights, and the output units are bounded as the hidden ones are.

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

/// The bound of the norm of each unit's incoming weights.
const C: f64 = 2.0;

const KINDS: [Kind; 3] = [
    Kind { name: "with", label: "max-norm 2, rate 10", color: color::BLUE_700, c: C, rate: 10.0 },
    Kind {
        name: "without",
        label: "no bound, rate 10",
        color: color::RED_700,
        c: f64::INFINITY,
        rate: 10.0,
    },
    Kind {
        name: "without-slow",
        label: "no bound, rate 1",
        color: color::GREY,
        c: f64::INFINITY,
        rate: 1.0,
    },
];

type Runs = [Vec<Run>; KINDS.len()];

fn main() -> Result<()> {
    let args = Args::parse();
    let (context, data) = (args.context()?, Digits::load()?);
    let (start, epochs) = (Instant::now(), args.epochs.unwrap_or(40));
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
            let file = format!("mlp_max_norm-{}-{seed}.csv", kind.name);
            write_csv(&args.out.join(file), &run.lines)?;
            runs.push(run);
        }
    }
    let curves = args.out.join("mlp_max_norm.svg");
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
    let mut norms = each(|line| line.largest_unit_norm);
    norms.push(curve(0, "max-norm 2, before", color::LIGHTBLUE_300, |line| line.norm_before));
    let panel = |title, curves, bound, until, top| Panel { title, curves, bound, until, top };
    let loss = || each(|line| line.loss);
    draw(
        path,
        &[
            panel("training loss", loss(), None, usize::MAX, 20.0),
            panel("training loss, the first 40 steps", loss(), None, 40, 1e6),
            panel("largest norm of a unit", norms, Some(C), usize::MAX, 100.0),
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
        let compared: usize = oracles().map(|oracle| oracle.compared).sum();
        let above: usize = oracles().map(|oracle| oracle.above).sum();
        println!("oracle: {compared} norms of units compared with the bound, {above} above");
    }
}
