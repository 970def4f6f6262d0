//! Schedules and cost of the native CPU backend.

use crate::error::{Error, Result};
use crate::plan::cost::Cost;
use crate::plan::geometry::{Geometry, Walk};
use crate::plan::margin::Margin;
use crate::plan::request::{Output, Request};
use crate::plan::schedule::Schedule;

/// Most rows of a panel.
const PANEL_ROWS: usize = 1024;
/// Bytes of a panel and its sums.
const PANEL_BYTES: usize = 512 << 10;

/// The schedule that the backend would choose.
pub(super) fn choose(geometry: &Geometry) -> Schedule {
    let walk = geometry.walk();
    let rows = std::env::var("PANEL_ROWS").map_or(PANEL_ROWS, |v| v.parse().unwrap());
    let bytes = std::env::var("PANEL_BYTES").map_or(PANEL_BYTES, |v| v.parse().unwrap());
    let panel = match walk {
        Walk::Columns if geometry.length() <= rows => {
            (bytes / (4 * geometry.length() + 12)).next_multiple_of(16)
        }
        _ => 0,
    };
    Schedule::Native { walk, panel: panel as u32 }
}

/// Every schedule that gives the right result.
pub(super) fn legal(geometry: &Geometry) -> Vec<Schedule> {
    let mut legal = vec![Schedule::Native { walk: Walk::Strided, panel: 0 }];
    let walk = geometry.walk();
    if walk != Walk::Strided {
        legal.push(Schedule::Native { walk, panel: 0 });
    }
    if walk == Walk::Columns && geometry.length() <= LONGEST_PANEL {
        legal.extend([1, 3, 16].map(|panel| Schedule::Native { walk, panel }));
    }
    legal
}

/// One thread adds up a column of a panel: the bound on a chain of additions must hold for it.
const LONGEST_PANEL: usize = 1 << 19;

/// Refuses what [`legal`] does not list.
pub(super) fn check(schedule: &Schedule, geometry: &Geometry) -> Result<()> {
    let legal = match schedule {
        Schedule::Native { walk: Walk::Columns, panel } if *panel > 0 => {
            geometry.walk() == Walk::Columns && geometry.length() <= LONGEST_PANEL
        }
        Schedule::Native { walk, panel: 0 } => *walk == Walk::Strided || *walk == geometry.walk(),
        _ => false,
    };
    if legal {
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
        Output::Norms => (0, 0),
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
