//! The comparator: which of the promises does a result break? A pure function of what memory held
//! before and after; it never calls a backend.

mod limits;
mod report;
mod slice;
mod tests;
mod wanted;

use normproj::plan::margin::Margin;
use normproj::{Layout, OnNonFinite, reference};

use crate::values::Value;
pub use limits::{Limits, ones};
pub use report::{check as check_report, check_with_radii, same_norm};
use slice::Slice;
pub use wanted::Wanted;

/// A promise about a projection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rule {
    /// A slice that is surely inside keeps every bit.
    Inside,
    /// A slice that is only just inside a ball is kept, or shrunk.
    Rim,
    /// Every slice ends in its set.
    Feasible,
    /// Every element is near the exact projection.
    Accurate,
    /// A slice with a NaN or an infinity becomes what the policy says.
    NonFinite,
    /// With `c = 0` every element becomes a zero of its own sign.
    Zero,
    /// A slice whose radius is none keeps every bit.
    Radius,
    /// What is not in the view keeps every bit.
    Neighbour,
    /// A second projection changes nothing.
    Idempotent,
}

/// A broken promise, with the numbers.
#[derive(Debug, Clone)]
pub struct Violation {
    pub rule: Rule,
    /// A sentence for the reader of a failed test.
    pub detail: String,
}

/// What the promises say of the slices: a test that wants to see scaled slices can ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Slices that must be kept.
    pub inside: usize,
    /// Slices at the rim, that may be kept or moved.
    pub rim: usize,
    /// Slices that must be moved.
    pub outside: usize,
    /// Slices with a NaN or an infinity.
    pub non_finite: usize,
}

/// A view and all of the memory that it lies in.
#[derive(Clone, Copy)]
pub struct Memory<'a, T> {
    pub layout: &'a Layout,
    pub elements: &'a [T],
}

impl<T: Value> Memory<'_, T> {
    pub fn view(&self) -> Vec<T> {
        reference::places(self.layout).into_iter().map(|place| self.elements[place]).collect()
    }
}

/// Judges one projection. `before` and `after` are the memory that was written, `source` what was
/// read, as it was before: in place that is `before` itself.
pub fn check<'a, T: Value>(
    wanted: impl Into<Wanted<'a>>,
    margin: Margin,
    source: Memory<T>,
    before: Memory<T>,
    after: Memory<T>,
) -> Result<Stats, Vec<Violation>> {
    let (x, y) = (source.view(), after.view());
    let wanted = wanted.into();
    let exact = wanted.exact(source.elements, source.layout);
    let axes = wanted.projection.axes();
    let slices = reference::slices(axes, source.layout.shape()).expect("checked");
    let (mut stats, mut violations) = (Stats::default(), neighbours(before, after));
    for (number, places) in slices.iter().enumerate() {
        let slice = Slice {
            x: places.iter().map(|&i| x[i]).collect(),
            y: places.iter().map(|&i| y[i]).collect(),
            exact: places.iter().map(|&i| exact[i]).collect(),
        };
        let broken = match wanted.of_slice(number, T::DTYPE) {
            Some((projection, turned)) => {
                let limits = Limits::new(&projection, T::DTYPE, places.len(), margin);
                slice.broken(&limits.turned(turned), &mut stats)
            }
            None => slice.left(&mut stats),
        };
        violations.extend(broken.into_iter().map(|(rule, detail)| {
            let detail = format!("slice {number} of {}: {detail}", slices.len());
            Violation { rule, detail }
        }));
    }
    if violations.is_empty() { Ok(stats) } else { Err(violations) }
}

/// Judges a second projection of a result. Where the first gave up feasibility (a tiny radius, rounding
/// to nearest) nothing is promised.
pub fn check_again<'a, T: Value>(
    wanted: impl Into<Wanted<'a>>,
    margin: Margin,
    before: Memory<T>,
    once: Memory<T>,
    twice: Memory<T>,
) -> Result<(), Vec<Violation>> {
    let wanted = wanted.into();
    let axes = wanted.projection.axes();
    let slices = reference::slices(axes, once.layout.shape()).expect("checked");
    let (x, once, twice) = (before.view(), once.view(), twice.view());
    let mut violations = Vec::new();
    for (number, places) in slices.iter().enumerate() {
        // What is turned over is turned back.
        let Some((projection, false)) = wanted.of_slice(number, T::DTYPE) else { continue };
        let limits = Limits::new(&projection, T::DTYPE, places.len(), margin);
        let first: Vec<T> = places.iter().map(|&i| x[i]).collect();
        // The NaN that were infinities are NaN to the second projection.
        let spreads = projection.policy() == OnNonFinite::Propagate
            && places.iter().any(|&i| once[i].is_nan());
        if spreads || !limits.idempotent(&first) {
            continue;
        }
        for &i in places {
            let free = projection.policy() != OnNonFinite::Leave;
            let same =
                once[i].bits() == twice[i].bits() || free && once[i].is_nan() && twice[i].is_nan();
            if !same {
                let (once, twice) = (once[i].wide(), twice[i].wide());
                let detail = format!("element {i}: {once:e} once, {twice:e} twice");
                violations.push(Violation { rule: Rule::Idempotent, detail });
            }
        }
    }
    if violations.is_empty() { Ok(()) } else { Err(violations) }
}

fn neighbours<T: Value>(before: Memory<T>, after: Memory<T>) -> Vec<Violation> {
    let mut written = vec![false; before.elements.len()];
    reference::places(after.layout).into_iter().for_each(|place| written[place] = true);
    let changed = |&place: &usize| {
        !written[place] && before.elements[place].bits() != after.elements[place].bits()
    };
    let violation = |place: usize| {
        let (was, is) = (before.elements[place], after.elements[place]);
        let detail = format!("place {place} outside the view: {was:?} became {is:?}");
        Violation { rule: Rule::Neighbour, detail }
    };
    (0..written.len()).filter(changed).map(violation).collect()
}

/// The spacing of f32 at a value.
pub fn ulp(value: f64) -> f64 {
    let near = value.abs().min(f64::from(f32::MAX)) as f32;
    let (below, above) = (near.next_down().max(0.0), near.next_up().min(f32::MAX));
    (f64::from(near) - f64::from(below)).max(f64::from(above) - f64::from(near))
}
