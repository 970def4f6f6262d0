//! Numbers of 16 bits.
//!
//! They are widened and narrowed by integer arithmetic that compilers turn into vectors, and runs of f16 by
//! the instruction where there is one; the conversions of `half` ask for each element what the
//! processor can do.

use half::{bf16, f16};

use super::{Number, map_lanes};
use crate::cpu::outcome::Map;
use crate::cpu::simd::{LANES, PAIRS, Simd};

macro_rules! sixteen_bits {
    ($float:ty, $widened:ident, $narrowed:ident, { $($runs:item)* }) => {
        impl Number for $float {
            type Real = f32;

            #[inline(always)]
            fn real(self) -> f32 {
                f32::from_bits($widened(self.to_bits().into()))
            }

            #[inline(always)]
            fn nearest(real: f32) -> $float {
                <$float>::from_bits($narrowed(real.to_bits()) as u16)
            }

            #[inline(always)]
            fn real_of(value: f64) -> f32 {
                value as f32
            }

            #[inline(always)]
            fn toward_zero(self) -> $float {
                <$float>::from_bits(self.to_bits() - 1)
            }

            type Mask = u16;

            #[inline(always)]
            fn mask(keeps: bool) -> u16 {
                u16::from(keeps).wrapping_neg()
            }

            #[inline(always)]
            fn unless_kept(self, kept: u16, other: $float) -> $float {
                <$float>::from_bits(self.to_bits() & kept | other.to_bits() & !kept)
            }

            $($runs)*
        }
    };
}

sixteen_bits!(f16, widened_f16, narrowed_f16, {
    #[inline(always)]
    fn lanes<S: Simd>(simd: S, elements: &[f16; LANES]) -> [f32; LANES] {
        simd.widened(*elements)
    }

    #[inline(always)]
    fn nearest_lanes<S: Simd>(simd: S, reals: [f32; LANES]) -> [f16; LANES] {
        simd.halves(reals)
    }
});
sixteen_bits!(bf16, widened_bf16, narrowed_bf16, {
    #[inline(always)]
    fn lanes<S: Simd>(simd: S, elements: &[bf16; LANES]) -> [f32; LANES] {
        simd.widened_brains(*elements)
    }

    #[inline(always)]
    fn both<S: Simd>(simd: S, groups: &[[bf16; LANES]; 2]) -> [[f32; LANES]; 2] {
        let mut all = [bf16::ZERO; PAIRS];
        all.copy_from_slice(groups.as_flattened());
        simd.widened_pairs(all)
    }

    #[inline(always)]
    fn nearest_lanes<S: Simd>(simd: S, reals: [f32; LANES]) -> [bf16; LANES] {
        simd.brains(reals)
    }

    #[inline(always)]
    fn map_groups<S: Simd, M: Map<f32>>(simd: S, run: &mut [bf16], map: M) -> &mut [bf16] {
        let (groups, rest) = run.as_chunks_mut();
        for group in groups {
            let mut pairs = simd.widened_pairs(*group);
            pairs.as_flattened_mut().iter_mut().for_each(|x| *x = map.of(*x));
            *group = simd.brain_pairs(pairs);
        }
        map_lanes(simd, rest, map)
    }
});

/// The sign, and all bits but the sign, of an f32.
const SIGN: u32 = 0x8000_0000;
const INFINITY: u32 = 0xff << 23;
/// What the exponents of f32 and f16 differ by, in place.
const REBASED: u32 = (127 - 15) << 23;

#[inline(always)]
fn widened_f16(bits: u32) -> u32 {
    let (sign, magnitude) = (bits << 16 & SIGN, (bits & 0x7fff) << 13);
    let exponent = magnitude & INFINITY >> 3 & INFINITY;
    let normal = magnitude + REBASED;
    // One exponent up its hidden bit is 2⁻¹⁴; without that what is left is normal.
    let subnormal = f32::from_bits(normal + (1 << 23)) - f32::from_bits(REBASED + (1 << 23));
    let finite = if exponent == 0 { subnormal.to_bits() } else { normal };
    sign | if exponent == 31 << 23 { normal + REBASED } else { finite }
}

#[inline(always)]
fn narrowed_f16(bits: u32) -> u32 {
    let (sign, magnitude) = (bits >> 16 & 0x8000, bits & !SIGN);
    let odd = magnitude >> 13 & 1;
    // What carries out of the mantissa goes to the exponent, and at last to infinity.
    let normal = (magnitude.wrapping_sub(REBASED).wrapping_add(0xfff + odd) >> 13).min(0x7c00);
    // The last bit of a half is that of the smallest f16.
    let subnormal = (f32::from_bits(magnitude) + 0.5).to_bits().wrapping_sub(0.5f32.to_bits());
    let finite = if magnitude < REBASED + (1 << 23) { subnormal } else { normal };
    sign | if magnitude > INFINITY { 0x7e00 | magnitude >> 13 & 0x3ff } else { finite }
}

