//! Schedules and cost of the native CPU backend.

use crate::error::{Error, Result};
use crate::plan::cost::Cost;
use crate::plan::geometry::{Geometry, Walk};
use crate::plan::margin::Margin;
use crate::plan::request::{Output, Request};
use crate::plan::schedule::Schedule;

/// The schedule that the backend would choose.
pub(super) fn choose(geometry: &Geometry) -> Schedule {
    Schedule::Native { walk: geometry.walk() }
}

/// Every schedule that gives the right result.
pub(super) fn legal(geometry: &Geometry) -> Vec<Schedule> {
    let mut legal = vec![Schedule::Native { walk: Walk::Strided }];
    if geometry.walk() != Walk::Strided {
        legal.push(choose(geometry));
    }
    legal
}

/// Refuses what [`legal`] does not list.
pub(super) fn check(schedule: &Schedule, geometry: &Geometry) -> Result<()> {
    if legal(geometry).contains(schedule) {
        return Ok(());
    }
    let reason = format!("the native backend walks these slices as {}", geometry.walk());
    Err(Error::IllegalSchedule { schedule: schedule.to_string(), reason })
}

/// Sums run in f64; a slice of any length has fewer than 2²⁰ additions in a chain.
pub(super) fn margin() -> Margin {
    Margin::f64(1 << 20)
}

/// The traffic of a schedule.
pub(super) fn cost(
    _schedule: &Schedule,
    geometry: &Geometry,
    request: &Request,
    _threads: usize,
    cache_bytes: usize,
) -> Cost {
    let bytes = 4 * geometry.elements() as u64;
    let cached = 4 * geometry.length() <= cache_bytes;
    let (written, written_again) = match request.output {
        Output::InPlace => (0, bytes),
        Output::Into(_) => (bytes, 0),
        Output::Norms(_) => (0, 0),
    };
    Cost {
        elements: geometry.elements() as u64,
        read: bytes,
        written,
        read_again: if cached { 0 } else { bytes },
        written_again,
        read_sector: 1,
        write_sector: 1,
        ..Cost::default()
    }
}
