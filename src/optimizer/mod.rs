//! An optimizer whose steps end inside a set.

mod copy;
mod hyperball;
mod inputs;

use crate::buffer::{DeviceBuffer, MemoryKey, Storage};
use crate::cpu::step::{self, Beside};
use crate::error::{Error, Result};
use crate::gpu::{Advance, Bound, Gpu, Prepared};
use crate::operands::{Operands, Updating};
use crate::pending::PendingReport;
use crate::plan::Plan;
use crate::plan::request::Request;
use crate::plan::schedule::Schedule;
use crate::projection::Projection;
use crate::update::{Count, Memory, Update};
pub use hyperball::Hyperball;
use inputs::Inputs;

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
/// let projected = weights.read()?;
/// assert!((projected[0] - 0.6).abs() < 1e-6 && (projected[1] - 0.8).abs() < 1e-6);
/// assert_eq!(projected[2..], [0.0, 0.2]); // the second row is inside
/// # Ok::<(), normproj::Error>(())
/// ```
///
/// Where a gradient is NaN or infinite so are the weights, and [`Projection::on_non_finite`] says what becomes of their
/// slice.
#[derive(Debug)]
pub struct Optimizer {
    update: Update,
    /// The first one, which plans are made for: what its numbers are does not matter to them.
    planned: Update,
    projection: Projection,
    weights: DeviceBuffer,
    first: Option<DeviceBuffer>,
    second: Option<DeviceBuffer>,
    copy: Option<DeviceBuffer>,
    /// On the CPU backend; a GPU has its own.
    count: Count,
    inputs: Inputs,
    /// That of the last gradient.
    plan: Option<Plan>,
    device: Option<Device>,
}

/// What a GPU has of an optimizer.
#[derive(Debug)]
struct Device {
    advance: Advance,
    /// The last gradient and what was done with it, bound.
    bound: Option<((MemoryKey, Request, Schedule), Bound)>,
}

impl Optimizer {
    /// An optimizer of weights, with nothing remembered.
    ///
    /// # Errors
    /// As [`Context::project`](crate::Context::project); [`Error::Update`].
    pub fn new(update: Update, projection: Projection, weights: &DeviceBuffer) -> Result<Self> {
        update.check()?;
        let context = weights.context();
        let request = Request::in_place(projection, *weights.layout()).of(weights.dtype());
        let layout = request.remembered()?;
        let remembered = || {
            let memory = context.zeros_as([layout.end()], weights.dtype())?;
            memory.view(layout)
        };
        let memory = update.memory();
        let first = (memory >= Memory::First).then(remembered).transpose()?;
        let second = (memory >= Memory::Both).then(remembered).transpose()?;
        let inputs = Inputs::default();
        let device = device(weights, &update, &inputs)?;
        let (weights, count) = (weights.clone(), Count::default());
        Ok(Optimizer {
            update,
            planned: update,
            projection,
            weights,
            first,
            second,
            copy: None,
            count,
            inputs,
            plan: None,
            device,
        })
    }

    /// One step along a gradient, of the dtype, the shape and the strides of the weights.
    ///
    /// # Errors
    /// [`Error::Shape`], [`Error::Dtype`], [`Error::PlanMismatch`] for another gradient; [`Error::OtherContext`];
    /// [`Error::Overlap`] if it shares elements with the weights, and [`Error::Unsupported`] if it shares their buffer on a
    /// GPU, or that of a copy ([`Optimizer::copy_to`]).
    pub fn step(&mut self, gradient: &DeviceBuffer) -> Result<()> {
        let plan = self.plan(gradient, false)?;
        self.step_by(plan, gradient).map(drop)
    }

    /// [`Optimizer::step`] with a report of the projection, that can be waited for any time later.
    ///
    /// # Errors
    /// As [`Optimizer::step`].
    pub fn step_reported(&mut self, gradient: &DeviceBuffer) -> Result<PendingReport> {
        let plan = self.plan(gradient, true)?;
        self.step_by(plan, gradient)
    }

