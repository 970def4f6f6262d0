//! Where work runs: the entry point of the library.

mod along;
mod limits;
mod memory;
mod open;
mod radii;
mod rows;

use std::sync::Arc;

use crate::axes::Axes;
use crate::buffer::{DeviceBuffer, Storage};
use crate::cpu;
use crate::error::{Error, Result};
use crate::gpu::{Gpu, Prepared};
use crate::norm::Norm;
use crate::operands::Operands;
use crate::pending::PendingReport;
use crate::plan::Plan;
use crate::plan::profile::DeviceProfile;
use crate::plan::request::Request;
use crate::projection::Projection;

/// Where work runs: a GPU through wgpu, or the native CPU backend. A clone is another handle of
/// the same context.
///
/// ```
/// use normproj::Context;
/// let context = Context::new()?; // the best GPU; the native CPU backend if there is none
/// println!("{}", context.describe());
/// # Ok::<(), normproj::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Context {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    backend: Backend,
    profile: DeviceProfile,
    description: String,
}

#[derive(Debug)]
enum Backend {
    Native,
    Gpu(Gpu),
}

impl Context {
    /// What was picked, and why.
    pub fn describe(&self) -> &str {
        &self.inner.description
    }

    /// The numbers that plans are made from.
    pub fn profile(&self) -> &DeviceProfile {
        &self.inner.profile
    }

    /// The GPU side, where plans are prepared, bound and recorded; None on the CPU backend.
    pub fn as_gpu(&self) -> Option<&Gpu> {
        match &self.inner.backend {
            Backend::Gpu(gpu) => Some(gpu),
            Backend::Native => None,
        }
    }

