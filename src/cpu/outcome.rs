//! What becomes of the elements of a slice.

use super::number::Real;
use crate::plan::margin::U;

/// What becomes of one element.
pub(super) trait Map<R>: Copy + Send + Sync {
    fn of(self, x: R) -> R;
}

/// What becomes of the elements of one slice, or a mark that they keep their bits: an element that is
/// kept is selected, because to multiply it by 1 would quiet a NaN; where all of a slice are known to be
/// finite, it may be multiplied.
pub(super) trait Outcome<R>: Map<R> {
    fn keeps(self) -> bool;

    /// What does the same to every element of the slice, the mark aside; none if nothing does.
    #[inline(always)]
    fn unmarked(self) -> Option<Self> {
        None
    }
}

/// The mark of a slice of finite numbers that is kept, in place of its factor: times 1 they keep their bits.
pub(super) const KEPT: f64 = -1.0;
/// That of one that holds others.
pub(super) const KEPT_NON_FINITE: f64 = -2.0;

/// Multiplied by a factor, 0 or more; a negative one marks a slice that is kept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Times<R>(pub R);

impl<R: Real> Map<R> for Times<R> {
    #[inline(always)]
    fn of(self, x: R) -> R {
        x.times(self.0)
    }
}

impl<R: Real> Outcome<R> for Times<R> {
    #[inline(always)]
    fn keeps(self) -> bool {
        self.0 < R::default()
    }

    #[inline(always)]
    fn unmarked(self) -> Option<Self> {
        match self.keeps() {
            true => (self.0.into() == KEPT).then_some(Times(R::real_of(1.0))),
            false => Some(self),
        }
    }
}

/// Multiplied by a factor beyond f32's normal range: `[1e20, 1]` scaled to norm 1 needs 1e-20, and 1e38
/// scaled to 1e-38 needs 1e-76. The product is rounded once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Wide(pub f64);

impl<R: Real> Map<R> for Wide {
    #[inline(always)]
    fn of(self, x: R) -> R {
        R::real_of(x.into() * self.0)
    }
}

impl<R: Real> Outcome<R> for Wide {
    #[inline(always)]
    fn keeps(self) -> bool {
        self.0 < 0.0
    }

    #[inline(always)]
    fn unmarked(self) -> Option<Self> {
        match self.0 < 0.0 {
            true => (self.0 == KEPT).then_some(Wide(1.0)),
            false => Some(self),
        }
    }
}

/// The largest factor that is left to f32; the least is its reciprocal.
pub(super) const LARGE: f64 = (1u128 << 100) as f64;

/// Whether a factor keeps its precision as f32. Zero does: it makes zeros that keep their signs.
#[inline(always)]
pub(super) fn fits_f32(factor: f64) -> bool {
    (factor == 0.0) | (1.0 / LARGE..=LARGE).contains(&factor)
}

/// Of a magnitude that is at most a number, 0 or more; a negative one marks a slice that is kept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct AtMost<R>(pub R);

impl<R: Real> Map<R> for AtMost<R> {
    /// Not a choice between x and the bound, of which a masked store would be made ([`Number::unless_kept`]).
    ///
    /// [`Number::unless_kept`]: super::number::Number::unless_kept
    #[inline(always)]
    fn of(self, x: R) -> R {
        x.magnitude().smaller(self.0.magnitude()).with_sign_of(x)
    }
}

impl<R: Real> Outcome<R> for AtMost<R> {
    #[inline(always)]
    fn keeps(self) -> bool {
        self.0 < R::default()
    }
}

/// Where elements become zero that move toward it by one distance: what stays above lies less than
/// `delta + rest` below the largest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Kink {
    pub most: f64,
    /// Negative if the slice keeps its bits.
    pub delta: f64,
    /// What f64 could not add to δ.
    pub rest: f64,
    /// The number of elements above.
    pub count: f64,
}

impl Kink {
    pub const KEPT: Kink = Kink { most: 0.0, delta: -1.0, rest: 0.0, count: 0.0 };

    /// Of a slice of `length` elements with the sum `n`, all of which grow to the sum c.
    pub fn grown<R: Real>(most: f64, n: f64, c: f64, length: usize) -> Self {
        let count = length as f64;
        Kink { most, delta: most, rest: 0.0, count }.moved::<R>((c - n) / count)
    }

    /// With a larger δ, and what f64 could not add to it.
    pub fn raised(self, more: f64) -> Self {
        let delta = self.delta + more;
        let seen = delta - more;
        let rest = self.rest + (self.delta - seen) + (more - (delta - seen));
        Kink { delta, rest, ..self }
    }

    /// One step of δ further.
    pub fn moved<R: Real>(self, step: f64) -> Self {
        match R::DOUBLE {
            true => Kink { rest: self.rest + step, ..self },
            false => Kink { delta: self.delta + step, ..self },
        }
    }

    /// How far a value stays above zero.
    #[inline(always)]
    pub fn above<R: Real>(self, value: f64) -> f64 {
        let over = self.over::<R>(value);
        // A maximum of f64 would ask what becomes of NaN.
        if over > 0.0 { over } else { 0.0 }
    }

