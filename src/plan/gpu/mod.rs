//! Planning for a device that runs WGSL.

mod build;
mod cost;
mod kinds;
mod legal;
mod piece_params;
mod pieces;
mod policy;
mod radii;
mod rows;
pub mod steps;
mod windows;

pub(super) use build::{build, grid};
pub(super) use cost::cost;
pub(super) use legal::{check, margin, schedules};
pub(super) use policy::choose;
pub(super) use rows::check_table;
