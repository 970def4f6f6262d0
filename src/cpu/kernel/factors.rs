//! The decision for many slices at once.

use crate::cpu::outcome::{LARGE, fits_f32};
use crate::cpu::rule::{compared, factor};
use crate::cpu::simd::{Simd, WIDE, WithSimd, dispatch};
use crate::cpu::term::Term;
use crate::plan::rim::Rim;

/// The factors of slices, negative where one is kept, and whether f32 holds all of them. None if all are kept.
pub(in crate::cpu) fn factors(term: Term, rim: &Rim, powers: &[f64]) -> Option<(Vec<f64>, bool)> {
    struct Op<'a>(Term, &'a Rim, &'a [f64]);
    impl WithSimd for Op<'_> {
        type Output = Option<(Vec<f64>, bool)>;
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> Self::Output {
            let Op(term, rim, powers) = self;
            moves_any(simd, term, rim, powers).then(|| {
                let mut factors = vec![0.0; powers.len()];
                let fit = factors_of(simd, term, rim, powers, &mut factors);
                (factors, fit)
            })
        }
    }
    dispatch(Op(term, rim, powers))
}

/// Whether a slice may move: roots and quotients cost more than all else of a short one.
#[inline(always)]
pub(super) fn moves_any<S: Simd>(simd: S, term: Term, rim: &Rim, powers: &[f64]) -> bool {
    if rim.always | rim.turned {
        return true;
    }
    let (low, high) = (rim.low_threshold, rim.threshold);
    let (groups, rest) = powers.as_chunks();
    let mut outside = 0;
    for &group in groups {
        let compared = if rim.squared { group } else { norms(simd, term, group) };
        outside |= simd.outside(compared, low, high);
    }
    for &power in rest {
        outside |= u32::from(!rim.keeps(compared(term, rim, power)));
    }
    outside != 0
}

/// As [`factors`], inside a dispatched loop.
#[inline(always)]
pub(super) fn factors_of<S: Simd>(
    simd: S,
    term: Term,
    rim: &Rim,
    powers: &[f64],
    factors: &mut [f64],
) -> bool {
    let mut done = 0;
    let mut fit = true;
    // Apart, because most of what a rim may ask for is known then.
    if rim.is_plain() {
        let groups = powers.as_chunks().0;
        for (found, &group) in factors.as_chunks_mut().0.iter_mut().zip(groups) {
            let norms = norms(simd, term, group);
            let compared = if rim.squared { group } else { norms };
            *found = simd.factors(compared, rim.threshold, rim.target, norms);
            let kept = simd.outside(*found, 0.0, f64::INFINITY);
            let misfits = simd.outside(*found, 1.0 / LARGE, LARGE) & !kept;
            fit &= (misfits == 0) | (rim.target == 0.0);
        }
        done = groups.as_flattened().len();
    }
    for (found, &power) in factors[done..].iter_mut().zip(&powers[done..]) {
        *found = factor(term, rim, power);
        fit &= (*found < 0.0) | fits_f32(*found);
    }
    fit
}

/// The norms of which numbers are powers.
#[inline(always)]
fn norms<S: Simd>(simd: S, term: Term, powers: [f64; WIDE]) -> [f64; WIDE] {
    match term {
        Term::Squares => simd.roots(powers),
        Term::Magnitudes | Term::Largest => powers,
        _ => powers.map(|power| term.root(power)),
    }
}
