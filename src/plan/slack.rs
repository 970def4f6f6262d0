//! How much room a computed norm needs around a radius: for its own error, and for that of elements
//! that are rounded to 16 bits.

use crate::dtype::{DType, Grain};
use crate::norm::Norm;
use crate::plan::margin::{Bounds, Margin, toward_zero};
use crate::projection::Rounding;

/// The room around a radius, for slices of one length and dtype.
///
/// A slice that is scaled aims at [`Slack::inside`] and is rounded to its dtype, which may take its norm
/// up to [`Slack::above`]: `T = c·(1 + s) + a`. That is the bound of 16-bit slices, and T = c for f32
/// and f64. Where elements are rounded toward zero, c itself is, and a slice may fall twice as far
/// below its target as by rounding to nearest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Slack {
    /// The relative error of what is compared.
    pub sigma: f64,
    /// How far inside the radius a scaled slice lands, relatively.
    pub kappa: f64,
    /// What rounding elements may add to a norm.
    pub up: Grain,
    /// What it may take from one.
    pub down: Grain,
    /// Whether a radius keeps the precision of f64, and norms its range: where any element is one.
    pub double: bool,
}

impl Slack {
    pub fn new(
        norm: Norm,
        rounding: Rounding,
        margin: Margin,
        dtype: DType,
        length: usize,
    ) -> Self {
        Self::of_all(norm, rounding, margin, [(dtype, length)])
    }

    /// The room of tensors under one norm, each so many elements of its dtype.
    pub fn of_all(
        norm: Norm,
        rounding: Rounding,
        margin: Margin,
        tensors: impl IntoIterator<Item = (DType, usize)>,
    ) -> Self {
        let (mut double, mut length) = (false, 0);
        let Grain { mut relative, mut absolute } = DType::F32.grain();
        for (dtype, elements) in tensors {
            let grain = dtype.grain();
            relative = grain.relative.max(relative);
            absolute = grain.absolute.max(absolute);
            length += if grain.absolute > 0.0 { elements } else { 0 };
            double |= dtype == DType::F64;
        }
        let Bounds { sigma, kappa } = margin.of(norm);
        // The norm of a slice whose every element is off by the same.
        let ones = match norm {
            Norm::L1 => length as f64,
            Norm::L2 => (length as f64).sqrt(),
            Norm::Linf => 1.0,
            Norm::Lp(p) => (length as f64).powf(p.value().recip()),
        };
        let none = Grain { relative: 0.0, absolute: 0.0 };
        let halves =
            |count: f64| Grain { relative: count * relative, absolute: count * absolute * ones };
        let exact = Slack { sigma, kappa, up: none, down: none, double };
        match rounding {
            Rounding::Feasible => Slack { up: halves(1.0), down: halves(1.0), ..exact },
            Rounding::TowardZero => Slack { down: halves(2.0), ..exact },
            Rounding::Nearest => Slack { sigma: 0.0, kappa: 0.0, ..exact },
        }
    }

    /// The radius that is worked with: rounded toward zero to f32, and without a sign: a factor of
    /// -0 would turn the signs of the elements over.
    pub fn radius(&self, c: f64) -> f64 {
        if self.double { c.abs() } else { toward_zero(c.abs()) }
    }

    /// The largest norm that is inside.
    pub fn above(&self, c: f64) -> f64 {
        if c == 0.0 { 0.0 } else { c * (1.0 + self.up.relative) + self.up.absolute }
    }

    /// The smallest norm that is inside where c is the least.
    pub fn below(&self, c: f64) -> f64 {
        (c * (1.0 - self.down.relative) - self.down.absolute).max(0.0)
    }

    /// What a slice aims at that is too long: rounded up, it is κ under [`Slack::above`].
    pub fn inside(&self, c: f64) -> f64 {
        (c * (1.0 - self.kappa) - self.kappa * self.up.absolute).max(0.0)
    }

    /// What a slice aims at that is too short: rounded down, it is κ over [`Slack::below`].
    pub fn outside(&self, c: f64) -> f64 {
        c * (1.0 + self.kappa) + self.kappa * self.down.absolute
    }

    /// The norms that are inside where slices are to have norm c.
    pub fn band(&self, c: f64) -> (f64, f64) {
        (self.below(c) * (1.0 - self.kappa), self.above(c) * (1.0 + self.kappa))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_rounded_up_is_inside_the_second_time() {
        for dtype in DType::ALL {
            for (c, length) in [(1.0, 10), (1e-6, 1000), (1e-9, 100), (300.0, 1 << 20)] {
                let slack =
                    Slack::new(Norm::L2, Rounding::Feasible, Margin::f32(40), dtype, length);
                let landed = slack.inside(c) * (1.0 + slack.up.relative) + slack.up.absolute;
                let room = slack.above(c) * (1.0 - slack.kappa);
                assert!(landed <= room * (1.0 + 1e-15) || slack.inside(c) == 0.0, "{dtype} {c}");
                let (low, high) = slack.band(c);
                assert!(low <= slack.below(c) && high >= slack.above(c), "{dtype} {c}");
            }
        }
    }

    #[test]
    fn toward_zero_the_radius_itself_is_the_bound() {
        let of =
            |rounding, c| Slack::new(Norm::L2, rounding, Margin::f32(1), DType::BF16, 4).above(c);
        assert_eq!(of(Rounding::TowardZero, 1.0), 1.0);
        assert_eq!(of(Rounding::Feasible, 1.0), 1.0 + 2f64.powi(-8));
        assert_eq!(of(Rounding::Feasible, 0.0), 0.0);
        // What is cut off is twice what rounding to nearest takes, and inside all the same.
        let (margin, rounding) = (Margin::f32(1), Rounding::TowardZero);
        let slack = Slack::new(Norm::L2, rounding, margin, DType::BF16, 4);
        let (low, high) = slack.band(1.0);
        assert!(low < 1.0 - 2f64.powi(-7) && high < 1.0 + 2.0 * slack.kappa);
        assert!(slack.outside(1.0) * (1.0 - 2f64.powi(-7)) > slack.below(1.0));
    }
}
