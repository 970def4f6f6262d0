//! What a clip found and did, on the device and for the host.

use std::sync::Arc;

use super::decide::Decision;
use crate::buffer::{DeviceBuffer, Storage};
use crate::host::lock_write;
use crate::model::GroupReport;
use crate::norm::Norm;
use crate::plan::group::{GroupPlan, Region};

/// Writes the results of all tensors as one vector, and of each.
pub(super) fn write(
    plan: &GroupPlan,
    norm: Norm,
    total: &Decision,
    tensors: &[Decision],
    results: &DeviceBuffer,
) {
    let Storage::Host(elements) = results.storage() else { return };
    let mut elements = lock_write(elements);
    let elements = &mut elements.of_mut::<f32>()[results.layout().offset()..];
    let mut fill = |region, value: &dyn Fn(&Decision) -> f32| {
        let places = &mut elements[plan.results().start(region)..];
        for (place, one) in places.iter_mut().zip(std::iter::once(total).chain(tensors)) {
            *place = value(one);
        }
    };
    // Beyond f32 a norm is infinite; NaN stays NaN.
    fill(Region::Norm, &|one| one.verdict.norm as f32);
    fill(Region::Scale, &|one| one.verdict.scale as f32);
    if norm == Norm::L2 {
        fill(Region::HalfSquare, &|one| one.half_square() as f32);
    }
    fill(Region::NonFinite, &|one| if one.verdict.is_finite() { 0.0 } else { 1.0 });
}

pub(super) fn report(names: Arc<[String]>, total: &Decision, tensors: &[Decision]) -> GroupReport {
    GroupReport {
        names,
        total: total.verdict,
        tensors: tensors.iter().map(|tensor| tensor.verdict).collect(),
    }
}
