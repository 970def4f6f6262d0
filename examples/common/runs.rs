//! Runs with and without a bound, over seeds.

use plotters::style::RGBColor;
use serde::Serialize;

use super::args::Args;
use super::plot::Curve;
use super::{Result, table, write_csv};

/// The kinds of runs that are compared.
pub struct Kind {
    /// In names of files.
    pub name: &'static str,
    /// In tables and legends.
    pub label: &'static str,
    pub color: RGBColor,
    /// The bound; infinity bounds nothing, and reports all the same.
    pub c: f64,
    /// The initial learning rate.
    pub rate: f64,
}

/// How to train once.
pub struct Settings {
    pub c: f64,
    pub rate: f64,
    pub seed: u64,
    pub epochs: usize,
    pub check: bool,
    /// Whether weights are updated and bounded in one go, by an example that can.
    pub fused: bool,
}

/// A step, as a CSV line.
#[derive(Serialize)]
pub struct Line {
    pub step: usize,
    pub loss: f64,
    /// Of what is bounded: all gradients, or the largest of all units.
    pub norm_before: f64,
    pub norm_after: f64,
    /// What the largest was multiplied by.
    pub scale: f64,
    pub clipped: bool,
    /// The largest norm of a unit's incoming weights.
    pub largest_unit_norm: f64,
}

/// What came of a training, with an oracle's findings.
pub struct Run<O> {
    pub lines: Vec<Line>,
    /// The share of test images that are right.
    pub accuracy: f64,
    pub oracle: O,
}

impl<O> Run<O> {
    fn diverged(&self) -> bool {
        self.lines.last().is_some_and(|line| !line.loss.is_finite())
    }
}

/// The runs of each kind, one for each seed.
pub struct Runs<O> {
    kinds: &'static [Kind],
    pub of: Vec<Vec<Run<O>>>,
}

impl<O> Runs<O> {
    /// Trains every kind with every seed, and writes the steps of each run.
    pub fn new(
        example: &str,
        kinds: &'static [Kind],
        args: &Args,
        epochs: usize,
        train: impl Fn(&Settings) -> Result<Run<O>>,
    ) -> Result<Self> {
        let epochs = args.epochs.unwrap_or(epochs);
        std::fs::create_dir_all(&args.out)?;
        let mut of: Vec<Vec<Run<O>>> = kinds.iter().map(|_| Vec::new()).collect();
        for seed in 0..args.seeds {
            for (kind, runs) in kinds.iter().zip(&mut of) {
                // The oracle has nothing to say where there is no bound.
                let check = args.check && kind.c.is_finite();
                let (c, rate) = (kind.c, kind.rate);
                let run = train(&Settings { c, rate, seed, epochs, check, fused: args.fused })?;
                let (percent, steps) = (100.0 * run.accuracy, run.lines.len());
                println!("seed {seed}, {}: {percent:.1}% after {steps} steps", kind.label);
                let file = format!("{example}-{}-{seed}.csv", kind.name);
                write_csv(&args.out.join(file), &run.lines)?;
                runs.push(run);
            }
        }
        Ok(Runs { kinds, of })
    }

    /// One quantity of every kind.
    pub fn curves(&self, quantity: fn(&Line) -> f64) -> Vec<Curve<'_>> {
        let kinds = self.kinds.iter().enumerate();
        kinds.map(|(i, kind)| self.curve(i, kind.label, kind.color, quantity)).collect()
    }

    /// One quantity of one kind.
    pub fn curve<'a>(
        &self,
        kind: usize,
        label: &'a str,
        color: RGBColor,
        quantity: fn(&Line) -> f64,
    ) -> Curve<'a> {
        let line = |run: &Run<O>| run.lines.iter().map(quantity).collect();
        Curve { label, color, lines: self.of[kind].iter().map(line).collect() }
    }

    /// Prints the test accuracies.
    pub fn print(&self) {
        let rows = self.kinds.iter().zip(&self.of).map(|(kind, runs)| table::Row {
            label: kind.label,
            accuracies: runs.iter().map(|run| run.accuracy).collect(),
            diverged: runs.iter().filter(|run| run.diverged()).count(),
        });
        table::print(&rows.collect::<Vec<_>>());
    }
}
