//! Planning is arithmetic: a request and a device profile give a plan. No device is touched.

mod checks;
pub mod cost;
mod explain;
pub mod geometry;
pub mod gpu;
pub mod group;
pub(crate) mod limits;
pub mod margin;
pub(crate) mod native;
pub(crate) mod powers;
pub mod profile;
pub mod request;
pub mod rim;
pub(crate) mod rims;
pub mod rule;
pub mod schedule;
pub(crate) mod slack;
pub mod step;
mod updated;

use cost::Cost;
use geometry::Geometry;
use gpu::steps::Steps;
use margin::Margin;
use profile::{DeviceKind, DeviceProfile, GpuLimits};
use request::{Request, Task};
use rim::Rim;
use rims::Rims;
use rule::Rule;
use schedule::Schedule;

use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::projection::{OnNonFinite, Projection, Rounding};
use crate::report::{Report, Tally};

/// How a request is carried out on a device: schedule, error bounds and cost. Pure numbers; the
/// same request and profile always give the same plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    request: Request,
    profile: DeviceProfile,
    geometry: Geometry,
    schedule: Schedule,
    margin: Margin,
    cost: Cost,
    steps: Steps,
}

impl Plan {
    /// The fastest plan known for a request on a device.
    ///
    /// # Errors
    /// What is wrong with the request: [`Error::Radius`], an axis that the
    /// shape lacks, shapes that differ.
    pub fn new(request: &Request, profile: &DeviceProfile) -> Result<Self> {
        profile.check(request)?;
        let geometry = geometry(request, profile)?;
        supported(request, profile)?;
        let schedule = match profile.kind {
            DeviceKind::Native { .. } => native::choose(&geometry, request.dtype),
            DeviceKind::Gpu(limits) => gpu::choose(&geometry, request, &limits),
        };
        Self::assemble(request, profile, geometry, schedule)
    }

    /// A plan with a schedule of the caller's choice, checked as strictly as a chosen one.
    ///
    /// # Errors
    /// As [`Plan::new`], and [`Error::IllegalSchedule`].
    pub fn with_schedule(
        request: &Request,
        profile: &DeviceProfile,
        schedule: Schedule,
    ) -> Result<Self> {
        profile.check(request)?;
        let geometry = geometry(request, profile)?;
        supported(request, profile)?;
        match profile.kind {
            DeviceKind::Native { .. } => native::check(&schedule, &geometry)?,
            DeviceKind::Gpu(limits) => gpu::check(&schedule, &geometry, request, &limits)?,
        }
        Self::assemble(request, profile, geometry, schedule)
    }

    /// Schedules that give the right result for a request on a device: every kind that is legal,
    /// in representative sizes. Tests run them all.
    ///
    /// # Errors
    /// As [`Plan::new`].
    pub fn legal_schedules(request: &Request, profile: &DeviceProfile) -> Result<Vec<Schedule>> {
        profile.check(request)?;
        let geometry = geometry(request, profile)?;
        supported(request, profile)?;
        Ok(match profile.kind {
            DeviceKind::Native { .. } => native::legal(&geometry),
            DeviceKind::Gpu(limits) => gpu::schedules(&geometry, request, &limits),
        })
    }

    fn assemble(
        request: &Request,
        profile: &DeviceProfile,
        geometry: Geometry,
        schedule: Schedule,
    ) -> Result<Self> {
        let (margin, cost, steps) = match profile.kind {
            DeviceKind::Native { threads, cache_bytes } => {
                let cost = native::cost(&schedule, &geometry, request, threads, cache_bytes);
                (native::margin(request.dtype), cost, Steps::default())
            }
            DeviceKind::Gpu(limits) => {
                let steps = gpu::build(&schedule, &geometry, request, &limits)?;
                let cost = gpu::cost(&schedule, &geometry, request, &steps);
                let margin = gpu::margin(&schedule, &geometry, &limits);
                let radii = request.radii.is_some();
                (if radii { margin.with_radii_on_device() } else { margin }, cost, steps)
            }
        };
        let profile = profile.clone();
        Ok(Plan { request: *request, profile, geometry, schedule, margin, cost, steps })
    }

