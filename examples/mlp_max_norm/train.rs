//! The training loop.

use normproj::{Context, DeviceBuffer, PendingReport, Projection};
use rand::{SeedableRng, rngs::StdRng};
use serde::Serialize;

use crate::common::Result;
use crate::common::arena::{Arena, largest, length};
use crate::common::digits::Digits;
use crate::common::momentum::Momentum;
use crate::network::{self, Masks, SPECS};
use crate::oracle::Oracle;

const BATCH: usize = 32;

/// How to train.
pub struct Settings {
    /// The bound of each unit's norm; infinity trains without one.
    pub c: f64,
    /// The initial learning rate.
    pub rate: f64,
    pub seed: u64,
    pub epochs: usize,
    pub check: bool,
}

/// A step, as a CSV line.
#[derive(Debug, Serialize)]
pub struct Line {
    pub step: usize,
    pub loss: f64,
    /// The largest norm of a unit after the update, before the constraint.
    pub norm_before: f64,
    /// The smallest factor that a unit was scaled by.
    pub scale: f64,
    pub clipped: bool,
    /// The largest norm of a unit after the constraint.
    pub largest_unit_norm: f64,
}

/// What came of it.
pub struct Run {
    pub lines: Vec<Line>,
    pub accuracy: f64,
    pub oracle: Oracle,
}

/// The schedule of Hinton et al. 2012 in fewer epochs: the learning rate falls exponentially, and
/// momentum rises from a half over the first part of the training.
fn schedule(settings: &Settings, epoch: usize) -> (f64, f64) {
    let done = epoch as f64 / settings.epochs as f64;
    (settings.rate * 0.02f64.powf(done), 0.5 + 0.45 * (2.0 * done).min(1.0))
}

/// What the device has been asked for and the host has not looked at.
struct Pending {
    loss: f64,
    reports: Vec<PendingReport>,
    norms: DeviceBuffer,
}

pub fn train(context: &Context, data: &Digits, settings: &Settings) -> Result<Run> {
    let mut rng = StdRng::seed_from_u64(settings.seed);
    let (training, test) = data.split(&mut rng);
    let arena = Arena::new(context, &SPECS)?;
    arena.write(&network::initial(&mut rng))?;
    let mut momentum = Momentum::new(length(&SPECS));
    // Axis 0 of `[in, out]` runs over the incoming weights of a unit.
    let constraint = Projection::max_norm(settings.c, 0);
    let mut oracle = Oracle::new(&arena, settings.c)?;
    let (mut pending, mut lines) = (Vec::new(), Vec::new());

    'training: for epoch in 0..settings.epochs {
        let (rate, keep) = schedule(settings, epoch);
        for batch in training.batches(BATCH, &mut rng) {
            // The only wait: this example computes on the host. A training engine would leave the
            // weights where they are.
            let mut weights = arena.read()?;
            let masks = Masks::sample(BATCH, &mut rng);
            let (loss, gradient) = network::gradient(&weights, &batch, &masks);
            momentum.step(&mut weights, &gradient, rate, keep);
            arena.write(&weights)?;

            // Queued, all of it.
            let report = |kernel| context.project_reported(&constraint, kernel);
            let reports = arena.kernels().map(report).collect::<normproj::Result<_>>()?;
            pending.push(Pending { loss, reports, norms: arena.unit_norms()? });

            if settings.check {
                oracle.check(&arena)?;
            }
            if !loss.is_finite() {
                break 'training;
            }
        }
        // These came in while the next steps were computed.
        collect(&mut pending, &mut lines)?;
    }
    collect(&mut pending, &mut lines)?;
    let accuracy = network::accuracy(&arena.read()?, &test);
    Ok(Run { lines, accuracy, oracle })
}

fn collect(pending: &mut Vec<Pending>, lines: &mut Vec<Line>) -> Result<()> {
    for Pending { loss, reports, norms } in pending.drain(..) {
        let mut line = Line {
            step: lines.len(),
            loss,
            norm_before: 0.0,
            scale: 1.0,
            clipped: false,
            largest_unit_norm: largest(norms.read()?.into_iter().map(f64::from)),
        };
        for report in reports {
            let report = report.wait()?;
            // The report counts what is not finite, and takes the largest of the others.
            let norm = if report.non_finite > 0 { f64::NAN } else { report.largest_norm };
            line.norm_before = largest([line.norm_before, norm]);
            line.scale = line.scale.min(report.smallest_factor);
            line.clipped |= report.changed > 0;
        }
        lines.push(line);
    }
    Ok(())
}
