//! Groups of tensors on a GPU.

use crate::buffer::DeviceBuffer;
use crate::error::{Error, Result};
use crate::gpu::device::Gpu;
use crate::model::{Decay, GroupReport, Model, PendingGroupReport};
use crate::plan::group::GroupPlan;

#[derive(Debug, Clone)]
pub struct PreparedGroup {
    gpu: Gpu,
}
#[derive(Debug, Clone)]
pub struct BoundGroup {
    prepared: PreparedGroup,
}
#[derive(Debug)]
pub struct PendingVerdicts {}
impl PendingVerdicts {
    pub async fn report(self) -> Result<GroupReport> {
        Err(Error::NoReport)
    }
}
impl PreparedGroup {
    pub(crate) fn new(gpu: &Gpu, _plan: &GroupPlan) -> Result<Self> {
        Err(Error::Unsupported { device: gpu.profile().name.clone(), what: "groups".into() })
    }
    pub(crate) fn with_plan(&self, _plan: &GroupPlan) -> Result<Self> {
        Ok(self.clone())
    }
    pub(crate) fn bind(
        &self,
        _model: &Model,
        _decay: Option<&Decay>,
        _given: Option<&DeviceBuffer>,
        _results: &DeviceBuffer,
    ) -> Result<BoundGroup> {
        Ok(BoundGroup { prepared: self.clone() })
    }
}
impl BoundGroup {
    pub fn prepared(&self) -> &PreparedGroup {
        &self.prepared
    }
    pub fn record(&self, _pass: &mut wgpu::ComputePass<'_>) {}
    pub(crate) fn report(&self, _encoder: &mut wgpu::CommandEncoder) -> Result<PendingGroupReport> {
        Err(Error::NoReport)
    }
    pub(crate) fn submit(&self) -> Result<PendingGroupReport> {
        Err(Error::Unsupported {
            device: self.prepared.gpu.profile().name.clone(),
            what: "groups".into(),
        })
    }
}
