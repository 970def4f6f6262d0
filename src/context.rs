//! Where work runs: the entry point of the library.

use std::sync::{Arc, RwLock};

use crate::axes::Axes;
use crate::buffer::{DeviceBuffer, Storage, lock_read, lock_write};
use crate::cpu;
use crate::error::{Error, Result};
use crate::layout::Layout;
use crate::norm::Norm;
use crate::pending::PendingReport;
use crate::plan::Plan;
use crate::plan::profile::DeviceProfile;
use crate::plan::request::{Output, Request};
use crate::projection::Projection;

/// Where work runs: a GPU through wgpu, or the native CPU backend. A clone is another handle of
/// the same context.
#[derive(Debug, Clone)]
pub struct Context {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    profile: DeviceProfile,
    description: String,
}

impl Context {
    /// The best hardware GPU; the native CPU backend if there is none.
    ///
    /// # Errors
    /// None today; a GPU that is present but refuses a device is passed over and said in
    /// [`Context::describe`].
    pub fn new() -> Result<Self> {
        Ok(Self::cpu())
    }

    /// The native CPU backend.
    pub fn cpu() -> Self {
        let threads = rayon::current_num_threads();
        let profile = DeviceProfile::native(threads);
        let description = profile.name.clone();
        Context { inner: Arc::new(Inner { profile, description }) }
    }

    /// What was picked, and why.
    pub fn describe(&self) -> &str {
        &self.inner.description
    }

    /// The numbers that plans are made from.
    pub fn profile(&self) -> &DeviceProfile {
        &self.inner.profile
    }

    /// Whether two handles are of one context.
    pub fn is(&self, other: &Context) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }

    /// Copies host data to the device, as a contiguous tensor.
    ///
    /// # Errors
    /// [`Error::Length`] if the data does not fit the shape; [`Error::Rank`];
    /// [`Error::OutOfMemory`].
    pub fn upload(&self, host: &[f32], shape: impl AsRef<[usize]>) -> Result<DeviceBuffer> {
        let layout = Layout::contiguous(shape)?;
        if layout.len() != host.len() {
            return Err(Error::Length {
                shape: layout.shape().to_vec(),
                expected: layout.len(),
                found: host.len(),
            });
        }
        let storage = Storage::Host(Arc::new(RwLock::new(host.to_vec())));
        DeviceBuffer::new(self.clone(), storage, layout)
    }

    /// A contiguous tensor of zeros.
    ///
    /// # Errors
    /// As [`Context::upload`].
    pub fn zeros(&self, shape: impl AsRef<[usize]>) -> Result<DeviceBuffer> {
        let layout = Layout::contiguous(shape)?;
        let storage = Storage::Host(Arc::new(RwLock::new(vec![0.0; layout.len()])));
        DeviceBuffer::new(self.clone(), storage, layout)
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
        let plan = self.plan(&Request::in_place(*projection, *buffer.layout()))?;
        self.run(&plan, buffer, buffer).map(drop)
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
        let plan = self.plan(&Request::in_place(*projection, *buffer.layout()).with_report())?;
        self.run(&plan, buffer, buffer)
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
        let plan = self.plan(&Request::into(*projection, *source.layout(), *target.layout()))?;
        self.run(&plan, source, target).map(drop)
    }

    /// Writes the norm of each slice into `norms`, a contiguous buffer of as many elements as
    /// there are slices, in row-major order of the kept axes.
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
        let plan = self.plan(&Request::norms(norm, axes, *source.layout()))?;
        self.run(&plan, source, norms).map(drop)
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
        self.check(plan, source, target)?;
        let (Storage::Host(from), Storage::Host(to)) = (source.storage(), target.storage());
        let same = Arc::ptr_eq(from, to);
        let tally = match plan.request().output {
            Output::InPlace => cpu::project(plan, &mut lock_write(to))?,
            // One lock cannot be held twice; disjoint views of one memory go through a copy.
            Output::Into(_) if same => {
                let copy = lock_read(from).clone();
                cpu::project_into(plan, &copy, &mut lock_write(to))?
            }
            Output::Into(_) => cpu::project_into(plan, &lock_read(from), &mut lock_write(to))?,
            Output::Norms if same => {
                let copy = lock_read(from).clone();
                cpu::norms(plan, &copy, norms_of(&mut lock_write(to), target.layout()))?
            }
            Output::Norms => {
                cpu::norms(plan, &lock_read(from), norms_of(&mut lock_write(to), target.layout()))?
            }
        };
        Ok(PendingReport::ready(plan.request().report.then(|| tally.report(plan.rim().target))))
    }

    fn check(&self, plan: &Plan, source: &DeviceBuffer, target: &DeviceBuffer) -> Result<()> {
        for buffer in [source, target] {
            if !self.is(buffer.context()) {
                return Err(Error::OtherContext {
                    expected: self.describe().to_string(),
                    found: buffer.context().describe().to_string(),
                });
            }
        }
        let request = plan.request();
        let mismatch = |reason: String| Err(Error::PlanMismatch { reason });
        if plan.profile() != self.profile() {
            let (planned, here) = (&plan.profile().name, &self.profile().name);
            return mismatch(format!("it was made for {planned}, not for {here}"));
        }
        if source.layout() != &request.source {
            return mismatch(format!("planned {:?}, got {:?}", request.source, source.layout()));
        }
        match &request.output {
            Output::InPlace | Output::Into(_) if target.layout() != request.target() => {
                mismatch(format!("planned {:?}, got {:?}", request.target(), target.layout()))
            }
            Output::Norms if target.layout().len() != plan.geometry().slices() => {
                Err(Error::Length {
                    shape: target.shape().to_vec(),
                    expected: plan.geometry().slices(),
                    found: target.layout().len(),
                })
            }
            Output::Norms if !target.layout().is_contiguous() => {
                mismatch("norms are written contiguously".to_string())
            }
            _ => Ok(()),
        }
    }
}

fn norms_of<'a>(elements: &'a mut [f32], layout: &Layout) -> &'a mut [f32] {
    &mut elements[layout.offset()..layout.end()]
}
