//! An optimizer whose steps end inside a set.

use crate::buffer::{DeviceBuffer, Storage};
use crate::cpu::step::{self, Beside};
use crate::error::{Error, Result};
use crate::pending::PendingReport;
use crate::plan::Plan;
use crate::plan::request::Request;
use crate::projection::Projection;
use crate::update::{Count, Memory, Update};

/// Weights, an update and a set: projected gradient descent, `w ← P_C(update(w, g))`, in one go.
///
/// Weights, gradients and what the update remembers (`m` elements of each, in the dtype of the weights) are moved once: of
/// f32, where slices stay in a cache, 12 bytes an element for gradient descent, 20 with a momentum and 28 for Adam,
/// whatever violates the constraint. A step and a projection apart move 8 bytes more where every slice violates, 4 where
/// none does. The norm is that of the updated weights as they are stored.
///
/// ```
/// use normproj::{Context, Optimizer, Projection, Update};
/// let context = Context::cpu();
/// let weights = context.upload(&[3.0, 4.0, 0.1, 0.1], [2, 2])?;
/// let gradient = context.upload(&[0.0, 0.0, 1.0, -1.0], [2, 2])?;
/// let mut optimizer = Optimizer::new(Update::sgd(0.1), Projection::max_norm(1.0, 1), &weights)?;
/// optimizer.step(&gradient)?;
/// assert_eq!(weights.read()?, [0.6, 0.8, 0.0, 0.2]);
/// # Ok::<(), normproj::Error>(())
/// ```
///
/// Where a gradient is NaN or infinite so are the weights, and [`Projection::on_non_finite`] says what becomes of their
/// slice.
#[derive(Debug)]
pub struct Optimizer {
    update: Update,
    projection: Projection,
    weights: DeviceBuffer,
    first: Option<DeviceBuffer>,
    second: Option<DeviceBuffer>,
    count: Count,
    /// That of the last gradient.
    plan: Option<Plan>,
}

impl Optimizer {
    /// An optimizer of weights, with nothing remembered.
    ///
    /// # Errors
    /// As [`Context::project`](crate::Context::project); [`Error::Update`]; [`Error::Unsupported`] on a GPU.
    pub fn new(update: Update, projection: Projection, weights: &DeviceBuffer) -> Result<Self> {
        update.check()?;
        let context = weights.context();
        if context.as_gpu().is_some() {
            let what = "steps of an optimizer".to_string();
            return Err(Error::Unsupported { device: context.profile().name.clone(), what });
        }
        let request = Request::in_place(projection, *weights.layout()).of(weights.dtype());
        let layout = request.remembered()?;
        let remembered = || {
            let memory = context.zeros_as([layout.end()], weights.dtype())?;
            memory.view(layout)
        };
        let memory = update.memory();
        let first = (memory >= Memory::First).then(remembered).transpose()?;
        let second = (memory >= Memory::Both).then(remembered).transpose()?;
        let (weights, count) = (weights.clone(), Count::default());
        Ok(Optimizer { update, projection, weights, first, second, count, plan: None })
    }

    /// One step along a gradient, of the dtype, the shape and the strides of the weights.
    ///
    /// # Errors
    /// [`Error::Shape`], [`Error::Dtype`], [`Error::PlanMismatch`] for another gradient; [`Error::OtherContext`];
    /// [`Error::Overlap`] if it shares elements with the weights.
    pub fn step(&mut self, gradient: &DeviceBuffer) -> Result<()> {
        self.carry_out(gradient, false).map(drop)
    }

    /// [`Optimizer::step`] with a report of the projection, that can be waited for any time later.
    ///
    /// # Errors
    /// As [`Optimizer::step`].
    pub fn step_reported(&mut self, gradient: &DeviceBuffer) -> Result<PendingReport> {
        self.carry_out(gradient, true)
    }

    fn carry_out(&mut self, gradient: &DeviceBuffer, report: bool) -> Result<PendingReport> {
        let context = self.weights.context();
        if !context.is(gradient.context()) {
            return Err(self.other(gradient));
        }
        let request = self.request(gradient, report);
        let plan = match self.plan.take() {
            Some(plan) if *plan.request() == request => plan,
            _ => context.plan(&request)?,
        };
        plan.check_gradient(gradient, &self.weights)?;
        let count = self.count.next(&self.update);
        let coefficients = self.update.coefficients(&count);
        let beside = |buffer: &DeviceBuffer| match buffer.storage() {
            Storage::Host(memory) => {
                Ok(Beside { memory: memory.clone(), offset: buffer.layout().offset() })
            }
            Storage::Device(_) => Err(self.other(buffer)),
        };
        let Storage::Host(weights) = self.weights.storage() else {
            return Err(self.other(&self.weights));
        };
        let operands = step::Operands {
            gradient: beside(gradient)?,
            first: self.first.as_ref().map(beside).transpose()?,
            second: self.second.as_ref().map(beside).transpose()?,
        };
        let tally = step::run(&plan, weights, &operands, &coefficients, &[])?;
        let report = report.then(|| tally.report(&plan.rule()));
        (self.count, self.plan) = (count, Some(plan));
        Ok(PendingReport::ready(report))
    }

    /// What is done in a step along a gradient: `context.plan(&request)` tells what it costs.
    pub fn request(&self, gradient: &DeviceBuffer, report: bool) -> Request {
        let request = Request::in_place(self.projection, *self.weights.layout());
        let request = Request { report, ..request.of(self.weights.dtype()) };
        request.after(self.update, *gradient.layout())
    }

    /// Takes steps at another learning rate from now on.
    ///
    /// # Errors
    /// [`Error::Update`] if it is not finite.
    pub fn set_rate(&mut self, rate: f64) -> Result<()> {
        let update = self.update.at_rate(rate);
        update.check()?;
        self.update = update;
        Ok(())
    }

    /// The weights.
    pub fn weights(&self) -> &DeviceBuffer {
        &self.weights
    }

    /// The momentum, or the first moment.
    pub fn first(&self) -> Option<&DeviceBuffer> {
        self.first.as_ref()
    }

    /// The second moment.
    pub fn second(&self) -> Option<&DeviceBuffer> {
        self.second.as_ref()
    }

    /// The number of steps.
    pub fn steps(&self) -> u64 {
        self.count.steps
    }

    fn other(&self, buffer: &DeviceBuffer) -> Error {
        Error::OtherContext {
            expected: self.weights.context().describe().to_string(),
            found: buffer.context().describe().to_string(),
        }
    }
}
