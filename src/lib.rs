#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod axes;
mod buffer;
mod context;
mod cpu;
mod dtype;
mod error;
pub mod gpu;
mod layout;
mod model;
mod norm;
mod pending;
pub mod plan;
mod projection;
pub mod reference;
mod report;
pub mod shader;

pub use axes::{Axes, AxisList, WeightLayout};
pub use buffer::DeviceBuffer;
pub use context::Context;
pub use dtype::DType;
pub use error::{Error, Result};
pub use gpu::{Adapter, adapters, adapters_async};
pub use layout::{Dims, Layout, MAX_RANK};
pub use model::{
    Clip, Decay, Filter, GivenNorm, Group, GroupReport, Model, ModelStep, Operation,
    PendingGroupReport, PendingStepReport, Rules, StepReport, Verdict,
};
pub use norm::Norm;
pub use pending::PendingReport;
pub use plan::Plan;
pub use plan::profile::DeviceProfile;
pub use plan::request::Request;
pub use plan::schedule::Schedule;
pub use projection::{Compat, OnNonFinite, Projection, Rounding, Set};
pub use report::Report;

/// Max-norm over `axes` with radius `c`, in place: see [`Projection::max_norm`].
///
/// # Errors
/// As [`Context::project`].
pub fn project_max_norm(buffer: &DeviceBuffer, axes: impl Into<Axes>, c: f64) -> Result<()> {
    buffer.context().project(&Projection::max_norm(c, axes), buffer)
}
