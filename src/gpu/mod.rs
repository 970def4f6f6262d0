//! The only home of wgpu: adapters, devices, buffers, pipelines, recording and reading back.

mod adapter;
mod advance;
mod bound;
mod device;
mod dispatch;
mod group;
mod memory;
mod pipeline;
mod prepared;
mod readback;
mod scope;
mod step;

pub use adapter::{Adapter, adapters, adapters_async};
pub(crate) use advance::Advance;
pub use bound::Bound;
pub use device::Gpu;
pub(crate) use group::PendingVerdicts;
pub use group::{BoundGroup, PreparedGroup};
pub use prepared::Prepared;
pub use step::BoundStep;

pub(crate) use adapter::{best, named};
pub(crate) use memory::GpuBuffer;
pub(crate) use readback::PendingSummaries;
