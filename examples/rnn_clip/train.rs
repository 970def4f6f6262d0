//! The training loop.

use normproj::{Clip, Context, Decay, DeviceBuffer, Filter, Group, Norm, PendingGroupReport};
use rand::{SeedableRng, rngs::StdRng};

use crate::common::Result;
use crate::common::arena::{Arena, largest, length};
use crate::common::digits::Digits;
use crate::common::momentum::Momentum;
use crate::common::runs::{Line, Run, Settings};
use crate::network::{self, SPECS};
use crate::oracle::{Exact, Oracle};

const BATCH: usize = 32;
const MOMENTUM: f64 = 0.9;
/// λ of `λ/2·‖w‖²`.
const DECAY: f64 = 1e-4;

/// What the device has been asked for but the host has not looked at.
struct Pending {
    loss: f64,
    clip: PendingGroupReport,
    after: PendingGroupReport,
    units: DeviceBuffer,
    exact: Option<Exact>,
}

pub fn train(context: &Context, data: &Digits, settings: &Settings) -> Result<Run<Oracle>> {
    if settings.fused {
        return Err("a clip of gradients is not fused here: `--fused` is of mlp_max_norm".into());
    }
    let mut rng = StdRng::seed_from_u64(settings.seed);
    let (training, test) = data.split(&mut rng);
    let weights = Arena::new(context, &SPECS)?;
    let gradients = Arena::new(context, &SPECS)?;
    weights.write(&network::initial(&mut rng))?;
    let mut momentum = Momentum::new(length(&SPECS));

    // Once; the loop only runs them.
    let kernels = Filter::all().exclude("*bias");
    let decay = Decay::filtered(DECAY, &weights.model, &kernels)?;
    let clip = Group::with_decay(Clip::global_norm(settings.c), &gradients.model, &decay)?;
    let measure = Group::new(Clip::norms(Norm::L2), &gradients.model)?;

    let mut oracle = Oracle::new(settings.c, DECAY);
    let (mut pending, mut lines) = (Vec::new(), Vec::new());
    'training: for epoch in 0..settings.epochs {
        let rate = settings.rate * 0.05f64.powf(epoch as f64 / settings.epochs as f64);
        for batch in training.batches(BATCH, &mut rng) {
            // The only waits are the two reads: this example computes on the host. A training
            // engine would leave weights and gradients where they are.
            let mut host = weights.read()?;
            let units = weights.unit_norms()?;
            let (loss, gradient) = network::gradient(&host, &batch);
            gradients.write(&gradient)?;
            let (clip, after) = (clip.run()?, measure.run()?);
            let clipped = gradients.read()?;
            let exact = settings.check.then(|| oracle.norms(&host, &gradient, &clipped));
            pending.push(Pending { loss, clip, after, units, exact });
            momentum.step(&mut host, &clipped, rate, MOMENTUM);
            weights.write(&host)?;
            if !loss.is_finite() {
                break 'training;
            }
        }
        // Reports came in while the next steps were computed.
        collect(&mut pending, &mut lines, &mut oracle)?;
    }
    collect(&mut pending, &mut lines, &mut oracle)?;
    let accuracy = network::accuracy(&weights.read()?, &test);
    Ok(Run { lines, accuracy, oracle })
}

fn collect(pending: &mut Vec<Pending>, lines: &mut Vec<Line>, oracle: &mut Oracle) -> Result<()> {
    for Pending { loss, clip, after, units, exact } in pending.drain(..) {
        let report = clip.wait()?;
        let line = Line {
            step: lines.len(),
            loss,
            norm_before: report.total().norm,
            norm_after: after.wait()?.total().norm,
            scale: report.total().scale,
            clipped: report.clipped(),
            largest_unit_norm: largest(units.read()?.into_iter().map(f64::from)),
        };
        if let Some(exact) = exact {
            oracle.compare(&exact, line.norm_before, line.norm_after);
        }
        lines.push(line);
    }
    Ok(())
}
