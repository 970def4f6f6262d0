//! Many tensors under one task: chunks of all of them share dispatches.

mod explain;
mod factor;
mod gpu;
mod power;
mod request;
mod results;
mod schedule;
mod sums;

pub(crate) use factor::Factor;
pub use gpu::{Bind, GroupStep, GroupSteps};
pub(crate) use power::{Power, Size};
pub(crate) use request::Memories;
pub use request::{Companion, GroupRequest, Member};
pub use results::{Region, Results};
pub use schedule::GroupSchedule;
pub use sums::{Sum, Sums};

use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::plan::cost::Cost;
use crate::plan::margin::Margin;
use crate::plan::profile::{DeviceKind, DeviceProfile, GpuLimits};
use crate::plan::rim::Rim;
use crate::plan::slack::Slack;

/// How a clip of many tensors is carried out on a device. Pure numbers, as [`crate::Plan`].
#[derive(Debug, Clone, PartialEq)]
pub struct GroupPlan {
    request: GroupRequest,
    profile: DeviceProfile,
    margins: Margins,
    cost: Cost,
    steps: GroupSteps,
    /// None on the CPU backend.
    schedule: Option<GroupSchedule>,
}

impl GroupPlan {
    /// The fastest plan known for a request on a device.
    ///
    /// # Errors
    /// What is wrong with a request that was made by hand; [`Error::Unsupported`] if the device's
    /// limits are too small, or a tensor beyond any memory.
    pub fn new(request: GroupRequest, profile: &DeviceProfile) -> Result<Self> {
        check(&request, profile)?;
        match profile.kind {
            DeviceKind::Native { .. } => Ok(GroupPlan {
                margins: Margins::new(&request, gpu::native_margin),
                cost: gpu::native_cost(&request),
                steps: GroupSteps::default(),
                schedule: None,
                request,
                profile: profile.clone(),
            }),
            DeviceKind::Gpu(limits) => {
                let schedule = gpu::choose(&request, &limits);
                Self::with_schedule(request, profile, schedule)
            }
        }
    }

    /// A plan with a schedule of the caller's choice, checked as strictly as a chosen one.
    ///
    /// # Errors
    /// As [`GroupPlan::new`]; [`Error::IllegalSchedule`]; [`Error::PlanMismatch`] on the CPU
    /// backend, which has none.
    pub fn with_schedule(
        request: GroupRequest,
        profile: &DeviceProfile,
        schedule: GroupSchedule,
    ) -> Result<Self> {
        let DeviceKind::Gpu(limits) = profile.kind else {
            let reason = "the CPU backend has no schedule of groups".to_string();
            return Err(Error::PlanMismatch { reason });
        };
        check(&request, profile)?;
        profile.check_limits()?;
        schedule.check(&limits)?;
        let steps = gpu::build(&request, &schedule, &limits);
        let chain = gpu::chain(&steps, &schedule, request.clip.given().is_some());
        let margins = Margins::new(&request, |dtypes| gpu::margin(chain, steps.precision, dtypes));
        Ok(GroupPlan {
            margins,
            cost: gpu::cost(&request, &steps),
            steps,
            schedule: Some(schedule),
            request,
            profile: profile.clone(),
        })
    }

    /// Schedules that give the right result on a device, in representative sizes; none on the CPU
    /// backend. Tests run them all.
    pub fn legal_schedules(profile: &DeviceProfile) -> Vec<GroupSchedule> {
        match profile.kind {
            DeviceKind::Native { .. } => Vec::new(),
            DeviceKind::Gpu(limits) => GroupSchedule::legal(&limits),
        }
    }

    /// The same plan at another radius.
    pub(crate) fn with_radius(&self, radius: f64) -> Result<Self> {
        if self.request.clip.radius().is_none() {
            let reason = format!("{} has no radius", self.request.clip);
            return Err(Error::PlanMismatch { reason });
        }
        let clip = self.request.clip.with_radius(radius);
        clip.check()?;
        Ok(GroupPlan { request: GroupRequest { clip, ..self.request.clone() }, ..self.clone() })
    }

    /// Refuses tensors that are laid out in another way.
    pub(crate) fn check(&self, request: &GroupRequest) -> Result<()> {
        let planned = &self.request;
        let mut memories = planned.memories.iter().zip(&request.memories);
        if planned.members != request.members
            || planned.sums != request.sums
            || planned.memories.len() != request.memories.len()
            // Windows that are bound may reach to the end of a buffer.
            || memories.any(|(planned, found)| found < planned)
        {
            let reason = "the tensors are not laid out as those that were planned".to_string();
            return Err(Error::PlanMismatch { reason });
        }
        Ok(())
    }

