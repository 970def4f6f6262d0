//! Schedules and cost of the native CPU backend.

use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::plan::cost::Cost;
use crate::plan::geometry::{Axis, Geometry, Walk};
use crate::plan::margin::Margin;
use crate::plan::request::{Output, Request};
use crate::plan::schedule::Schedule;

/// Bytes of a panel: half of the second cache of a current core.
const PANEL_BYTES: usize = 1 << 20;

/// The bytes of a row of the narrowest panel that pays: a page. Xeon, 2 threads, 64 MiB of f32,
/// every column scaled, best of 30, panels against two sweeps: 16×1048576 8.5 ms against 24.9 ms,
/// 256×65536 7.7 ms against 13.1 ms (1024 columns); 512×32768 10.5 ms each way (512 columns), and
/// 5.9 ms against 3.4 ms where nothing violates; 4096×4096 41 ms against 12 ms (32 columns).
const NARROWEST_PANEL: usize = 4096;

/// One thread adds up a column of a panel: the bound on a chain of additions must hold for it.
const LONGEST_PANEL: usize = 1 << 19;

/// Bytes of a line of cache: slices share them where the innermost axis is kept.
const LINE: usize = 64;

/// The schedule that the backend would choose.
pub(super) fn choose(geometry: &Geometry, dtype: DType) -> Schedule {
    let walk = geometry.walk();
    let bytes = PANEL_BYTES / geometry.length().max(1);
    let pays = walk == Walk::Columns && bytes >= NARROWEST_PANEL;
    Schedule::Native { walk, panel: if pays { (bytes / dtype.size()) as u32 } else { 0 } }
}

/// Every schedule that gives the right result, panels in three widths.
pub(super) fn legal(geometry: &Geometry) -> Vec<Schedule> {
    let panels = [1, 3, 16].map(|panel| Schedule::Native { walk: Walk::Columns, panel });
    let walks = [Walk::Rows, Walk::Columns, Walk::Strided];
    let swept = walks.map(|walk| Schedule::Native { walk, panel: 0 });
    let mut legal = [swept, panels].concat();
    legal.retain(|schedule| check(schedule, geometry).is_ok());
    legal
}

/// Refuses what would not give the right result.
pub(super) fn check(schedule: &Schedule, geometry: &Geometry) -> Result<()> {
    let fastest = geometry.walk();
    let refused = match *schedule {
        Schedule::Native { walk: Walk::Strided, panel: 0 } => return Ok(()),
        Schedule::Native { walk, .. } if walk != fastest => {
            format!("the native backend walks these slices as {fastest}")
        }
        Schedule::Native { panel: 0, .. } => return Ok(()),
        Schedule::Native { walk: Walk::Columns, .. } if geometry.length() <= LONGEST_PANEL => {
            return Ok(());
        }
        Schedule::Native { walk: Walk::Columns, .. } => {
            format!("a panel of {} rows is over {LONGEST_PANEL}", geometry.length())
        }
        Schedule::Native { .. } => "only columns have panels".to_string(),
        _ => "it is a schedule of a GPU".to_string(),
    };
    Err(Error::IllegalSchedule { schedule: schedule.to_string(), reason: refused })
}

/// The longest chain of additions of f64 for a slice of any length.
///
/// A thread has at most 2²⁰ elements of it. The longest chain is that of a contiguous run: read as 8
/// streams of 4 lanes, a lane adds up 2¹⁵ elements in four levels of 16, 16, 16 and 8, of which it takes 2
/// to put the last levels together, 2 for the lanes, 8 for the streams, 7 for what is left of a step, and 1 to the
/// sum of the slice: 76. Every other walk has at most 16 rows, 33 for rows that are folded, and one for each of 16
/// halvings. The parts of threads are added in halves: 18 more of them, of which one is uneven, reach
/// the 2³⁷ elements of 1 TiB, which is the most that is planned. The search for the kink of a slice in L1
/// has 32 for a lane, 4 for the lanes, 15 for the tail, and 29 halvings.
const LONGEST_CHAIN: u32 = 96;

/// Squares or magnitudes of 16 bits that are added in f32 before f64 takes their sum. Squares are exact there. Of f16 neither
/// they nor such a sum come near the ends of f32; of bf16 they may, and are added in f64 then. Columns of 4096 × 1024 f16 of
/// which none is outside took 300 µs by f64 alone, 225 so (Zen 4, 2 threads).
pub(crate) const TOGETHER: usize = 8;

/// Sums run in f64, but for [`TOGETHER`]. Of other dtypes than f64 a slice of any length has fewer than 2²⁰ additions in a
/// chain, which is nothing beside the rounding of elements.
pub(super) fn margin(dtype: DType) -> Margin {
    match dtype {
        DType::F64 => Margin::double(LONGEST_CHAIN),
        DType::F16 | DType::BF16 => Margin::native(1 << 20).with_short_sums(TOGETHER),
        DType::F32 => Margin::native(1 << 20),
    }
}

