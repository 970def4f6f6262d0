//! Many tensors under one task: chunks of all of them share dispatches.

mod explain;
mod gpu;
mod request;
mod results;

pub use gpu::{Bind, GroupStep, GroupSteps};
pub(crate) use request::Memories;
pub use request::{Companion, GroupRequest, Member};
pub use results::{Region, Results};

use crate::error::{Error, Result};
use crate::plan::cost::Cost;
use crate::plan::margin::{Margin, Rim};
use crate::plan::native;
use crate::plan::profile::{DeviceKind, DeviceProfile};

/// How a clip of many tensors is carried out on a device. Pure numbers, as [`crate::Plan`].
#[derive(Debug, Clone, PartialEq)]
pub struct GroupPlan {
    request: GroupRequest,
    profile: DeviceProfile,
    margin: Margin,
    cost: Cost,
    steps: GroupSteps,
}

impl GroupPlan {
    /// The plan of a request on a device.
    ///
    /// # Errors
    /// [`Error::Unsupported`] if the device's limits are too small.
    pub fn new(request: GroupRequest, profile: &DeviceProfile) -> Result<Self> {
        let (margin, cost, steps) = match profile.kind {
            DeviceKind::Native { .. } => {
                (native::margin(), gpu::native_cost(&request), GroupSteps::default())
            }
            DeviceKind::Gpu(limits) => {
                profile.check_limits()?;
                let steps = gpu::build(&request, &limits);
                (gpu::margin(&steps, &limits), gpu::cost(&request, &steps), steps)
            }
        };
        Ok(GroupPlan { request, profile: profile.clone(), margin, cost, steps })
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
        if planned.members != request.members || planned.memories != request.memories {
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
        self.margin
    }

    /// What the plan moves; `v` is 1 where it clips and 0 where it does not.
    pub fn cost(&self) -> Cost {
        self.cost
    }

    /// The dispatches; none on the CPU backend.
    pub fn steps(&self) -> &GroupSteps {
        &self.steps
    }

    /// What norms are compared with and scaled to.
    pub fn rim(&self) -> Rim {
        let clip = &self.request.clip;
        let norm = clip.norm_used().unwrap_or(crate::norm::Norm::L2);
        let radius = clip.radius().unwrap_or(f64::INFINITY);
        Rim::new(norm, radius, clip.rounds(), clip.epsilon(), self.margin)
    }

    /// Where the results are in their buffer.
    pub fn results(&self) -> Results {
        Results::new(self.request.members.len())
    }
}
