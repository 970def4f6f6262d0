//! The decision for many slices at once.

use crate::cpu::outcome::fits_f32;
use crate::cpu::rule::factor;
use crate::cpu::simd::{Simd, WithSimd, dispatch};
use crate::cpu::term::Term;
use crate::plan::rim::Rim;

/// The factors of slices, negative where one is kept, and whether f32 holds all of them.
pub(in crate::cpu) fn factors(term: Term, rim: &Rim, powers: &[f64], factors: &mut [f64]) -> bool {
    struct Op<'a>(Term, &'a Rim, &'a [f64], &'a mut [f64]);
    impl WithSimd for Op<'_> {
        type Output = bool;
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) -> bool {
            let Op(term, rim, powers, factors) = self;
            match term {
                // Vectors, without a branch.
                Term::Squares => all(Term::Squares, rim, powers, factors),
                Term::Magnitudes | Term::Largest => all(Term::Magnitudes, rim, powers, factors),
                term => all(term, rim, powers, factors),
            }
        }
    }
    dispatch(Op(term, rim, powers, factors))
}

#[inline(always)]
fn all(term: Term, rim: &Rim, powers: &[f64], factors: &mut [f64]) -> bool {
    let rim = *rim;
    let mut fit = true;
    for (found, &power) in factors.iter_mut().zip(powers) {
        *found = factor(term, &rim, power);
        fit &= (*found < 0.0) | fits_f32(*found);
    }
    fit
}