    /// Whether two handles are of one context.
    pub fn is(&self, other: &Context) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }

    /// The plan of a request on this device.
    ///
    /// # Errors
    /// As [`Plan::new`].
    pub fn plan(&self, request: &Request) -> Result<Plan> {
        Plan::new(request, self.profile())
    }

    /// Projects in place. On a GPU the work is queued and the host does not wait.
    ///
    /// # Errors
    /// As [`Plan::new`]; [`Error::OtherContext`].
    pub fn project(&self, projection: &Projection, buffer: &DeviceBuffer) -> Result<()> {
        let request = Request::in_place(*projection, *buffer.layout()).of(buffer.dtype());
        self.carry_out(&request, buffer, buffer, Operands::default()).map(drop)
    }

    /// [`Context::project`] with a report that can be waited for, any time later.
    ///
    /// # Errors
    /// As [`Context::project`].
    pub fn project_reported(
        &self,
        projection: &Projection,
        buffer: &DeviceBuffer,
    ) -> Result<PendingReport> {
        let request = Request::in_place(*projection, *buffer.layout()).of(buffer.dtype());
        let request = request.with_report();
        self.carry_out(&request, buffer, buffer, Operands::default())
    }

    /// Projects `source` into `target`, of the same shape; the source keeps its bits.
    ///
    /// # Errors
    /// As [`Context::project`]; [`Error::Shape`], [`Error::Overlap`].
    pub fn project_into(
        &self,
        projection: &Projection,
        source: &DeviceBuffer,
        target: &DeviceBuffer,
    ) -> Result<()> {
        let request =
            Request::into(*projection, *source.layout(), *target.layout()).of(source.dtype());
        self.carry_out(&request, source, target, Operands::default()).map(drop)
    }

    /// Writes the norm of each slice into `norms`, a contiguous buffer of as many elements as
    /// there are slices, in row-major order of the kept axes: of f32, or of f64 for tensors of f64.
    /// The norm of a slice with a NaN is NaN; one beyond that dtype, or of a slice with an infinity, is
    /// infinite.
    ///
    /// # Errors
    /// As [`Context::project`]; [`Error::Length`] if `norms` has another length.
    pub fn norms(
        &self,
        norm: Norm,
        axes: impl Into<Axes>,
        source: &DeviceBuffer,
        norms: &DeviceBuffer,
    ) -> Result<()> {
        let request =
            Request::norms(norm, axes, *source.layout(), *norms.layout()).of(source.dtype());
        self.carry_out(&request, source, norms, Operands::default()).map(drop)
    }

    /// Carries out a request, with its plan and bindings from the last time if it is repeated.
    fn carry_out(
        &self,
        request: &Request,
        source: &DeviceBuffer,
        target: &DeviceBuffer,
        operands: Operands<'_>,
    ) -> Result<PendingReport> {
        self.check([source, target].into_iter().chain(operands.each()))?;
        let request = &operands.of(request);
        match (&self.inner.backend, source.storage(), target.storage()) {
            (Backend::Gpu(gpu), Storage::Device(memory), Storage::Device(_)) => {
                let prepare = || gpu.prepare(&self.plan(request)?);
                let bind = |prepared: &Prepared| prepared.bind_operands(source, target, operands);
                gpu.submit(&memory.bound(request, prepare, bind)?)
            }
            _ => self.run_operands(&self.plan(request)?, source, target, operands),
        }
    }

    /// Carries out a plan: `source` is read, `target` written (the same buffer in place).
    ///
    /// # Errors
    /// [`Error::PlanMismatch`] if the buffers are not those of the plan's request;
    /// [`Error::OtherContext`]; [`Error::Overlap`].
    pub fn run(
        &self,
        plan: &Plan,
        source: &DeviceBuffer,
        target: &DeviceBuffer,
    ) -> Result<PendingReport> {
        self.run_operands(plan, source, target, Operands::default())
    }

    fn run_operands(
        &self,
        plan: &Plan,
        source: &DeviceBuffer,
        target: &DeviceBuffer,
        operands: Operands<'_>,
    ) -> Result<PendingReport> {
        let Operands { radii, direction, limits, rows, .. } = operands;
        self.check([source, target].into_iter().chain(operands.each()))?;
        plan.check_views(source, target)?;
        plan.check_radii(radii, target)?;
        plan.check_direction(direction, target)?;
        plan.check_limits(limits, target)?;
        plan.check_rows(rows, target)?;
        if plan.profile() != self.profile() {
            let (planned, here) = (&plan.profile().name, &self.profile().name);
            let reason = format!("it was made for {planned}, not for {here}");
            return Err(Error::PlanMismatch { reason });
        }
        let (Storage::Host(from), Storage::Host(to)) = (source.storage(), target.storage()) else {
            let Some(gpu) = self.as_gpu() else { return Err(self.other(source)) };
            return gpu.submit(&gpu.prepare(plan)?.bind_operands(source, target, operands)?);
        };
        let at = |operand: &'_ DeviceBuffer| (operand.storage().clone(), *operand.layout());
        // Read before the others are locked: they may be in one memory.
        let radii = radii.map(DeviceBuffer::host_numbers).unwrap_or_default();
        let tally = match (direction.map(at), rows) {
            (Some((Storage::Host(along), layout)), _) => {
                cpu::along::run(plan, from, to, (&along, &layout), &radii)
            }
            (_, Some(rows)) => cpu::touched::run(plan, to, &rows.host_words()),
            _ => {
                let limits = limits.map(|both| both.map(DeviceBuffer::host_numbers));
                let limits = limits.unwrap_or_default();
                cpu::run(plan, from, to, &cpu::Numbers { radii, limits })?
            }
        };
        Ok(PendingReport::ready(plan.request().report.then(|| tally.report(&plan.rule()))))
    }

    fn check<'a>(&self, mut buffers: impl Iterator<Item = &'a DeviceBuffer>) -> Result<()> {
        match buffers.find(|buffer| !self.is(buffer.context())) {
            Some(buffer) => Err(self.other(buffer)),
            None => Ok(()),
        }
    }

    fn other(&self, buffer: &DeviceBuffer) -> Error {
        Error::OtherContext {
            expected: self.describe().to_string(),
            found: buffer.context().describe().to_string(),
        }
    }
}
