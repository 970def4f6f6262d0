//! Clipping by global norm (Pascanu et al. 2013, arXiv 1211.5063): a recurrent network whose gradients
//! explode learns nothing without it, and trains with it at the same learning rate. (At a tenth of that
//! rate this small problem needs no clip.)
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

use std::time::Instant;

use clap::Parser;
use common::Result;
use common::arena::largest;
use common::args::Args;
use common::digits::Digits;
use common::plot::{Panel, draw};
use common::runs::{Kind, Line, Runs};
use plotters::style::full_palette as color;

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

fn main() -> Result<()> {
    let args = Args::parse();
    let (context, data) = (args.context()?, Digits::load()?);
    println!("on {}", context.describe());
    let start = Instant::now();
    let train = |settings: &_| train::train(&context, &data, settings);
    let runs = Runs::new("rnn_clip", &KINDS, &args, 15, train)?;

    let svg = args.out.join("rnn_clip.svg");
    let (before, after) = (|line: &Line| line.norm_before, |line: &Line| line.norm_after);
    let both = vec![
        runs.curve(0, "before the clip", color::BLUE_700, before),
        runs.curve(0, "after the clip", color::LIGHTBLUE_300, after),
    ];
    let units = runs.curves(|line| line.largest_unit_norm);
    let panel = |title, curves, bound| Panel { title, curves, bound, until: usize::MAX, top: 1e6 };
    draw(
        &svg,
        &[
            panel("training loss", runs.curves(|line| line.loss), None),
            panel("norm of the gradients", runs.curves(before), Some(C)),
            panel("norm of the gradients, clipped at 0.5, rate 2", both, Some(C)),
            panel("largest norm of a unit", units, None),
        ],
    )?;
    runs.print();
    if args.check {
        let oracles = || runs.of[0].iter().map(|run| &run.oracle);
        let steps: usize = oracles().map(|oracle| oracle.steps).sum();
        let above: usize = oracles().map(|oracle| oracle.above).sum();
        let difference = largest(oracles().map(|oracle| oracle.difference));
        println!("oracle: {steps} clips compared with the bound, {above} above");
        println!("reported norms differ from exact ones by at most {difference:.1e} of themselves");
    }
    println!("curves: {}; {:.0?} in all", svg.display(), start.elapsed());
    Ok(())
}
