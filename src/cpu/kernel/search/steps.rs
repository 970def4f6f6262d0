//! The steps of a search.

use super::above::Above;
use super::ends::Close;
use crate::cpu::number::Real;
use crate::cpu::outcome::{Kink, is_far_below};

/// A step of this part of δ is small in a sample.
const NEAR_IN_SAMPLE: f64 = 1.0 / 4.0;
/// Of so few, no small step in a sample leads past many: to tell how many, by roots and quotients, takes as long as to
/// pass a sample of a short slice.
const FEW_IN_SAMPLE: f64 = 4096.0;
/// A root is near that is not farther than this part of δ.
const NEAR: f64 = 1.0 / 2.0;
/// Elements are close that are not farther from a kink than so many times what a step has left.
const WIDTH: f64 = 4.0;
/// Numbers of f32 are dense enough around a t that is at most so many times δ: it is off by 2⁻¹⁴ of δ.
const DENSE: f64 = 1024.0;
/// What sums in the precision of elements are off by, in parts of δ.
const SUMMED: f64 = 1.0 / (1 << 17) as f64;
/// One element of so many is passed, and at most these: one by one they take as long as the pass that they save. (L1
/// balls and the simplex in 4096 rows of 1024 took 2.4, 2.7 and 2.6 ms with 1024, and 2.5, 2.9 and 3.1 with 65536.)
const PAST: f64 = 1024.0;
const MOST_PAST: f64 = 4.0;
/// More are never told one by one, and one in so many of the slices that may be left may be left with more.
const FAR: f64 = 64.0;
const FEWER: usize = 10;
/// The least part of δ that a step leaves: few elements above say little of how the sum bends.
const LEAST: f64 = 1.0 / 8.0;

/// Steps past elements that are close, and a part of δ that is rounding alone.
const FOLLOWED: usize = 16;
const FOLLOWED_TO: f64 = f64::EPSILON;

/// Where passes end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limit {
    pub passes: usize,
    /// Slices that are not worth another.
    pub few: usize,
    /// Elements that what is left of a step may lead past: one by one they take less than another pass.
    pub past: f64,
}

impl Limit {
    /// So many at most, for every slice of this length.
    pub fn at(passes: usize, length: usize) -> Self {
        Limit { passes, few: 0, past: (length as f64 / PAST).min(MOST_PAST) }
    }

    #[inline(always)]
    fn is_reached(self, slices: &[One]) -> bool {
        slices.iter().filter(|one| !one.done).count() <= self.few
    }
}

/// A slice that is searched.
#[derive(Debug, Clone, Copy)]
pub(super) struct One {
    /// A number that is told apart from others: the largest.
    pub most: f64,
    /// The sum that is sought.
    pub c: f64,
    /// Of `delta - (from - x)`.
    pub from: f64,
    pub delta: f64,
    /// How far from δ the root may be, for elements are told one by one.
    pub width: f64,
    /// The last δ and the count there; at first where nothing is above.
    past: (f64, f64),
    /// Whether there is no more to be found.
    pub done: bool,
    pub kink: Kink,
}

impl One {
    #[inline(always)]
    pub fn new(asked: bool, most: f64, c: f64, delta: f64) -> Self {
        let kink = Kink { most, ..Kink::KEPT };
        One { most, c, from: most, delta, width: 0.0, past: (0.0, 0.0), done: !asked, kink }
    }

    /// Begins again, if it is asked for: what was counted in a sample says nothing of all.
    #[inline(always)]
    pub fn ask(&mut self, asked: bool) {
        (self.done, self.past) = (!asked, (0.0, 0.0));
    }

    /// How far the kink is below the largest.
    #[inline(always)]
    fn depth(&self) -> f64 {
        self.delta + (self.most - self.from)
    }

