//! Groups of tensors on the native CPU backend.

use crate::buffer::{DeviceBuffer, Storage, lock_read, lock_write};
use crate::error::{Error, Result};
use crate::model::{Decay, GroupReport, Model, PendingGroupReport, Verdict};
use crate::norm::Norm;
use crate::plan::group::{GroupPlan, Region};
use crate::projection::OnNonFinite;

/// Carries out a plan. `given` is the norm that was computed on the device.
pub(crate) fn run(
    plan: &GroupPlan,
    model: &Model,
    decay: Option<&Decay>,
    given: Option<f32>,
    results: &DeviceBuffer,
) -> Result<PendingGroupReport> {
    let _ = (plan, model, decay, given, results);
    let _ = (Norm::L2, OnNonFinite::Leave, Region::Norm, lock_read, lock_write);
    let _: Option<(Storage, GroupReport, Verdict)> = None;
    Err(Error::Unsupported { device: "native".into(), what: "groups".into() })
}
