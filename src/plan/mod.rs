//! Planning is arithmetic: a request and a device profile give a plan. No device is touched.

pub mod cost;
mod explain;
pub mod geometry;
pub mod gpu;
pub mod group;
pub(crate) mod limits;
pub mod margin;
mod native;
pub(crate) mod powers;
pub mod profile;
pub mod request;
pub mod rim;
pub(crate) mod rims;
pub mod rule;
pub mod schedule;
mod slack;
pub mod step;

use cost::Cost;
use geometry::Geometry;
use gpu::steps::Steps;
use margin::Margin;
use profile::{DeviceKind, DeviceProfile, GpuLimits};
use request::{Output, Request, Task};
use rim::Rim;
use rims::Rims;
use rule::Rule;
use schedule::Schedule;

use crate::buffer::DeviceBuffer;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::layout::Layout;
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

    /// Refuses radii that are not those of the request, and a tensor that has them in its own elements.
    pub(crate) fn check_radii(
        &self,
        radii: Option<&DeviceBuffer>,
        target: &DeviceBuffer,
    ) -> Result<()> {
        let request = &self.request;
        let (planned, found) = (request.radii, radii.map(|radii| *radii.layout()));
        if planned != found {
            let reason = format!("planned radii {planned:?}, got {found:?}");
            return Err(Error::PlanMismatch { reason });
        }
        let Some(radii) = radii else { return Ok(()) };
        let expected = request.radii_dtype();
        if radii.dtype() != expected {
            let what = "the tensor of radii";
            return Err(Error::Dtype { what, expected, found: radii.dtype() });
        }
        if radii.shares_memory_with(target) {
            let written = (request.target(), request.target_dtype());
            return overlap((radii.layout(), radii.dtype()), written);
        }
        Ok(())
    }

    /// As [`Plan::check_radii`], of limits.
    pub(crate) fn check_limits(
        &self,
        limits: Option<[&DeviceBuffer; 2]>,
        target: &DeviceBuffer,
    ) -> Result<()> {
        let request = &self.request;
        let (planned, found) = (request.limits, limits.map(|both| both.map(|one| *one.layout())));
        if planned != found {
            let reason = format!("planned limits {planned:?}, got {found:?}");
            return Err(Error::PlanMismatch { reason });
        }
        for limit in limits.into_iter().flatten() {
            let expected = request.radii_dtype();
            if limit.dtype() != expected {
                let what = "the tensor of limits";
                return Err(Error::Dtype { what, expected, found: limit.dtype() });
            }
            if limit.shares_memory_with(target) {
                let written = (request.target(), request.target_dtype());
                overlap((limit.layout(), limit.dtype()), written)?;
            }
        }
        Ok(())
    }

    /// Refuses tensors that are not those of the request.
    pub(crate) fn check_views(&self, source: &DeviceBuffer, target: &DeviceBuffer) -> Result<()> {
        let request = &self.request;
        for (planned, found) in
            [(&request.source, source.layout()), (request.target(), target.layout())]
        {
            if planned != found {
                let reason = format!("planned {planned:?}, got {found:?}");
                return Err(Error::PlanMismatch { reason });
            }
        }
        for (what, tensor, expected) in
            [("the source", source, request.dtype), ("the target", target, request.target_dtype())]
        {
            if tensor.dtype() != expected {
                return Err(Error::Dtype { what, expected, found: tensor.dtype() });
            }
        }
        let same = source.shares_memory_with(target);
        match request.output {
            Output::InPlace if !same => {
                let reason = "it works in place, but two tensors were given".to_string();
                Err(Error::PlanMismatch { reason })
            }
            Output::Into(_) | Output::Norms(_) if same => {
                let target = (request.target(), request.target_dtype());
                overlap((&request.source, request.dtype), target)
            }
            _ => Ok(()),
        }
    }

    /// Refuses indices that are not those of the request, and a table that has them in its own elements.
    pub(crate) fn check_rows(
        &self,
        rows: Option<&DeviceBuffer>,
        table: &DeviceBuffer,
    ) -> Result<()> {
        let (planned, found) = (self.request.rows, rows.map(|rows| *rows.layout()));
        if planned != found {
            let reason = format!("planned indices {planned:?}, got {found:?}");
            return Err(Error::PlanMismatch { reason });
        }
        match rows {
            Some(rows) if rows.shares_memory_with(table) => {
                let written = (self.request.target(), self.request.target_dtype());
                overlap((rows.layout(), rows.dtype()), written)
            }
            _ => Ok(()),
        }
    }

    /// Refuses a direction that is not that of the request, or that shares elements with what is written.
    pub(crate) fn check_direction(
        &self,
        direction: Option<&DeviceBuffer>,
        written: &DeviceBuffer,
    ) -> Result<()> {
        let what = || match self.request.task {
            Task::Project(projection) => projection.set().to_string(),
            Task::Norms { norm, .. } => format!("the {norm} norm"),
        };
        let (planned, found) = match (self.request.direction, direction) {
            (None, None) => return Ok(()),
            (Some(_), None) => return Err(Error::NoDirection { what: what() }),
            (None, Some(_)) => return Err(Error::UnusedDirection { what: what() }),
            (Some(planned), Some(found)) => (planned, found),
        };
        if planned != *found.layout() {
            let reason = format!("planned along {planned:?}, got {:?}", found.layout());
            return Err(Error::PlanMismatch { reason });
        }
        let (expected, of) = (self.request.dtype, found.dtype());
        if of != expected {
            return Err(Error::Dtype { what: "the direction", expected, found: of });
        }
        if found.shares_memory_with(written) {
            let target = (self.request.target(), self.request.target_dtype());
            overlap((&planned, expected), target)?;
        }
        Ok(())
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

/// Refuses views of one memory whose ranges of bytes meet; interleaved views count as meeting.
fn overlap(
    (source, source_dtype): (&Layout, DType),
    (target, target_dtype): (&Layout, DType),
) -> Result<()> {
    let bytes =
        |layout: &Layout, dtype: DType| dtype.size() * layout.offset()..dtype.size() * layout.end();
    let (s, t) = (bytes(source, source_dtype), bytes(target, target_dtype));
    if s.is_empty() || t.is_empty() || s.end <= t.start || t.end <= s.start {
        return Ok(());
    }
    Err(Error::Overlap {
        source_range: (source.offset(), source.end() - 1),
        target_range: (target.offset(), target.end() - 1),
    })
}