    /// A step by what a pass over a share of the elements found, and whether the root is still far.
    #[inline(always)]
    fn fall(&mut self, found: Above, sample: Sample, past: f64) -> bool {
        let (c, depth) = (self.c, self.depth());
        let bend = (found.count - self.past.1) / (depth - self.past.0);
        let step = found.bent_step(c * sample.share, bend);
        let next = (depth + step).max(LEAST * depth).min(c);
        self.past = (depth, found.count);
        (self.from, self.delta) = (self.most, next);
        if sample.apart > 1 && found.count <= FEW_IN_SAMPLE {
            self.done = step.abs() <= NEAR_IN_SAMPLE * next;
            return false;
        }
        let part = step.abs() / next;
        let even = left(part, found.count);
        self.done = match sample.apart {
            // The root of `even` is not past either, which need not be taken.
            1 => even <= past.min(past * past),
            _ => part <= NEAR_IN_SAMPLE,
        };
        let is_far = even > FAR;
        let left = (even.max(even.sqrt()) / found.count.max(1.0)).max(SUMMED);
        self.width = if is_far { 0.0 } else { WIDTH * left * next };
        is_far
    }

    /// Of `x − t` with t = M − δ, where that is a number of R that is near enough to what was asked; else of
    /// `δ − (M − x)`, in which `M − x` is exact for all that is above. So each is off by one rounding in its own precision.
    #[inline(always)]
    fn low<R: Real>(&mut self) {
        let t = if self.from == 0.0 { -self.delta } else { self.most - self.delta };
        let is_low = t.abs() <= DENSE * (self.most - t);
        self.from = if is_low { 0.0 } else { self.most };
        self.delta = R::real_of(if is_low { -t } else { self.delta }).into();
    }

    /// The kink by what a pass found, which is the root if that is among the elements that are close.
    #[inline(always)]
    fn settle<R: Real>(&mut self, found: Above, close: &[Close]) {
        let One { most, c, from, delta, width, .. } = *self;
        // Elements are told in the precision of their distance to δ, which from far off is too little for a small root.
        let is_far_off = from == 0.0 && is_far_below(-delta, most);
        let length = if is_far_off { delta.abs() } else { self.depth() };
        let is_near = |way: f64| way.abs() <= NEAR * length;
        let root = follow(found, close, c, delta, width).filter(|&(way, _)| is_near(way));
        let step = found.step(c);
        let (way, count) = root.unwrap_or((step, found.count));
        let kink = Kink { most, delta, rest: 0.0, count };
        self.kink = kink.raised(most - from).moved::<R>(way);
        self.done = root.is_some();
        self.delta = R::real_of(delta + way).into();
        self.width = step.abs();
    }
}

/// The elements of a pass: one line in `apart`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    pub apart: usize,
    /// The part of all elements that they are.
    pub share: f64,
}

impl Sample {
    pub const ALL: Sample = Sample { apart: 1, share: 1.0 };

    /// Of so many lines.
    pub fn of(lines: usize, apart: usize) -> Self {
        Sample { apart, share: lines.div_ceil(apart) as f64 / lines as f64 }
    }
}

/// Brings every δ near its root by passes: the counts at two δ tell how the sum bends between them, so that steps need
/// not be those of Newton, which are too short.
#[inline(always)]
pub(super) fn fall<R: Real, F: AsRef<[Above]>>(
    slices: &mut [One],
    limit: Limit,
    sample: Sample,
    mut near: impl FnMut(&[One]) -> F,
) {
    let mut far = 0;
    for _ in 0..limit.passes {
        if limit.is_reached(slices) && far <= limit.few / FEWER {
            break;
        }
        far = 0;
        slices.iter_mut().filter(|one| !one.done).for_each(One::low::<R>);
        let found = near(slices);
        for (one, &found) in slices.iter_mut().zip(found.as_ref()) {
            if !one.done {
                far += usize::from(one.fall(found, sample, limit.past));
            }
        }
    }
}

/// How many elements lie in what a step of a part of δ leaves, if they lie evenly: its cube, in parts of δ. Of those that
/// it leads past, `part · count`, the number is off by its root, each by about `part`, and the sum of them by `count` times
/// what the step then is: so as many as the root of the result may lie there, too.
#[inline(always)]
fn left(part: f64, count: f64) -> f64 {
    part * part * part * count
}