/// The traffic of a schedule.
///
/// Memory is read once where the smallest part that holds whole slices fits the cache of a thread:
/// a row, a panel, or a matrix of a batch. Otherwise it is swept twice, the second time only over
/// lines that hold a violator. A store to a line that was not read fetches the line first; that is
/// not counted here, and no copy avoids it either.
pub(super) fn cost(
    schedule: &Schedule,
    geometry: &Geometry,
    request: &Request,
    _threads: usize,
    cache_bytes: usize,
) -> Cost {
    let size = request.dtype.size();
    let bytes = (size * geometry.elements()) as u64;
    let panels = matches!(schedule, Schedule::Native { panel, .. } if *panel > 0);
    let fits = size * inseparable(geometry) <= cache_bytes;
    let cached = panels || fits;
    let swept_again = if cached { 0 } else { bytes };
    let (read, read_again, written, written_again) = match request.output {
        Output::InPlace if request.update.is_some() => {
            let remembered = bytes * request.remembers();
            // What does not fit a cache is swept once more by the projection, after it was written, and by what
            // copies it.
            let swept = if fits { 0 } else { bytes };
            let copy = request.copy.map_or(0, |(_, dtype)| dtype.size() * geometry.elements());
            let seen = if copy == 0 { 0 } else { swept };
            let read = 2 * bytes + remembered + swept + seen;
            (read, swept_again, bytes + remembered + copy as u64, swept)
        }
        Output::InPlace => (bytes, swept_again, 0, bytes),
        // Kept slices are copied too, so the second sweep covers everything.
        Output::Into(_) => (bytes + swept_again, 0, bytes, 0),
        Output::Norms(_) => (bytes, 0, 0, 0),
    };
    let kept_inside = in_memory_order(geometry).last().is_some_and(|axis| axis.slice != 0);
    let sector = if kept_inside { (LINE / size) as u32 } else { 1 };
    Cost {
        elements: geometry.elements() as u64,
        read,
        written,
        read_again,
        written_again,
        read_sector: sector,
        write_sector: sector,
        // The sums, written and read; inside a cached part they never leave the cache.
        scratch: if cached { 0 } else { 16 * geometry.slices() as u64 },
        ..Cost::default()
    }
}

fn in_memory_order(geometry: &Geometry) -> Vec<Axis> {
    let mut axes = [&geometry.kept[..], &geometry.reduced[..]].concat();
    axes.sort_by_key(|axis| std::cmp::Reverse(axis.target));
    axes
}

/// Elements of the smallest part of memory that holds whole slices: everything from the outermost
/// reduced axis inward.
fn inseparable(geometry: &Geometry) -> usize {
    let axes = in_memory_order(geometry);
    axes.iter().skip_while(|axis| axis.slice != 0).map(|axis| axis.size).product()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Plan;
    use crate::plan::profile::DeviceProfile;
    use crate::{Axes, Layout, Projection, Update};

    fn plan(shape: &[usize], axes: impl Into<Axes>) -> Plan {
        let layout = Layout::contiguous(shape).unwrap();
        let request = Request::in_place(Projection::max_norm(1.0, axes), layout);
        Plan::new(&request, &DeviceProfile::native(2)).unwrap()
    }

    #[test]
    fn what_fits_the_cache_is_read_once() {
        let bytes =
            |plan: Plan| (plan.cost().bytes_per_element(0.0), plan.cost().bytes_per_element(1.0));
        assert_eq!(bytes(plan(&[4096, 4096], 1)), (4.0, 8.0));
        assert_eq!(bytes(plan(&[4096, 4096], 0)), (4.0, 12.0));
        assert_eq!(bytes(plan(&[1, 1 << 20], 1)), (4.0, 12.0));
        // One matrix, a batch of small ones, and panels.
        assert_eq!(bytes(plan(&[784, 256], 0)), (4.0, 8.0));
        assert_eq!(bytes(plan(&[64, 512, 512], 1)), (4.0, 8.0));
        assert_eq!(bytes(plan(&[64, 1 << 18], 0)), (4.0, 8.0));
        assert_eq!(bytes(plan(&[256, 256, 256], [0, 2])), (4.0, 12.0));
    }

    #[test]
    fn a_copy_is_written_while_weights_are_in_a_cache() {
        let bytes = |shape: &[usize], axes: i32, copied: bool| {
            let layout = Layout::contiguous(shape).unwrap();
            let request = Request::in_place(Projection::max_norm(1.0, axes), layout);
            let request = request.after(Update::sgd(0.1), layout);
            let request = if copied { request.copied_to(layout, DType::BF16) } else { request };
            let cost = Plan::new(&request, &DeviceProfile::native(2)).unwrap().cost();
            (cost.bytes_per_element(0.0), cost.bytes_per_element(1.0))
        };
        for (shape, axes, apart, copied) in [
            ([4096, 4096], 1, (12.0, 12.0), (14.0, 14.0)),
            // Swept once more by the projection, and by the copy.
            ([4096, 4096], 0, (16.0, 24.0), (22.0, 30.0)),
            // In panels, after all of it was updated.
            ([64, 1 << 18], 0, (16.0, 20.0), (22.0, 26.0)),
        ] {
            assert_eq!((bytes(&shape, axes, false), bytes(&shape, axes, true)), (apart, copied));
        }
    }

    #[test]
    fn few_rows_are_walked_in_panels() {
        let schedule = |rows| plan(&[rows, 1 << 16], 0).schedule();
        assert_eq!(schedule(256), Schedule::Native { walk: Walk::Columns, panel: 1024 });
        assert_eq!(schedule(257), Schedule::Native { walk: Walk::Columns, panel: 0 });
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let plan = plan(&[8, 8], 1);
        let legal = legal(plan.geometry());
        for (walk, panel) in [(Walk::Columns, 0), (Walk::Rows, 16), (Walk::Strided, 16)] {
            let forced = Schedule::Native { walk, panel };
            assert!(!legal.contains(&forced), "{forced}");
            let forced = Plan::with_schedule(plan.request(), plan.profile(), forced);
            assert!(matches!(forced, Err(Error::IllegalSchedule { .. })), "{forced:?}");
        }
        assert_eq!(legal.len(), 2);
    }
}
