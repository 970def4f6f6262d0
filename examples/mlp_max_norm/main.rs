//! Dropout and max-norm on images of digits, as in Hinton et al. 2012 (arXiv 1207.0580): with the
//! bound a network trains at a learning rate that destroys it without.
//!
//! `cargo run --release --example mlp_max_norm` trains five seeds, prints their test accuracies, and
//! writes one CSV line a step and the curves.
//!
//! Hinton bounds the *squared* length of a unit's incoming weights, at 15 for 784 pixels; that is
//! `c = √15 = 3.87` here. These images have 64 pixels, and `c = 2` (a squared length of 4) gives
//! the better network; 3.87 trains too, three points of accuracy behind. Learning rate (10,
//! falling), momentum (rising) and dropout (half of the hidden units, a fifth of the pixels) are
//! Hinton's. The bias counts as one of a unit's weights, and the output units are bounded as the
//! hidden ones are.
//!
//! Without a bound, a tenth of the learning rate serves this small problem as well: what the bound
//! gives is that the rate matters less.

#[path = "../common/mod.rs"]
mod common;
mod network;
mod oracle;
mod stepper;
#[cfg(test)]
mod tests;
mod train;

use std::time::Instant;

use clap::Parser;
use common::Result;
use common::args::Args;
use common::digits::Digits;
use common::plot::{Panel, draw};
use common::runs::{Kind, Line, Runs};
use plotters::style::full_palette as color;

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

fn main() -> Result<()> {
    let args = Args::parse();
    let (context, data) = (args.context()?, Digits::load()?);
    println!("on {}", context.describe());
    let start = Instant::now();
    let train = |settings: &_| train::train(&context, &data, settings);
    let runs = Runs::new("mlp_max_norm", &KINDS, &args, 40, train)?;

    let svg = args.out.join("mlp_max_norm.svg");
    let loss = || runs.curves(|line| line.loss);
    let before = |line: &Line| line.norm_before;
    let mut norms = runs.curves(|line| line.norm_after);
    norms.push(runs.curve(0, "max-norm 2, before", color::LIGHTBLUE_300, before));
    let panel = |title, curves, bound, until, top| Panel { title, curves, bound, until, top };
    draw(
        &svg,
        &[
            panel("training loss", loss(), None, usize::MAX, 20.0),
            panel("training loss, the first 40 steps", loss(), None, 40, 1e6),
            panel("largest norm of a unit", norms, Some(C), usize::MAX, 100.0),
        ],
    )?;
    runs.print();
    if args.check {
        let oracles = || runs.of[0].iter().map(|run| &run.oracle);
        let compared: usize = oracles().map(|oracle| oracle.compared).sum();
        let above: usize = oracles().map(|oracle| oracle.above).sum();
        println!("oracle: {compared} norms of units compared with the bound, {above} above");
    }
    println!("curves: {}; {:.0?} in all", svg.display(), start.elapsed());
    Ok(())
}