    /// As [`Kink::above`], negative of what ends at zero.
    #[inline(always)]
    pub fn over<R: Real>(self, value: f64) -> f64 {
        let distance = self.most - value;
        match R::DOUBLE {
            // Of f32 the distance is exact, or so large that its last bit is nothing.
            false => self.delta - distance,
            true => {
                // What rounding took of the distance (Knuth).
                let seen = self.most - distance;
                let lost = (self.most - (distance + seen)) + (seen - value);
                ((self.delta - distance) - lost) + self.rest
            }
        }
    }
}

/// Whether the difference of two elements between t and the largest may be rounded: it is exact where one is
/// at most twice the other.
pub(super) fn is_far_below(t: f64, most: f64) -> bool {
    t < (0.5 * most).min(2.0 * most)
}

/// Elements that move in their own precision, to `δ − (M − x)` if that is above zero: magnitudes, whose signs
/// stay, or elements that end at zero.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Moved<R, const MAGNITUDES: bool> {
    /// NaN if the slice keeps its bits.
    most: R,
    delta: R,
}

impl<R: Real, const MAGNITUDES: bool> Moved<R, MAGNITUDES> {
    /// What becomes of a slice whose elements above are to have the sum c; none if the errors of their
    /// precision might add up to more than the margin.
    ///
    /// With t = M − δ far below M they are `x − t`, so that each is off by the rounding of t and of itself.
    /// Else `M − x` is exact for all that stay above, and each is off by the rounding of δ.
    pub fn new(kink: Kink, c: f64) -> Option<Self> {
        if kink.delta < 0.0 {
            return Some(Moved { most: R::real_of(f64::NAN), delta: R::default() });
        }
        let t = (kink.most - kink.delta) - kink.rest;
        let (most, delta) = match is_far_below(t, kink.most) {
            true => (0.0, -t),
            false => (kink.most, kink.delta + kink.rest),
        };
        let moved = Moved { most: R::real_of(most), delta: R::real_of(delta) };
        // Subnormal numbers are off by more.
        let rounded = (moved.delta.into() - delta).abs() <= U * delta.abs();
        (rounded && kink.count * delta.abs() <= 4.0 * c).then_some(moved)
    }
}

impl<R: Real, const MAGNITUDES: bool> Map<R> for Moved<R, MAGNITUDES> {
    #[inline(always)]
    fn of(self, x: R) -> R {
        let value = if MAGNITUDES { x.magnitude() } else { x };
        let over = self.delta - (self.most - value);
        let y = if over > R::default() { over } else { R::default() };
        // Where a slice grows, zeros of either sign grow upward: -0 becomes 0, which nothing else does.
        let grows = self.delta > self.most;
        let zero = if grows { R::default() } else { R::real_of(-0.0) };
        if MAGNITUDES { y.signed_as(x + zero) } else { y }
    }
}

impl<R: Real, const MAGNITUDES: bool> Outcome<R> for Moved<R, MAGNITUDES> {
    #[expect(clippy::eq_op, reason = "NaN alone is not itself")]
    #[inline(always)]
    fn keeps(self) -> bool {
        self.most != self.most
    }
}

/// As [`Moved`], in f64 and more.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Shrunk {
    pub kink: Kink,
    pub magnitudes: bool,
}

impl<R: Real> Map<R> for Shrunk {
    #[inline(always)]
    fn of(self, x: R) -> R {
        if !self.magnitudes {
            return R::real_of(self.kink.above::<R>(x.into()));
        }
        let y = R::real_of(self.kink.above::<R>(x.magnitude().into()));
        // Where a slice grows, zeros of either sign grow upward.
        let upward = (x == R::default()) & (y > R::default());
        if upward { y } else { y.with_sign_of(x) }
    }
}

impl<R: Real> Outcome<R> for Shrunk {
    #[inline(always)]
    fn keeps(self) -> bool {
        self.kink.delta < 0.0
    }
}

/// What becomes of some slices.
#[derive(Debug)]
pub(super) enum Outcomes<R> {
    /// All keep their bits.
    Kept,
    Times(Vec<Times<R>>),
    Wide(Vec<Wide>),
    AtMost(Vec<AtMost<R>>),
    Nearer(Vec<Moved<R, true>>),
    Lowered(Vec<Moved<R, false>>),
    Shrunk(Vec<Shrunk>),
}

/// Does something with outcomes of one type; nothing if all are kept.
macro_rules! with_outcomes {
    ($outcomes:expr, $list:ident => $do:expr, kept => $kept:expr) => {{
        use $crate::cpu::outcome::Outcomes;
        match $outcomes {
            Outcomes::Kept => $kept,
            Outcomes::Times($list) => $do,
            Outcomes::Wide($list) => $do,
            Outcomes::AtMost($list) => $do,
            Outcomes::Nearer($list) => $do,
            Outcomes::Lowered($list) => $do,
            Outcomes::Shrunk($list) => $do,
        }
    }};
}
pub(super) use with_outcomes;

impl<R: Real> Outcomes<R> {
    /// Whether a slice changes.
    pub fn change(&self, slot: usize) -> bool {
        with_outcomes!(self, list => !Outcome::<R>::keeps(list[slot]), kept => false)
    }
}
