//! Slices that are multiplied by a factor.

use super::is_plain;
use crate::cpu::kernel;
use crate::cpu::number::Real;
use crate::cpu::outcome::{Outcomes, Times, Wide, fits_f32};
use crate::cpu::term::Term;
use crate::plan::rim::Rim;

/// What becomes of slices.
pub(super) fn decide<R: Real>(term: Term, rim: &Rim, powers: &[f64]) -> Outcomes<R> {
    // Roots and quotients cost more than all else of a short slice.
    let moves = |power: f64| !rim.keeps(compared(term, rim, power)) & (power < f64::INFINITY);
    if !powers.iter().fold(false, |any, &power| any | moves(power)) {
        return Outcomes::Kept;
    }
    let mut factors = vec![0.0; powers.len()];
    let fit = kernel::factors(term, rim, powers, &mut factors);
    match R::DOUBLE {
        true => Outcomes::Times(factors.iter().map(|&f| Times(R::real_of(plain(f)))).collect()),
        false if fit => Outcomes::Times(factors.iter().map(|&f| Times(R::real_of(f))).collect()),
        false => Outcomes::Wide(factors.into_iter().map(Wide).collect()),
    }
}

/// As [`decide`], where each slice has a rim of its own, or none and is kept.
pub(super) fn decide_each<R: Real>(
    term: Term,
    rim: impl Fn(usize) -> Option<Rim>,
    powers: &[f64],
) -> Outcomes<R> {
    let one =
        |(slot, &power): (usize, &f64)| rim(slot).map_or(-1.0, |rim| factor(term, &rim, power));
    let factors: Vec<f64> = powers.iter().enumerate().map(one).collect();
    if factors.iter().all(|&factor| factor < 0.0) {
        return Outcomes::Kept;
    }
    let fit = R::DOUBLE || factors.iter().all(|&factor| factor < 0.0 || fits_f32(factor));
    let own = |factor: f64| if R::DOUBLE { plain(factor) } else { factor };
    match fit {
        true => Outcomes::Times(factors.iter().map(|&f| Times(R::real_of(own(f)))).collect()),
        false => Outcomes::Wide(factors.into_iter().map(Wide).collect()),
    }
}

/// A factor that f64 holds with all its bits, or the mark of a slice that is kept: others carry it out.
fn plain(factor: f64) -> f64 {
    if is_plain(factor) { factor } else { -1.0 }
}

/// What a threshold is compared with.
#[inline(always)]
fn compared(term: Term, rim: &Rim, power: f64) -> f64 {
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
    if moves { way / divisor } else { -1.0 }
}

/// Whether a sum or a norm leaves the range of f64, or the sum of a slice that is not of zeros is zero.
pub(super) fn leaves(term: Term, power: f64) -> bool {
    match term {
        Term::Squares => power == 0.0 || !is_plain(power),
        Term::Powers(_) => power.is_finite() && term.root(power) == f64::INFINITY,
        _ => !is_plain(power),
    }
}

/// Whether the sum, the norm or the factor of a slice does.
pub(super) fn is_beyond(term: Term, rim: &Rim, power: f64) -> bool {
    let factor = factor(term, rim, power);
    leaves(term, power) || factor >= 0.0 && !is_plain(factor)
}
