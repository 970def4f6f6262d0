//! Planning for a device that runs WGSL.

mod cost;
mod legal;
mod pieces;
mod policy;
pub mod steps;

pub(super) use cost::cost;
pub(super) use legal::{check, margin, schedules};
pub(super) use policy::choose;
pub(super) use steps::build;