/// The kinks near every δ, and which of them is the root: one step leads there past no element, or past those alone
/// that are close.
#[inline(always)]
pub(super) fn settle<R: Real, F: AsRef<[Above]>>(
    slices: &mut [One],
    limit: Limit,
    mut pass: impl FnMut(&[One]) -> (F, Vec<Close>),
) {
    slices.iter_mut().for_each(One::low::<R>);
    for _ in 0..limit.passes {
        if limit.is_reached(slices) {
            break;
        }
        let (above, mut close) = pass(slices);
        close.sort_unstable_by_key(|close| close.slice);
        let mut close = close.as_slice();
        for (i, (one, &found)) in slices.iter_mut().zip(above.as_ref()).enumerate() {
            let own = close.iter().take_while(|close| close.slice as usize == i).count();
            let (own, others) = close.split_at(own);
            close = others;
            if !one.done {
                one.settle::<R>(found, own);
            }
        }
    }
}

/// Newton's steps through elements that are close, for which nothing has to be read: how far they lead, and how
/// many elements are above there. None if it is farther than what is known to be close.
fn follow(found: Above, close: &[Close], c: f64, delta: f64, width: f64) -> Option<(f64, f64)> {
    let (mut way, mut total, mut count) = (0.0, found.total, found.count);
    for _ in 0..FOLLOWED {
        let step = (c - total) / f64::max(count, 1.0);
        way += step;
        if way.abs() >= width || way.is_nan() {
            return None;
        }
        let before = count;
        (total, count) = (found.total + found.count * way, found.count);
        for over in close.iter().map(|close| close.over) {
            let then = over + way;
            if over > 0.0 && then <= 0.0 {
                (total, count) = (total - then, count - 1.0);
            } else if over <= 0.0 && then > 0.0 {
                (total, count) = (total + then, count + 1.0);
            }
        }
        // Where an element is at the kink, rounding may count it and not count it in turns.
        if count == before || step.abs() <= FOLLOWED_TO * delta.abs() {
            return Some((way, before));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a pass finds at δ of elements whose largest is 0.
    fn found(elements: &[f64], delta: f64, width: f64) -> (Above, Vec<Close>) {
        let over = |x: &f64| delta + x;
        let above: Vec<f64> = elements.iter().map(over).filter(|&over| over > 0.0).collect();
        let close = elements.iter().map(over).filter(|over| over.abs() <= width);
        let total = Above { total: above.iter().sum(), count: above.len() as f64, gap: 0.0 };
        (total, close.map(|over| Close { slice: 0, over }).collect())
    }

    /// The sum of what is above δ.
    fn sum(elements: &[f64], delta: f64) -> f64 {
        elements.iter().map(|x| (delta + x).max(0.0)).sum()
    }

    const ELEMENTS: [f64; 8] = [0.0, -0.3, -0.31, -0.5, -0.5, -0.52, -0.6, -2.0];

    #[test]
    fn steps_lead_past_elements_that_are_close() {
        for delta in [0.35, 0.49, 0.5, 0.51, 0.55, 0.65] {
            for c in [0.36, 0.5, 0.61, 0.9, 1.2] {
                let (above, close) = found(&ELEMENTS, delta, 0.4);
                let Some((way, count)) = follow(above, &close, c, delta, 0.4) else { continue };
                let reached = sum(&ELEMENTS, delta + way);
                assert!((reached - c).abs() < 1e-14, "{delta} {c}: {way} {reached}");
                let counted = ELEMENTS.iter().filter(|&&x| delta + way + x > 1e-15).count();
                assert!(count == counted as f64 || count == counted as f64 + 1.0, "{delta} {c}");
            }
        }
    }

    #[test]
    fn what_is_not_close_is_not_followed() {
        // Of those that are passed none is told.
        let (above, _) = found(&ELEMENTS, 0.65, 0.0);
        assert_eq!(follow(above, &[], 0.61, 0.65, 0.1), None);
        // One that is not told makes a wrong root, which the width is there to prevent.
        let (way, _) = follow(above, &[], 0.61, 0.65, 10.0).expect("it is not far");
        assert!((sum(&ELEMENTS, 0.65 + way) - 0.61).abs() > 0.01);
        assert_eq!(follow(Above { total: f64::NAN, ..above }, &[], 0.61, 0.65, 0.1), None);
    }
}
