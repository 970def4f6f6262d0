//! A grid of schedules to choose from by measurement.

use normproj::plan::geometry::Walk;
use normproj::plan::schedule::Tiling;
use normproj::{DeviceProfile, Plan, Request, Schedule};

/// Every legal schedule of a grid, the planner's own choice first.
pub fn grid(request: &Request, profile: &DeviceProfile) -> normproj::Result<Vec<Schedule>> {
    let chosen = Plan::new(request, profile)?;
    let geometry = chosen.geometry();
    let (walk, length) = (geometry.walk(), geometry.length() as u32);
    let mut all = vec![chosen.schedule()];
    let powers = |from: u32, to: u32| (from..=to).map(|exponent| 1u32 << exponent);
    for width in [4, 1] {
        let steps = if walk == Walk::Columns { length } else { length / width };
        for lanes in powers(6, 10) {
            for fan in powers(0, 10).filter(|&fan| fan <= lanes) {
                let tiling = Tiling { walk, width, tile: lanes / fan, fan };
                let held = steps.div_ceil(fan).max(1);
                all.push(Schedule::Resident { tiling, held });
                all.push(Schedule::Streamed { tiling });
                // Twice the steps are one chunk, as the steps are.
                let terms = [8, 16, 32, 64, 128, 256].into_iter();
                for terms in terms.filter(|terms| fan * terms < 2 * steps) {
                    all.push(Schedule::Partial { tiling, chunk: fan * terms, decide: false });
                }
            }
        }
    }
    let legal = |schedule: &Schedule| Plan::with_schedule(request, profile, *schedule).is_ok();
    let mut kept: Vec<Schedule> = Vec::new();
    for schedule in all {
        if sensible(&schedule, walk) && !kept.contains(&schedule) && legal(&schedule) {
            kept.push(schedule);
        }
    }
    Ok(kept)
}

/// Leaves out what cannot be fast: narrow loads, tiles of columns under 64 bytes, and rows of which
/// several share a workgroup without being resident.
fn sensible(schedule: &Schedule, walk: Walk) -> bool {
    let (Schedule::Resident { tiling, .. }
    | Schedule::Streamed { tiling }
    | Schedule::Partial { tiling, .. }) = schedule
    else {
        return false;
    };
    let Tiling { width, tile, fan, .. } = *tiling;
    match (walk, schedule) {
        (Walk::Rows, Schedule::Resident { .. }) => width == 4,
        (Walk::Rows, _) => tile == 1 && width == 4 && fan >= 128,
        (Walk::Columns, Schedule::Streamed { .. }) => {
            width == 4 && (4..=8).contains(&tile) && tile * fan >= 256
        }
        (Walk::Columns, _) => width == 4 && (8..=32).contains(&tile) && tile * fan <= 512,
        (Walk::Strided, _) => tile * fan >= 128,
    }
}