    /// The plan of a step along a gradient; that of the last step, if it is the same.
    fn plan(&self, gradient: &DeviceBuffer, report: bool) -> Result<Plan> {
        let request = self.request(gradient, report);
        match &self.plan {
            Some(plan) if *plan.request() == request => Ok(plan.clone()),
            _ => self.weights.context().plan(&request),
        }
    }

    /// One step by a plan of [`Optimizer::request`], with a schedule of the caller's choice
    /// ([`Plan::with_schedule`]).
    ///
    /// # Errors
    /// As [`Optimizer::step`]; [`Error::PlanMismatch`] for a plan of another request or device.
    pub fn step_by(&mut self, plan: Plan, gradient: &DeviceBuffer) -> Result<PendingReport> {
        self.check(&plan, gradient)?;
        let pending = match &self.device {
            None => self.run(&plan, gradient)?,
            Some(_) => self.submit(&plan, gradient)?,
        };
        self.plan = Some(plan);
        Ok(pending)
    }

    /// On the CPU backend.
    fn run(&mut self, plan: &Plan, gradient: &DeviceBuffer) -> Result<PendingReport> {
        let memory = |buffer: &DeviceBuffer| match buffer.storage() {
            Storage::Host(memory) => Ok(memory.clone()),
            Storage::Device(_) => Err(self.other(buffer)),
        };
        let beside = |buffer: &DeviceBuffer| {
            Ok(Beside { memory: memory(buffer)?, offset: buffer.layout().offset() })
        };
        let operands = step::Operands {
            gradient: beside(gradient)?,
            first: self.first.as_ref().map(beside).transpose()?,
            second: self.second.as_ref().map(beside).transpose()?,
            copy: self.copy.as_ref().map(beside).transpose()?,
        };
        let weights = memory(&self.weights)?;
        let tally = match self.inputs.read(&self.update) {
            None => step::skip(plan, &weights)?,
            Some(update) => {
                let count = self.count.next(&update);
                let tally = step::run(plan, &weights, &operands, &update.coefficients(&count))?;
                self.count = count;
                tally
            }
        };
        let report = plan.request().report.then(|| tally.report(&plan.rule()));
        Ok(PendingReport::ready(report))
    }

    /// On a GPU: queued, and not waited for.
    fn submit(&mut self, plan: &Plan, gradient: &DeviceBuffer) -> Result<PendingReport> {
        let Some(gpu) = self.weights.context().as_gpu().cloned() else {
            return Err(self.other(gradient));
        };
        let key = (gradient.memory_key(), *plan.request(), plan.schedule());
        let last = self.device.as_mut().and_then(|device| device.bound.take());
        let bound = match last {
            Some((bound_to, bound)) if bound_to == key => bound,
            // The programs are compiled, but for the first time.
            _ => self.bind(&gpu.prepare(plan)?, gradient)?,
        };
        let pending = gpu.submit(&bound)?;
        if let Some(device) = &mut self.device {
            device.bound = Some((key, bound));
        }
        Ok(pending)
    }

    /// Binds a prepared plan of [`Optimizer::request`] to the weights and a gradient, to be recorded into passes of your
    /// own: each time one step, with the numbers that are on the device then.
    ///
    /// ```
    /// use normproj::{Context, Optimizer, Projection, Update};
    /// let context = Context::new()?;
    /// let (weights, gradient) = (context.zeros([64, 32])?, context.zeros([64, 32])?);
    /// let optimizer = Optimizer::new(Update::adam(1e-3), Projection::max_norm(1.0, 0), &weights)?;
    /// if let Some(gpu) = context.as_gpu() {
    ///     let plan = context.plan(&optimizer.request(&gradient, false))?;
    ///     let bound = optimizer.bind(&gpu.prepare(&plan)?, &gradient)?;
    ///     // In every step: `bound.record(&mut pass)`.
    /// #   drop(bound);
    /// }
    /// # Ok::<(), normproj::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Optimizer::step_by`].
    pub fn bind(&self, prepared: &Prepared, gradient: &DeviceBuffer) -> Result<Bound> {
        self.check(prepared.plan(), gradient)?;
        let Some(Device { advance, .. }) = &self.device else { return Err(self.other(gradient)) };
        let [first, second, copy] = [&self.first, &self.second, &self.copy].map(Option::as_ref);
        let update = Some(Updating { gradient, first, second, copy, advance });
        let operands = Operands { update, ..Operands::default() };
        prepared.bind_operands(&self.weights, &self.weights, operands)
    }

