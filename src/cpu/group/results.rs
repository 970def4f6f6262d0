//! What a clip found and did, on the device and for the host.

use std::sync::Arc;

use super::decide::Decision;
use crate::buffer::{DeviceBuffer, Storage};
use crate::dtype::DType;
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
    let mut fill = |region, value: &dyn Fn(&Decision) -> f64| {
        let first = results.layout().offset() + plan.results().start(region);
        let values = std::iter::once(total).chain(tensors).map(value);
        match plan.results().dtype() {
            DType::F64 => put(&mut elements.of_mut::<f64>()[first..], values),
            _ => put(&mut elements.of_mut::<f32>()[first..], values.map(|value| value as f32)),
        }
    };
    // Beyond its dtype a norm is infinite; NaN stays NaN.
    fill(Region::Norm, &|one| one.norm.unbounded());
    fill(Region::Scale, &|one| one.verdict.scale);
    if norm == Norm::L2 {
        fill(Region::HalfSquare, &|one| one.half_square());
    }
    fill(Region::NonFinite, &|one| if one.verdict.is_finite() { 0.0 } else { 1.0 });
}

fn put<T>(places: &mut [T], values: impl Iterator<Item = T>) {
    places.iter_mut().zip(values).for_each(|(place, value)| *place = value);
}

pub(super) fn report(names: Arc<[String]>, total: &Decision, tensors: &[Decision]) -> GroupReport {
    GroupReport {
        names,
        total: total.verdict,
        tensors: tensors.iter().map(|tensor| tensor.verdict).collect(),
    }
}