#[inline(always)]
fn widened_bf16(bits: u32) -> u32 {
    bits << 16
}

#[inline(always)]
fn narrowed_bf16(bits: u32) -> u32 {
    let odd = bits >> 16 & 1;
    let finite = bits.wrapping_add(0x7fff + odd) >> 16;
    if bits & !SIGN > INFINITY { bits >> 16 | 0x40 } else { finite }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::kernel;
    use crate::cpu::outcome::Times;

    /// Every number of 16 bits, the midpoint to the next, and what is beside the two.
    fn near() -> impl Iterator<Item = f32> {
        let all = 0..=u16::MAX;
        let halves = all.clone().map(|bits| f16::from_bits(bits).to_f32());
        let brains = all.map(|bits| bf16::from_bits(bits).to_f32());
        let beside = |x: f32| {
            let bits = x.to_bits();
            let places = [0, 0x0fff, 0x1000, 0x1001, 0x7fff, 0x8000, 0x8001, 0xffff];
            places.map(|more| f32::from_bits(bits.wrapping_add(more)))
        };
        halves.chain(brains).flat_map(beside)
    }

    #[test]
    fn widening_is_exact() {
        for bits in 0..=u16::MAX {
            let (half, brain) = (f16::from_bits(bits), bf16::from_bits(bits));
            assert_eq!(brain.real().to_bits(), u32::from(bits) << 16);
            // Signalling NaN stay so here.
            match half.is_nan() {
                true => assert!(half.real().is_nan() && f16::nearest(half.real()).is_nan()),
                false => assert_eq!(half.real().to_bits(), half.to_f32().to_bits(), "{bits:x}"),
            }
        }
    }

    #[test]
    fn narrowing_is_to_nearest_even() {
        for x in near() {
            let (half, brain) = (f16::nearest(x), bf16::nearest(x));
            if x.is_nan() {
                assert!(half.is_nan() && brain.is_nan());
            } else {
                assert_eq!(half.to_bits(), f16::from_f32(x).to_bits(), "{x:e}");
                assert_eq!(brain.to_bits(), bf16::from_f32(x).to_bits(), "{x:e}");
            }
        }
    }

    #[test]
    fn runs_are_as_elements() {
        let all: Vec<f16> = (0..=u16::MAX).map(f16::from_bits).collect();
        let mut widened = vec![0.0; all.len()];
        kernel::widen(&all, &mut widened);
        for (x, &real) in all.iter().zip(&widened) {
            assert!(real.to_bits() == x.real().to_bits() || real.is_nan() && x.is_nan(), "{x:e}");
        }
        let reals: Vec<f32> = near().collect();
        let mut rounded = vec![f16::ZERO; reals.len()];
        kernel::round(&reals, &mut rounded);
        for (&real, y) in reals.iter().zip(&rounded) {
            let nearest = f16::nearest(real);
            assert!(nearest.to_bits() == y.to_bits() || nearest.is_nan() && y.is_nan(), "{real:e}");
        }
        let mut rounded = vec![bf16::ZERO; reals.len()];
        kernel::round(&reals, &mut rounded);
        for (&real, y) in reals.iter().zip(&rounded) {
            let nearest = bf16::nearest(real);
            // As arithmetic with bf16 makes them; nothing is promised of others.
            let made = real.is_nan() && real.to_bits() & 0x0040_ffff == 0x0040_0000;
            assert!(!made || y.is_nan(), "{:x}", real.to_bits());
            assert!(nearest.to_bits() == y.to_bits() || nearest.is_nan(), "{real:e}");
        }
    }

    /// Groups of 16, a group of 8, and what remains, each element once.
    #[test]
    fn runs_are_mapped_as_elements() {
        let map = Times(0.7f32);
        for length in [0, 7, 8, 15, 16, 24, 31, 32, 59, 1 << 16] {
            let run: Vec<bf16> =
                (0..length as u32).map(|i| bf16::from_bits((i * 40_503) as u16)).collect();
            let mut mapped = run.clone();
            kernel::map(&mut mapped, map);
            for (x, y) in run.iter().zip(&mapped) {
                let one = bf16::nearest(map.of(x.real()));
                assert!(one.to_bits() == y.to_bits() || one.is_nan() && y.is_nan(), "{x:e} {y:e}");
            }
        }
    }

    #[test]
    fn toward_zero_never_beyond_and_never_a_step_short() {
        for x in near().filter(|x| x.is_finite()).map(f64::from) {
            let half = f16::narrow(x, true);
            let next = f16::from_bits(half.to_bits() + 1).to_f64().abs();
            assert!(half.to_f64().abs() <= x.abs() && next > x.abs(), "{x:e} {half:e}");
        }
        assert_eq!(f16::narrow(1e9, false), f16::MAX);
        assert_eq!(f32::narrow(f64::MAX, false), f32::MAX);
        assert!(bf16::narrow(f64::NAN, true).is_nan());
    }
}
