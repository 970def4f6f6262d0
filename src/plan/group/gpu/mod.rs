//! Groups on a device that runs WGSL: chunks of all tensors share three dispatches.

mod build;
mod chunks;
mod cost;
mod parts;
mod policy;
mod sets;
mod steps;

pub(super) use build::build;
pub(super) use cost::{cost, native_cost};
pub(super) use policy::{chain, choose, margin, native_margin};
pub use sets::Bind;
pub use steps::{GroupStep, GroupSteps};
