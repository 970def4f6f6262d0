//! Every schedule against a naive loop in f64.

mod dtypes;
mod edges;
mod general;
mod groups;
mod halves;
mod instructions;
mod naive;
mod neighbours;
mod planted;
mod policies;
mod random;
mod range;
mod same_bits;
mod short;
mod walks;

use crate::plan::Plan;
use crate::plan::profile::{DeviceKind, DeviceProfile};
use crate::plan::request::Request;

/// A profile whose cache holds so little that small shapes are split as large ones are.
fn profile(cache_bytes: usize) -> DeviceProfile {
    let kind = DeviceKind::Native { threads: 2, cache_bytes };
    DeviceProfile { name: "test".to_string(), kind }
}

/// Every legal schedule, with caches that split even small shapes.
fn plans(request: &Request) -> Vec<Plan> {
    let caches = [16, 100, 700, 1 << 20].map(profile);
    let of = |cache: &DeviceProfile| {
        let schedules = Plan::legal_schedules(request, cache).unwrap();
        let plan = |schedule| Plan::with_schedule(request, cache, schedule).unwrap();
        schedules.into_iter().map(plan).collect::<Vec<_>>()
    };
    caches.iter().flat_map(of).collect()
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}