    /// The same plan for a projection that differs in nothing but its radius.
    pub(crate) fn with_projection(&self, projection: Projection) -> Result<Self> {
        projection.check(self.request.dtype)?;
        let request = Request { task: Task::Project(projection), ..self.request };
        Ok(Plan { request, ..self.clone() })
    }

    /// The request.
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// The device that the plan is for.
    pub fn profile(&self) -> &DeviceProfile {
        &self.profile
    }

    /// The canonical form of the request.
    pub fn geometry(&self) -> &Geometry {
        &self.geometry
    }

    /// The schedule.
    pub fn schedule(&self) -> Schedule {
        self.schedule
    }

    /// The error bounds L, σ and κ.
    pub fn margin(&self) -> Margin {
        self.margin
    }

    /// What the plan moves.
    pub fn cost(&self) -> Cost {
        self.cost
    }

    /// The dispatches; none on the CPU backend.
    pub fn steps(&self) -> &Steps {
        &self.steps
    }

    /// The report of slices that have no elements.
    pub(crate) fn report_of_empty(&self) -> Report {
        if self.request.rows.is_some() {
            return Tally::default().report(&self.rule());
        }
        let slices = self.geometry.slices() as u64;
        Tally { slices, zero: slices, ..Tally::default() }.report(&self.rule())
    }

    /// What becomes of slices with NaN or infinity; where norms are computed, nothing.
    pub fn policy(&self) -> OnNonFinite {
        match self.request.task {
            Task::Project(projection) => projection.policy(),
            Task::Norms { .. } => OnNonFinite::Leave,
        }
    }

    /// How results are rounded at the rim.
    pub(crate) fn rounds(&self) -> Rounding {
        match self.request.task {
            Task::Project(projection) => projection.rounds(),
            Task::Norms { .. } => Rounding::default(),
        }
    }

    /// What makes a rule of each radius in memory, where there are some.
    pub(crate) fn rims(&self) -> Option<Rims> {
        let (Some(_), Task::Project(projection)) = (self.request.radii, self.request.task) else {
            return None;
        };
        Some(Rims::new(&projection, self.geometry.length(), self.request.dtype, self.margin))
    }

    /// What decides about slices, and what becomes of them; of norms, nothing. Where radii are in memory
    /// it is that of the radius 1.
    pub fn rule(&self) -> Rule {
        rule(&self.request, &self.geometry, self.margin)
    }
}

/// On the CPU backend the rows that indices name are known when they are projected.
fn geometry(request: &Request, profile: &DeviceProfile) -> Result<Geometry> {
    match profile.kind {
        DeviceKind::Native { .. } => request.geometry(),
        DeviceKind::Gpu(limits) => {
            let geometry = request.geometry_of_rows()?;
            gpu::check_table(&geometry, &limits)
                .map_err(|what| Error::Unsupported { device: profile.name.clone(), what })?;
            Ok(geometry)
        }
    }
}

fn rule(request: &Request, geometry: &Geometry, margin: Margin) -> Rule {
    match request.task {
        Task::Project(projection) => {
            Rule::new(&projection, geometry.length(), request.dtype, margin)
        }
        Task::Norms { norm, .. } => Rule::Scale(Rim::unbounded(norm)),
    }
}

/// Refuses dtypes that a backend does not know.
fn supported(request: &Request, profile: &DeviceProfile) -> Result<()> {
    match (profile.kind, request.dtype) {
        (DeviceKind::Gpu(GpuLimits { doubles: false, .. }), dtype @ DType::F64) => {
            let what = format!("projecting tensors of {dtype} (SHADER_F64 and SHADER_INT64)");
            Err(Error::Unsupported { device: profile.name.clone(), what })
        }
        (DeviceKind::Gpu(_) | DeviceKind::Native { .. }, _) => Ok(()),
    }
}
