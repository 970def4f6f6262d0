//! What one kernel took, as `normproj bench --json` says it.

use serde::Serialize;

use super::calls::Calls;
use super::streams::Ceilings;

/// What a plan may hold beside the data, as a part of them.
const MOST_SCRATCH: f64 = 0.01;
/// What it may hold in any case: the partial sums that keep a device busy do not shrink with a tensor.
const ALWAYS_SCRATCH: u64 = 512 << 10;

/// What one kernel took.
#[derive(Debug, Default, Clone, Serialize)]
pub struct Measurement {
    pub id: String,
    pub backend: String,
    pub kernel: String,
    pub shape: Vec<usize>,
    pub axes: String,
    pub dtype: String,
    pub violating: f64,
    pub bytes: f64,
    pub ms: f64,
    pub wall_ms: f64,
    /// Of a copy of the same bytes, or of a read where nothing is written; none if it was not timed.
    pub copy_ms: Option<f64>,
    pub gbps: f64,
    pub fraction: f64,
    pub dispatches: u32,
    pub record_us: f64,
    /// What this plan compiles, allocates and binds; less where a case before had the same programs.
    pub prepare_ms: f64,
    /// What a caller waits for; where nothing violates, and nowhere else.
    pub calls: Option<Calls>,
    #[serde(flatten)]
    pub scratch: Scratch,
    /// Of a step with its projection: the same one after the other.
    pub apart: Option<Apart>,
    pub verified: bool,
}

/// Bytes that are held beside the data; unknown on the CPU backend, which allocates while it works.
#[derive(Debug, Default, Clone, Copy, Serialize)]
pub struct Scratch {
    #[serde(rename = "scratch_bytes")]
    pub bytes: Option<u64>,
    /// Of the bytes of the data.
    #[serde(rename = "scratch_fraction")]
    pub fraction: Option<f64>,
    /// Whether that is at most 1% of the data, or 512 KiB.
    #[serde(rename = "scratch_small")]
    pub small: Option<bool>,
}

impl Scratch {
    pub fn of(bytes: u64, data: u64) -> Self {
        let fraction = bytes as f64 / data.max(1) as f64;
        let small = fraction <= MOST_SCRATCH || bytes <= ALWAYS_SCRATCH;
        Scratch { bytes: Some(bytes), fraction: Some(fraction), small: Some(small) }
    }
}

/// An update and a projection one after the other.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Apart {
    pub bytes: f64,
    pub ms: f64,
    /// How many times as long as both in one.
    pub times: f64,
}

/// Times of one kernel.
pub struct Times {
    pub ms: f64,
    pub wall_ms: f64,
    pub copy_ms: Option<f64>,
    pub record_us: f64,
}

impl Measurement {
    pub fn of(bytes: f64, writes: bool, times: Times, ceilings: &Ceilings) -> Self {
        let Times { ms, wall_ms, copy_ms, record_us } = times;
        let fraction = ceilings.milliseconds(bytes, writes) / ms;
        let gbps = bytes / ms * 1e-6;
        Measurement { bytes, ms, wall_ms, copy_ms, gbps, fraction, record_us, ..Self::default() }
    }

    /// The cells of a table under [`HEAD`].
    pub fn cells(&self) -> Vec<String> {
        let or_nothing = |cell: Option<String>| cell.unwrap_or_default();
        let Scratch { fraction, small, .. } = self.scratch;
        let too_much = if small == Some(false) { " too much" } else { "" };
        vec![
            self.id.clone(),
            format!("{}%", self.violating * 100.0),
            format!("{:.4}", self.ms),
            format!("{:.0}", self.gbps),
            format!("{:.2}", self.fraction),
            or_nothing(self.copy_ms.map(|copy| format!("{:.2}", copy / self.ms))),
            or_nothing(self.apart.map(|apart| format!("{:.2}", apart.times))),
            self.dispatches.to_string(),
            format!("{:.1}", self.record_us),
            format!("{:.4}", self.wall_ms),
            or_nothing(self.calls.map(|calls| format!("{:.0}", calls.first_us))),
            or_nothing(self.calls.map(|calls| format!("{:.1}", calls.later_us))),
            or_nothing(fraction.map(|part| format!("{:.2}%{too_much}", 100.0 * part))),
            self.kernel.clone(),
        ]
    }
}

pub const HEAD: [&str; 14] = [
    "case",
    "outside",
    "ms",
    "GB/s",
    "ceiling",
    "copy",
    "apart",
    "disp",
    "rec µs",
    "wall ms",
    "first µs",
    "call µs",
    "scratch",
    "kernel",
];

#[cfg(test)]
mod tests {
    use super::*;
    use normproj::{DeviceProfile, Layout, Plan, Projection, Request};

    #[test]
    fn scratch_beyond_both_bounds_is_told() {
        let small = |bytes, data| Scratch::of(bytes, data).small;
        assert_eq!(small(1 << 20, 100 << 20), Some(true)); // 1%
        assert_eq!(small(512 << 10, 1), Some(true));
        assert_eq!(small((1 << 20) + 1, 100 << 20), Some(false));
        let scratch = Scratch::of((1 << 20) + 1, 100 << 20);
        let cells = Measurement { scratch, ..Measurement::default() }.cells();
        assert!(cells.iter().any(|cell| cell == "1.00% too much") && cells.len() == HEAD.len());
    }

    #[test]
    fn plans_hold_little_beside_the_data() {
        use crate::bench::cases;
        for profile in [DeviceProfile::h200(), DeviceProfile::browser()] {
            for case in cases::projections().iter().chain(&cases::growing_projections()) {
                let layout = Layout::contiguous(&case.shape).expect("a shape");
                let projection = Projection::max_norm(1.0, case.axes);
                let request = Request::in_place(projection, layout).of(case.dtype);
                let plan = Plan::new(&request, &profile).expect("a legal plan");
                let data = (case.dtype.size() * case.elements()) as u64;
                let scratch = Scratch::of(plan.steps().scratch_bytes(), data);
                assert_eq!(scratch.small, Some(true), "{}: {scratch:?}", case.id);
            }
        }
    }
}
