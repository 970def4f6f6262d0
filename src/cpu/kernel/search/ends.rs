//! Where the elements of slices end, and which are close to that.

use std::array::from_fn;

use super::LINE;
use super::steps::One;
use crate::cpu::number::Real;

/// Where the elements of slices side by side end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ends<R, const N: usize> {
    /// The largest of each, or zero.
    pub from: [R; N],
    pub deltas: [R; N],
    /// Elements that are not farther than this from their kink are told one by one.
    pub widths: [R; N],
    /// Whether all are told from zero, which takes an operation less.
    pub low: bool,
}

impl<R: Real> Ends<R, LINE> {
    /// Of a line of slices. Of those that are done nothing is above.
    #[inline(always)]
    pub fn of(slices: &[One]) -> Self {
        let low = slices.iter().all(|one| one.done || one.from == 0.0);
        let or =
            |i: usize, value: f64, done: f64| R::real_of(if slices[i].done { done } else { value });
        Ends {
            from: from_fn(|i| or(i, slices[i].from, 0.0)),
            deltas: from_fn(|i| or(i, slices[i].delta, f64::NEG_INFINITY)),
            widths: from_fn(|i| R::real_of(slices[i].width)),
            low,
        }
    }

    /// Of columns that make one slice.
    #[inline(always)]
    pub fn spread(one: &One) -> Self {
        let [from, deltas, widths] =
            [one.from, one.delta, one.width].map(|value| [R::real_of(value); LINE]);
        Ends { from, deltas, widths, low: one.from == 0.0 }
    }
}

impl<R: Real> Ends<R, LINE> {
    /// Elements of a line that are close, in lanes of registers that hold one.
    #[inline(always)]
    pub fn collect(
        &self,
        line: &[R; LINE],
        mut lanes: u8,
        magnitudes: bool,
        close: &mut Vec<Close>,
    ) {
        while lanes != 0 {
            for i in (lanes.trailing_zeros() as usize..LINE).step_by(R::WIDTH) {
                let over = self.deltas[i] - (self.from[i] - value(line[i], magnitudes));
                if over.magnitude() <= self.widths[i] {
                    close.push(Close { slice: i as u32, over: over.into() });
                }
            }
            lanes &= lanes - 1;
        }
    }
}

/// An element near the kink of its slice.
#[derive(Debug, Clone, Copy)]
pub(super) struct Close {
    pub slice: u32,
    /// How far it is above.
    pub over: f64,
}

/// The number that moves.
#[inline(always)]
pub(super) fn value<R: Real>(x: R, magnitudes: bool) -> R {
    if magnitudes { x.magnitude() } else { x }
}

/// How far an element is above. `LOW` says that all are told from zero.
#[inline(always)]
pub(super) fn over<R: Real, const MAGNITUDES: bool, const LOW: bool>(x: R, from: R, delta: R) -> R {
    let value = value(x, MAGNITUDES);
    if LOW { value + delta } else { delta - (from - value) }
}

/// Calls a function of `MAGNITUDES` and `LOW` for what is the case.
macro_rules! as_told {
    ($magnitudes:expr, $low:expr, $of:ident::<$($R:ty),*>($($argument:expr),*)) => {
        match ($magnitudes, $low) {
            (true, true) => $of::<$($R,)* true, true>($($argument),*),
            (true, false) => $of::<$($R,)* true, false>($($argument),*),
            (false, true) => $of::<$($R,)* false, true>($($argument),*),
            (false, false) => $of::<$($R,)* false, false>($($argument),*),
        }
    };
}
pub(super) use as_told;
