//! Slices that are multiplied by a factor.

use super::is_plain;
use crate::cpu::kernel;
use crate::cpu::number::Real;
use crate::cpu::outcome::{KEPT, KEPT_NON_FINITE, Outcomes, Times, Wide, fits_f32};
use crate::cpu::term::Term;
use crate::plan::rim::Rim;

/// What becomes of slices. Those that are beyond `range` are kept here, because others carry them out:
/// no slice may be multiplied by both.
pub(super) fn decide<R: Real>(term: Term, rim: &Rim, powers: &[f64], range: Range) -> Outcomes<R> {
    let Some((mut factors, fit)) = kernel::factors(term, rim, powers) else {
        return Outcomes::Kept;
    };
    if range != Range::Ample {
        for (factor, &power) in factors.iter_mut().zip(powers) {
            *factor = if range.is_left_by(term, rim, power, *factor) { KEPT } else { *factor };
        }
    }
    for (factor, &power) in factors.iter_mut().zip(powers) {
        *factor = if power < f64::INFINITY { *factor } else { KEPT_NON_FINITE };
    }
    match R::DOUBLE || fit {
        true => Outcomes::Times(factors.iter().map(|&f| Times(R::real_of(f))).collect()),
        false => Outcomes::Wide(factors.into_iter().map(Wide).collect()),
    }
}

/// As [`decide`], where each slice has a rim of its own, or none and is kept.
pub(super) fn decide_each<R: Real>(
    term: Term,
    rim: impl Fn(usize) -> Option<Rim>,
    powers: &[f64],
    range: Range,
) -> Outcomes<R> {
    let one = |(slot, &power): (usize, &f64)| {
        let Some(rim) = rim(slot).filter(|_| power < f64::INFINITY) else { return KEPT_NON_FINITE };
        let factor = factor(term, &rim, power);
        if range.is_left_by(term, &rim, power, factor) { KEPT } else { factor }
    };
    let factors: Vec<f64> = powers.iter().enumerate().map(one).collect();
    if factors.iter().all(|&factor| factor < 0.0) {
        return Outcomes::Kept;
    }
    match R::DOUBLE || factors.iter().all(|&factor| factor < 0.0 || fits_f32(factor)) {
        true => Outcomes::Times(factors.iter().map(|&f| Times(R::real_of(f))).collect()),
        false => Outcomes::Wide(factors.into_iter().map(Wide).collect()),
    }
}

/// What a threshold is compared with.
#[inline(always)]
pub(in crate::cpu) fn compared(term: Term, rim: &Rim, power: f64) -> f64 {
    if rim.squared { power } else { term.root(power) }
}

/// The factor of a slice, or a negative number if it is kept. A sum that is NaN or infinite belongs to a
/// slice that holds such an element, which keeps its bits here.
#[inline(always)]
pub(in crate::cpu) fn factor(term: Term, rim: &Rim, power: f64) -> f64 {
    let (compared, norm) = (compared(term, rim, power), term.root(power));
    let (too_long, too_short) = (compared > rim.threshold, compared < rim.low_threshold);
    let goal = if too_short { rim.low_target } else { norm };
    let goal = if too_long { rim.target } else { goal };
    let divisor = norm + rim.epsilon;
    let divisor = if divisor < rim.floor { rim.floor } else { divisor };
    // One quotient where the whole way is gone, so that a rate of 1 costs no rounding.
    let way = if rim.rate == 1.0 { goal } else { rim.rate * goal + (1.0 - rim.rate) * norm };
    let moves = (too_long | too_short | rim.always) & (power > 0.0) & (norm < f64::INFINITY);
    if moves { way / divisor } else { KEPT }
}

/// How far the sums, norms and factors of slices stay inside f64.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Range {
    /// Always.
    Ample,
    /// Sums do; a root may leave it, as that of a small power of a long slice.
    Sums,
    /// Not even single terms need: powers of f64, or large ones of f32.
    Terms,
}

impl Range {
    pub fn new<R: Real>(term: Term) -> Self {
        match term {
            _ if R::DOUBLE => Range::Terms,
            Term::Powers(p) if p > Term::AMPLE => Range::Terms,
            Term::Powers(_) => Range::Sums,
            _ => Range::Ample,
        }
    }

    /// Whether a sum or a norm leaves the range, or comes so near its ends that bits are lost.
    pub fn is_left_by_norm(self, term: Term, power: f64) -> bool {
        match self {
            Range::Ample => false,
            Range::Sums => power.is_finite() && term.root(power) == f64::INFINITY,
            // The squares of a slice that is not of zeros may all be zero.
            Range::Terms if power == 0.0 => !matches!(term, Term::Magnitudes | Term::Largest),
            Range::Terms => !is_plain(power) || !is_plain(term.root(power)),
        }
    }

    /// As [`Range::is_left_by_norm`], or the factor does: it is zero where zero is aimed at, and else
    /// because it was too small.
    pub fn is_left_by(self, term: Term, rim: &Rim, power: f64, factor: f64) -> bool {
        let far = factor >= 0.0 && (!is_plain(factor) || factor == 0.0 && rim.target > 0.0);
        self != Range::Ample && (far || self.is_left_by_norm(term, power))
    }
}
