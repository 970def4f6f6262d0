//! How chunks are made.

use crate::error::{Error, Result};
use crate::plan::profile::GpuLimits;

/// The sizes that a plan of many tensors on a GPU can choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct GroupSchedule {
    /// Lanes of a workgroup, a power of two.
    pub lanes: u32,
    /// Loads of a lane from one chunk.
    pub loads: u32,
}

/// The most loads of a lane: its chain of additions is a cascade of 16 by 16.
const MOST_LOADS: u32 = 256;
/// Bytes of workgroup memory for each lane: an accumulator, which is of f64 at most.
pub(super) const MEMORY_OF_LANE: u32 = 24;

impl GroupSchedule {
    pub(crate) fn check(&self, limits: &GpuLimits) -> Result<()> {
        let refuse =
            |reason: String| Err(Error::IllegalSchedule { schedule: self.to_string(), reason });
        let most = limits.invocations.min(limits.workgroup_memory / MEMORY_OF_LANE);
        // Two lanes have the edges of a run.
        if !self.lanes.is_power_of_two() || self.lanes < 2 || self.lanes > most {
            return refuse(format!("the device has workgroups of 2 to {most} lanes"));
        }
        if !(1..=MOST_LOADS).contains(&self.loads) {
            return refuse(format!("a lane has 1 to {MOST_LOADS} loads"));
        }
        Ok(())
    }

    /// Schedules that give the right result on a device, in representative sizes.
    pub(crate) fn legal(limits: &GpuLimits) -> Vec<GroupSchedule> {
        let sizes = [2, 64, 256, 1024].into_iter();
        let all = sizes.flat_map(|lanes| [1, 5, 64].map(|loads| GroupSchedule { lanes, loads }));
        all.filter(|schedule| schedule.check(limits).is_ok()).collect()
    }
}

impl std::fmt::Display for GroupSchedule {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "chunks of {} lanes × {} loads", self.lanes, self.loads)
    }
}
