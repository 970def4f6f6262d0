//! Steps on a sphere, of a length that the gradient does not change.

use super::Optimizer;
use crate::axes::Axes;
use crate::buffer::DeviceBuffer;
use crate::error::Result;
use crate::norm::Norm;
use crate::projection::Projection;
use crate::update::Update;

/// The hyperball step: weights of a fixed Frobenius norm R follow the direction of their gradient alone,
/// `w ← R·v/‖v‖` with `v = w − η·R·g/‖g‖`, so that η is an angle whatever the scale of weights and gradients.
///
/// The norm of the gradient stays on the device: one reading of it, and then the step and its projection. Where the
/// gradient is zero nothing moves; one that is not finite is left to [`Optimizer`].
///
/// ```
/// use normproj::{Context, Hyperball};
/// let context = Context::cpu();
/// let weights = context.upload(&[1.0, 0.0], [2])?;
/// let gradient = context.upload(&[0.0, -1e6], [2])?;
/// let mut hyperball = Hyperball::new(1.0, 1.0, &weights)?;
/// hyperball.step(&gradient)?;
/// let half = 0.5f32.sqrt();
/// assert!(weights.read()?.iter().all(|w| (w - half).abs() < 1e-6));
/// # Ok::<(), normproj::Error>(())
/// ```
#[derive(Debug)]
pub struct Hyperball {
    optimizer: Optimizer,
    norm: DeviceBuffer,
}

impl Hyperball {
    /// Of weights that are to have a norm, at a rate in parts of it.
    ///
    /// # Errors
    /// As [`Optimizer::new`].
    pub fn new(rate: f64, radius: f64, weights: &DeviceBuffer) -> Result<Self> {
        let update = Update::sgd(rate * radius);
        let sphere = Projection::sphere(Norm::L2, radius, Axes::all());
        let optimizer = Optimizer::new(update, sphere, weights)?;
        let dtype = optimizer.request(weights, false).radii_dtype();
        let norm = weights.context().zeros_as([1], dtype)?;
        Ok(Hyperball { optimizer: optimizer.divided_by(&norm)?, norm })
    }

    /// One step.
    ///
    /// # Errors
    /// As [`Optimizer::step`].
    pub fn step(&mut self, gradient: &DeviceBuffer) -> Result<()> {
        gradient.context().norms(Norm::L2, Axes::all(), gradient, &self.norm)?;
        self.optimizer.step(gradient)
    }
}