    /// Refuses a plan or a gradient of something else.
    fn check(&self, plan: &Plan, gradient: &DeviceBuffer) -> Result<()> {
        let context = self.weights.context();
        if !context.is(gradient.context()) {
            return Err(self.other(gradient));
        }
        let request = self.request(gradient, plan.request().report);
        if *plan.request() != request || plan.profile() != context.profile() {
            let reason = format!("planned {:?}, not {request:?}", plan.request());
            return Err(Error::PlanMismatch { reason });
        }
        plan.check_gradient(gradient, &self.weights)?;
        if let Some(copy) = &self.copy {
            self.apart(gradient, copy, "a gradient and the copy of its weights in one buffer")?;
        }
        if self.device.is_some() {
            self.apart(gradient, &self.weights, "weights and their gradient in one buffer")?;
        }
        Ok(())
    }

    /// What is done in a step along a gradient: `context.plan(&request)` tells what it costs.
    pub fn request(&self, gradient: &DeviceBuffer, report: bool) -> Request {
        let request = Request::in_place(self.projection, *self.weights.layout());
        let request = Request { report, ..request.of(self.weights.dtype()) };
        let request = request.after(self.planned, *gradient.layout());
        let copy = self.copy.as_ref().map(|copy| (*copy.layout(), copy.dtype()));
        Request { copy, ..request }
    }

    /// Takes steps at another learning rate from now on.
    ///
    /// # Errors
    /// [`Error::Update`] if it is not finite.
    pub fn set_rate(&mut self, rate: f64) -> Result<()> {
        self.set_update(self.update.at_rate(rate))
    }

    /// Goes on with other numbers of the same method, as a momentum that rises; what is remembered stays.
    ///
    /// # Errors
    /// [`Error::Update`]; [`Error::PlanMismatch`] for a method that remembers something else.
    pub fn set_update(&mut self, update: Update) -> Result<()> {
        update.check()?;
        if update.memory() != self.update.memory() {
            let reason = format!("{update} does not remember what {} does", self.update);
            return Err(Error::PlanMismatch { reason });
        }
        if let (Some(gpu), Some(device)) = (self.weights.context().as_gpu(), &self.device) {
            device.advance.set(gpu, &update.settings(self.inputs.divides), update.rate());
        }
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

    /// The number of steps that were not skipped. On a GPU it waits for them.
    ///
    /// # Errors
    /// [`Error::DeviceLost`].
    pub fn steps(&self) -> Result<u64> {
        match (self.weights.context().as_gpu(), &self.device) {
            (Some(gpu), Some(device)) => device.advance.steps(gpu),
            _ => Ok(self.count.steps),
        }
    }

    fn other(&self, buffer: &DeviceBuffer) -> Error {
        Error::OtherContext {
            expected: self.weights.context().describe().to_string(),
            found: buffer.context().describe().to_string(),
        }
    }
}

/// What a GPU has of an optimizer at its first step.
fn device(weights: &DeviceBuffer, update: &Update, inputs: &Inputs) -> Result<Option<Device>> {
    let precision = weights.dtype().precision();
    let device = |gpu: &Gpu| {
        let settings = update.settings(inputs.divides);
        let (rate, inputs) = (update.rate(), inputs.each());
        let advance = Advance::new(gpu, &settings, rate, precision, inputs)?;
        Ok(Device { advance, bound: None })
    };
    weights.context().as_gpu().map(device).transpose()
}