    /// The request.
    pub fn request(&self) -> &GroupRequest {
        &self.request
    }

    /// The device that the plan is for.
    pub fn profile(&self) -> &DeviceProfile {
        &self.profile
    }

    /// The error bounds L, σ and κ.
    pub fn margin(&self) -> Margin {
        self.margins.all
    }

    /// What the plan moves; `v` is 1 where it clips and 0 where it does not.
    pub fn cost(&self) -> Cost {
        self.cost
    }

    /// The dispatches; none on the CPU backend.
    pub fn steps(&self) -> &GroupSteps {
        &self.steps
    }

    /// How chunks are made; None on the CPU backend.
    pub fn schedule(&self) -> Option<GroupSchedule> {
        self.schedule
    }

    /// What the norm of all tensors is compared with and scaled to.
    pub fn rim(&self) -> Rim {
        self.rim_over(self.margins.all, self.request.under_one())
    }

    /// What the norms of tensors of this dtype are compared with and scaled to; of examples all alike. Where each tensor
    /// has its own norm, they have the room that the longest of their dtype needs.
    pub fn rim_of(&self, dtype: DType) -> Rim {
        if self.request.clip.is_global() {
            return self.rim();
        }
        if let Some(sums) = &self.request.sums {
            let of_sum = |sum: &Sum| (sum.member.dtype, sum.member.layout.len());
            return self.rim_over(self.margins.all, sums.tensors.iter().map(of_sum));
        }
        let alike = self.request.members.iter().filter(|member| member.dtype == dtype);
        let longest = alike.map(|member| member.layout.len()).max().unwrap_or(0);
        self.rim_over(self.margin_of(dtype), [(dtype, longest)])
    }

    /// The error bounds of the norms of tensors of this dtype: those of the group, unless each tensor
    /// has its own norm.
    pub fn margin_of(&self, dtype: DType) -> Margin {
        self.margins.of[dtype as usize]
    }

    fn rim_over(&self, margin: Margin, tensors: impl IntoIterator<Item = (DType, usize)>) -> Rim {
        let clip = &self.request.clip;
        let norm = clip.norm_used().unwrap_or(crate::norm::Norm::L2);
        let radius = clip.radius().unwrap_or(f64::INFINITY);
        let slack = Slack::of_all(norm, clip.rounds(), margin, tensors);
        Rim::ball(norm, radius, clip.formula(), slack)
    }

    /// Where the results are in their buffer.
    pub fn results(&self) -> Results {
        Results::new(self.request.norms(), self.request.precision())
    }
}

/// The error bounds of the norms of a group.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Margins {
    /// Of the norm of all tensors.
    all: Margin,
    /// Of those of tensors of each dtype, in the order of [`DType::ALL`]: the same, unless each tensor has
    /// a norm of its own.
    of: [Margin; 4],
}

impl Margins {
    fn new(request: &GroupRequest, of: impl Fn(&[DType]) -> Margin) -> Self {
        let dtypes: Vec<DType> = request.under_one().map(|(dtype, _)| dtype).collect();
        let all = of(&dtypes);
        let apart = !request.clip.is_global() && request.sums.is_none();
        let of_dtype = |dtype| if apart { of(&[dtype]) } else { all };
        Margins { all, of: DType::ALL.map(of_dtype) }
    }
}

fn check(request: &GroupRequest, profile: &DeviceProfile) -> Result<()> {
    request.check()?;
    request.places().try_for_each(|member| {
        supported(member.dtype, profile)?;
        let companion = member.companion.map(|weights| weights.layout);
        let mut views = [Some(member.layout), companion].into_iter().flatten();
        views.try_for_each(|layout| profile.check_end(layout.end(), member.dtype))
    })
}

/// Refuses dtypes that a backend does not know.
fn supported(dtype: DType, profile: &DeviceProfile) -> Result<()> {
    match (profile.kind, dtype) {
        (DeviceKind::Gpu(GpuLimits { doubles: false, .. }), DType::F64) => {
            let what = format!("clipping tensors of {dtype} (SHADER_F64 and SHADER_INT64)");
            Err(Error::Unsupported { device: profile.name.clone(), what })
        }
        (DeviceKind::Gpu(_) | DeviceKind::Native { .. }, _) => Ok(()),
    }
}
