//! The decision for many slices at once.

use pulp::{Arch, Simd, WithSimd};

use crate::cpu::factor::{Factor, fits_f32};
use crate::cpu::rule::Rule;

/// What the factors of some slices have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cpu) struct Kinds {
    /// Some slice is scaled.
    pub scaled: bool,
    /// Some factor is too small for f32.
    pub tiny: bool,
}

/// Replaces the sums of squares by the factors of their slices.
pub(in crate::cpu) fn factors(sums: &mut [f64], rule: &Rule) -> Kinds {
    struct Op<'a>(&'a mut [f64], &'a Rule);
    impl WithSimd for Op<'_> {
        type Output = Kinds;
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) -> Kinds {
            let Op(sums, rule) = self;
            let mut kinds = Kinds { scaled: false, tiny: false };
            // Roots and quotients cost more than all else of a short slice.
            if !sums.iter().fold(false, |any, &sum| any | rule.violates(sum)) {
                sums.fill(f64::KEEP);
                return kinds;
            }
            for sum in sums {
                let (violates, factor) = (rule.violates(*sum), rule.unchecked_factor(*sum));
                // No branch: all of it is computed for four slices at once.
                kinds.scaled |= violates;
                kinds.tiny |= violates & !fits_f32(factor);
                *sum = if violates { factor } else { f64::KEEP };
            }
            kinds
        }
    }
    Arch::new().dispatch(Op(sums, rule))
}

/// The norms of slices, from their sums of squares. Beyond f32 one is infinite; NaN stays NaN.
pub(in crate::cpu) fn roots(sums: &[f64], norms: &mut [f32]) {
    struct Op<'a>(&'a [f64], &'a mut [f32]);
    impl WithSimd for Op<'_> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) {
            self.1.iter_mut().zip(self.0).for_each(|(norm, sum)| *norm = sum.sqrt() as f32);
        }
    }
    Arch::new().dispatch(Op(sums, norms));
}
