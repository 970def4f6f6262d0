//! Terms that are put together in the precision of elements.

use std::hint::black_box;

use super::sums::{LANES, Lanes, STEP, accumulate, whole_steps};
use crate::cpu::number::{Number, Real};
use crate::cpu::simd::Simd;
use crate::cpu::term::Kind;
use crate::dtype::DType;
use crate::plan::native::TOGETHER;

/// Whether [`TOGETHER`] terms are put together in the precision of elements: for the largest f64 there is no instruction.
pub(super) fn is_narrow<T: Number, K: Kind>() -> bool {
    (K::EXACT && !T::Real::DOUBLE) || (K::NARROW && size_of::<T>() == 2)
}

/// Whether what is put together may come to the ends of f32. Terms of f16 are far from them.
pub(super) fn is_checked<T: Number, K: Kind>() -> bool {
    K::NARROW && size_of::<T>() == 2 && T::DTYPE != DType::F16
}

/// The least sum of fewer than 2²⁰ terms that is as if none had come to the lower end of f32: each that is subnormal there
/// loses 2⁻¹⁵⁰ at most, together less than 2⁻³⁰ of the sum.
const LEAST: f64 = f64::from_bits((1023 - 100) << 52);

/// Whether a sum is as if no term had come to the ends of f32.
pub(super) fn is_sound(sum: f64) -> bool {
    (LEAST..f64::INFINITY).contains(&sum)
}

/// Whether each of some sums is sound, or NaN, which it stays. One after the other took 13.0 µs of 4096 rows of 32 bf16, four at
/// once 11.6 (Zen 4).
#[inline(always)]
pub(super) fn are_sound<S: Simd>(simd: S, sums: &[f64]) -> bool {
    let (groups, rest) = sums.as_chunks();
    let mut ends = 0;
    for &group in groups {
        ends |= simd.outside(group, LEAST, f64::MAX);
    }
    ends == 0 && rest.iter().all(|&sum| is_sound(sum))
}

/// As [`accumulate`], [`TOGETHER`] steps of a run in f32.
#[expect(clippy::needless_range_loop, reason = "arrays are indexed alike")]
#[inline(always)]
pub(super) fn halves<S: Simd, T: Number, K: Kind, const N: usize>(
    simd: S,
    kind: K,
    runs: [&[T]; N],
    sums: &mut Lanes<N>,
) {
    let (length, steps) = whole_steps(runs);
    let mut own = *sums;
    let mut rest = runs;
    let mut groups: [&[[[T; STEP]; TOGETHER]]; N] = [&[]; N];
    for s in 0..N {
        groups[s] = steps[s].as_chunks().0;
        rest[s] = &runs[s][length / TOGETHER * TOGETHER * STEP..];
    }
    for i in 0..length / TOGETHER {
        for s in 0..N {
            // Two, which do not wait for each other.
            let mut parts = [[T::Real::default(); STEP]; 2];
            for pair in groups[s][i].as_chunks::<2>().0 {
                let pair = T::both(simd, pair);
                for (part, reals) in parts.iter_mut().zip(pair) {
                    for lane in 0..STEP {
                        part[lane] = kind.add_real::<S, _>(part[lane], reals[lane]);
                    }
                }
            }
            let [mut whole, other] = parts;
            for lane in 0..STEP {
                whole[lane] = whole[lane] + other[lane];
            }
            // In memory: the compiler would go backward from the halves that are widened, and add in halves of registers.
            let whole = black_box(whole);
            for lane in 0..STEP {
                own[s][lane % LANES] += whole[lane].into();
            }
        }
    }
    *sums = own;
    accumulate::<S, T, K, N>(simd, kind, rest, sums);
}

/// As [`accumulate`], in the precision of elements until the end.
#[expect(clippy::needless_range_loop, reason = "arrays are indexed alike")]
#[inline(always)]
pub(super) fn narrow<S: Simd, T: Number, K: Kind, const N: usize>(
    simd: S,
    kind: K,
    runs: [&[T]; N],
    sums: &mut Lanes<N>,
) {
    let (length, steps) = whole_steps(runs);
    let mut own = [[T::Real::default(); STEP]; N];
    for i in 0..length {
        for s in 0..N {
            let reals = T::lanes(simd, &steps[s][i]);
            for lane in 0..STEP {
                own[s][lane] = kind.add_real::<S, _>(own[s][lane], reals[lane]);
            }
        }
    }
    for s in 0..N {
        for lane in 0..STEP {
            let sum = &mut sums[s][lane % LANES];
            *sum = kind.merge(*sum, own[s][lane].into());
        }
    }
}
