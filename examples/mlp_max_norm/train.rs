//! The training loop.

use normproj::{Context, DeviceBuffer};
use rand::{SeedableRng, rngs::StdRng};

use crate::common::Result;
use crate::common::arena::{Arena, largest};
use crate::common::digits::Digits;
use crate::common::runs::{Line, Run, Settings};
use crate::network::{self, Masks, SPECS};
use crate::oracle::Oracle;
use crate::stepper::{self, Stepper};

const BATCH: usize = 32;

/// The schedule of Hinton et al. 2012 in fewer epochs: the learning rate falls exponentially, and
/// momentum rises from a half over the first part of the training.
fn schedule(settings: &Settings, epoch: usize) -> (f64, f64) {
    let done = epoch as f64 / settings.epochs as f64;
    (settings.rate * 0.02f64.powf(done), 0.5 + 0.45 * (2.0 * done).min(1.0))
}

/// What the device has been asked for and the host has not looked at.
struct Pending {
    loss: f64,
    report: stepper::Pending,
    norms: DeviceBuffer,
}

pub fn train(context: &Context, data: &Digits, settings: &Settings) -> Result<Run<Oracle>> {
    let mut rng = StdRng::seed_from_u64(settings.seed);
    let (training, test) = data.split(&mut rng);
    let arena = Arena::new(context, &SPECS)?;
    arena.write(&network::initial(&mut rng))?;
    let mut stepper = Stepper::new(context, &arena, settings.c, settings.fused)?;
    let mut oracle = Oracle::new(&arena, settings.c)?;
    let (mut pending, mut lines) = (Vec::new(), Vec::new());

    'training: for epoch in 0..settings.epochs {
        let rates = schedule(settings, epoch);
        for batch in training.batches(BATCH, &mut rng) {
            // The only wait: this example computes on the host. A training engine would leave the
            // weights where they are.
            let weights = arena.read()?;
            let masks = Masks::sample(BATCH, &mut rng);
            let (loss, gradient) = network::gradient(&weights, &batch, &masks);
            // Queued, both.
            let report = stepper.step(&arena, weights, &gradient, rates)?;
            pending.push(Pending { loss, report, norms: arena.unit_norms()? });

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
    for Pending { loss, report, norms } in pending.drain(..) {
        let norm_after = largest(norms.read()?.into_iter().map(f64::from));
        let mut line = Line {
            step: lines.len(),
            loss,
            norm_before: 0.0,
            norm_after,
            scale: 1.0,
            clipped: false,
            largest_unit_norm: norm_after,
        };
        for report in report.wait()? {
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
