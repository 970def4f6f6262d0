//! Bounds of elements that are tensors in memory.

mod clamp;

use crate::dtype::DType;
use crate::layout::Layout;
use crate::plan::Plan;
use crate::plan::limits::Spread;
use crate::plan::rule::{Clamp, bound};

/// A tensor that is spread over the shape of another.
#[derive(Debug)]
struct Limit<'a> {
    values: &'a [f64],
    spread: Spread,
}

/// The lower and the upper bounds of elements.
#[derive(Debug)]
pub(super) struct Limits<'a> {
    low: Limit<'a>,
    high: Limit<'a>,
    dtype: DType,
}

impl<'a> Limits<'a> {
    /// Those of a plan, by the values of their tensors in row-major order.
    pub fn new(plan: &Plan, [low, high]: [&'a [f64]; 2]) -> Option<Self> {
        let request = plan.request();
        let [low_layout, high_layout] = request.limits?;
        let limit = |layout: Layout, values| {
            let whole = Layout::contiguous(layout.shape()).ok()?;
            Some(Limit { values, spread: Spread::new(&whole, request.source.shape())? })
        };
        let (low, high) = (limit(low_layout, low)?, limit(high_layout, high)?);
        Some(Limits { low, high, dtype: request.dtype })
    }

    /// The bounds of the element with this number in row-major order, within those of all; none if no
    /// element lies between them.
    pub fn of(&self, index: usize, all: &Clamp) -> Option<Clamp> {
        let value = |limit: &Limit<'_>| limit.values[limit.spread.place(index)];
        let (own_low, own_high) = (value(&self.low), value(&self.high));
        if own_low.is_nan() || own_high.is_nan() {
            return None;
        }
        let (low, high) = (all.low.max(own_low), all.high.min(own_high));
        let largest = self.dtype.largest();
        let some = low <= high && low <= largest && high >= -largest;
        let element = |value| bound(value, self.dtype);
        some.then(|| Clamp { low: element(low), high: element(high), ..*all })
    }
}
