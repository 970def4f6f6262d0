//! The two ways to a bounded step: on the host and then a projection, or in one go on the device.

use normproj::{
    Context, ModelStep, Optimizer, PendingReport, PendingStepReport, Projection, Report, Rules,
    Update,
};

use crate::common::Result;
use crate::common::arena::{Arena, length};
use crate::common::momentum::Momentum;
use crate::network::SPECS;

/// How weights take a step.
pub enum Stepper {
    /// On the host, and bounded on the device.
    Apart { momentum: Momentum, constraint: ModelStep },
    /// Both on the device: the gradients go there, and the weights stay.
    Fused { gradients: Arena, optimizers: Vec<Optimizer> },
}

/// A report for each tensor, not looked at yet.
pub enum Pending {
    Apart(PendingStepReport),
    Fused(Vec<PendingReport>),
}

impl Stepper {
    /// Of weights whose units are bounded by c.
    pub fn new(context: &Context, weights: &Arena, c: f64, fused: bool) -> Result<Self> {
        // Axis 0 of `[in, out]` runs over the incoming weights of a unit.
        let projection = Projection::max_norm(c, 0);
        if !fused {
            let momentum = Momentum::new(length(&SPECS));
            // Once; the loop only runs it.
            let rules = Rules::new().rule("*", projection);
            let constraint = ModelStep::with_report(&rules, &weights.model)?;
            return Ok(Stepper::Apart { momentum, constraint });
        }
        let optimizer = |tensor| Optimizer::new(update(1.0, 0.5), projection, tensor);
        let optimizers: normproj::Result<_> = weights.kernels().map(optimizer).collect();
        Ok(Stepper::Fused { gradients: Arena::new(context, &SPECS)?, optimizers: optimizers? })
    }

    /// One step, queued; `host` are the weights as they were read.
    pub fn step(
        &mut self,
        weights: &Arena,
        mut host: Vec<f64>,
        gradient: &[f64],
        (rate, keep): (f64, f64),
    ) -> Result<Pending> {
        match self {
            Stepper::Apart { momentum, constraint } => {
                momentum.step(&mut host, gradient, rate, keep);
                weights.write(&host)?;
                Ok(Pending::Apart(constraint.run()?))
            }
            Stepper::Fused { gradients, optimizers } => {
                gradients.write(gradient)?;
                let each = optimizers.iter_mut().zip(gradients.kernels());
                let step = |(optimizer, gradient): (&mut Optimizer, _)| {
                    optimizer.set_update(update(rate, keep))?;
                    optimizer.step_reported(gradient)
                };
                let pending: normproj::Result<_> = each.map(step).collect();
                Ok(Pending::Fused(pending?))
            }
        }
    }
}

/// The momentum of [`Momentum`]: `v ← p·v − (1 − p)·ε·g`, `w ← w + v`.
fn update(rate: f64, keep: f64) -> Update {
    Update::momentum((1.0 - keep) * rate, keep).rate_in_momentum()
}

impl Pending {
    /// Waits for them.
    pub fn wait(self) -> normproj::Result<Vec<Report>> {
        match self {
            Pending::Apart(pending) => {
                Ok(pending.wait()?.tensors().map(|(_, report)| *report).collect())
            }
            Pending::Fused(pending) => pending.into_iter().map(PendingReport::wait).collect(),
        }
    }
}
