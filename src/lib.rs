#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod axes;
mod buffer;
mod context;
mod cpu;
mod dtype;
mod error;
pub mod gpu;
mod host;
mod indices;
mod layout;
mod model;
mod norm;
#[doc = include_str!("docs/numerics.md")]
pub mod numerics {}
mod operands;
mod optimizer;
#[doc = include_str!("docs/peers.md")]
pub mod peers {}
mod pending;
pub mod plan;
mod projection;
pub mod reference;
mod report;
#[doc = include_str!("docs/schedules.md")]
pub mod schedules {}
pub mod shader;
mod shard;
mod update;

pub use axes::{Axes, AxisList, WeightLayout};
pub use buffer::DeviceBuffer;
pub use context::Context;
pub use dtype::{DType, Element, Grain, Precision};
pub use error::{Error, Result};
pub use gpu::{Adapter, adapters, adapters_async};
pub use half::{bf16, f16};
pub use indices::{Index, Indices};
pub use layout::{Dims, Layout, MAX_RANK};
pub use model::{
    Clip, Decay, Examples, Filter, GivenNorm, Group, GroupReport, Model, ModelStep, Operation,
    PendingGroupReport, PendingStepReport, Rules, StepReport, Verdict,
};
pub use norm::{Norm, Power};
pub use optimizer::{Hyperball, Optimizer};
pub use pending::PendingReport;
pub use plan::Plan;
pub use plan::profile::DeviceProfile;
pub use plan::request::Request;
pub use plan::schedule::Schedule;
pub use projection::{Compat, Formula, OnNonFinite, Place, Projection, Rounding, Set, ZeroSlice};
pub use report::Report;
pub use shard::{Shard, Statistics};
pub use update::Update;

/// Max-norm over `axes` with radius `c`, in place: see [`Projection::max_norm`].
///
/// # Errors
/// As [`Context::project`].
pub fn project_max_norm(buffer: &DeviceBuffer, axes: impl Into<Axes>, c: f64) -> Result<()> {
    buffer.context().project(&Projection::max_norm(c, axes), buffer)
}

/// Clip by norm over `axes`, in place: see [`Projection::clip_norm`].
///
/// # Errors
/// As [`Context::project`].
pub fn clip_norm(buffer: &DeviceBuffer, axes: impl Into<Axes>, c: f64) -> Result<()> {
    buffer.context().project(&Projection::clip_norm(c, axes), buffer)
}

/// Clip by value, in place: see [`Clip::value`]. A loop keeps a [`Group`] instead, which is planned
/// and bound once.
///
/// # Errors
/// [`Error::Bounds`].
pub fn clip_value(buffer: &DeviceBuffer, low: f64, high: f64) -> Result<()> {
    let model = Model::unnamed(buffer.context(), [buffer])?;
    Group::new(Clip::value(low, high), &model)?.enqueue()
}

/// Clip by global norm, in place: see [`Clip::global_norm`]. A loop keeps a [`Group`] instead,
/// which is planned and bound once.
///
/// ```
/// use normproj::{Context, clip_global_norm};
/// let context = Context::cpu();
/// let (kernel, bias) = (context.upload(&[3.0], [1])?, context.upload(&[4.0], [1])?);
/// let norm = clip_global_norm(&context, [&kernel, &bias], 1.0)?.wait()?.total().norm;
/// assert_eq!(norm, 5.0);
/// # Ok::<(), normproj::Error>(())
/// ```
///
/// # Errors
/// As [`Group::new`].
pub fn clip_global_norm<'a>(
    context: &Context,
    tensors: impl IntoIterator<Item = &'a DeviceBuffer>,
    c: f64,
) -> Result<PendingGroupReport> {
    Group::new(Clip::global_norm(c), &Model::unnamed(context, tensors)?)?.run()
}
