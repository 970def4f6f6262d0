//! What of a slice is above its kink, and the step that this leads to.

use super::LINE;
use super::lanes::{across, largest_across};

/// What of a slice is above a kink.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Above {
    pub total: f64,
    pub count: f64,
    /// The distance of the nearest element to the kink, on either side.
    pub gap: f64,
}

impl Above {
    pub const NONE: Above = Above { total: 0.0, count: 0.0, gap: f64::INFINITY };

    #[inline(always)]
    pub fn merge(self, other: Above) -> Above {
        Above {
            total: self.total + other.total,
            count: self.count + other.count,
            gap: self.gap.min(other.gap),
        }
    }

    /// Of the columns that make one slice.
    #[inline(always)]
    pub fn of_all(columns: [Above; LINE]) -> Above {
        Above {
            total: across(columns.map(|above| above.total)),
            count: across(columns.map(|above| above.count)),
            gap: -largest_across(columns.map(|above| -above.gap)),
        }
    }

    /// To where a parabola has the sum c, whose slope grows by `bend`; to its lowest point if it has nowhere.
    #[inline(always)]
    pub fn bent_step(&self, c: f64, bend: f64) -> f64 {
        let (over, slope) = (self.total - c, self.count.max(1.0));
        let root = (slope * slope - 2.0 * bend.max(0.0) * over).max(0.0).sqrt();
        -2.0 * over / (slope + root)
    }

    /// Newton's.
    #[inline(always)]
    pub fn step(&self, c: f64) -> f64 {
        (c - self.total) / self.count.max(1.0)
    }
}
