//! Planning is arithmetic: a request and a device profile give a plan. No device is touched.

pub mod cost;
pub mod geometry;
pub mod margin;
mod native;
pub mod profile;
pub mod request;
pub mod schedule;

use cost::Cost;
use geometry::Geometry;
use margin::{Margin, Rim};
use profile::{DeviceKind, DeviceProfile};
use request::{Request, Task};
use schedule::Schedule;

use crate::error::Result;

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
}

impl Plan {
    /// The fastest plan known for a request on a device.
    ///
    /// # Errors
    /// What is wrong with the request: [`Error::Radius`](crate::Error::Radius), an axis that the
    /// shape lacks, shapes that differ.
    pub fn new(request: &Request, profile: &DeviceProfile) -> Result<Self> {
        let geometry = request.geometry()?;
        let schedule = match profile.kind {
            DeviceKind::Native { .. } => native::choose(&geometry),
            DeviceKind::Gpu(_) => native::choose(&geometry),
        };
        Self::assemble(request, profile, geometry, schedule)
    }

    /// A plan with a schedule of the caller's choice, checked as strictly as a chosen one.
    ///
    /// # Errors
    /// As [`Plan::new`], and [`Error::IllegalSchedule`](crate::Error::IllegalSchedule).
    pub fn with_schedule(
        request: &Request,
        profile: &DeviceProfile,
        schedule: Schedule,
    ) -> Result<Self> {
        let geometry = request.geometry()?;
        native::check(&schedule, &geometry)?;
        Self::assemble(request, profile, geometry, schedule)
    }

    /// Schedules that give the right result for a request on a device: every kind that is legal,
    /// in representative sizes. Tests run them all.
    ///
    /// # Errors
    /// As [`Plan::new`].
    pub fn legal_schedules(request: &Request, _profile: &DeviceProfile) -> Result<Vec<Schedule>> {
        Ok(native::legal(&request.geometry()?))
    }

    fn assemble(
        request: &Request,
        profile: &DeviceProfile,
        geometry: Geometry,
        schedule: Schedule,
    ) -> Result<Self> {
        let (margin, cost) = match profile.kind {
            DeviceKind::Native { threads, cache_bytes } => (
                native::margin(),
                native::cost(&schedule, &geometry, request, threads, cache_bytes),
            ),
            DeviceKind::Gpu(_) => (native::margin(), Cost::default()),
        };
        let profile = profile.clone();
        Ok(Plan { request: *request, profile, geometry, schedule, margin, cost })
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

    /// What slices are compared with and scaled to; for norms, nothing is scaled.
    pub fn rim(&self) -> Rim {
        match self.request.task {
            Task::Project(projection) => {
                Rim::new(projection.radius(), projection.rounds(), self.margin)
            }
            Task::Norms { .. } => Rim { threshold: f64::INFINITY, target: f64::INFINITY },
        }
    }
}
