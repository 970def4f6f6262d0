//! Elements as numbers: exact widening, and rounding to nearest even.

mod sixteen_bits;

use std::ops::{Add, Sub};

use bytemuck::cast;

use super::outcome::Map;
use super::simd::{LANES, PAIRS, Simd, WIDE};
use crate::dtype::Element;

/// An element as it is stored.
pub(super) trait Number: Element {
    /// What is computed with, and the type of a norm: f32, but f64 for f64.
    type Real: Real;

    /// Exactly. The payload of a NaN stays.
    fn real(self) -> Self::Real;

    /// Rounded to nearest even; beyond the largest number it is infinite.
    fn nearest(real: Self::Real) -> Self;

    /// The number of f64 rounded to nearest even.
    fn real_of(value: f64) -> Self::Real;

    /// The next number of smaller magnitude, of one that is not zero.
    fn toward_zero(self) -> Self;

    /// All bits of an element, or none.
    type Mask: Copy;

    /// That of an element that is kept, or not.
    fn mask(keeps: bool) -> Self::Mask;

    /// This one under the mask of what is kept, else another one. A mask from memory: of a choice between what a loop has
    /// loaded and what it stores there the compiler makes a masked store, by which mixed columns took six times as long
    /// (Zen 4).
    fn unless_kept(self, kept: Self::Mask, other: Self) -> Self;

    /// Elements side by side as reals.
    #[inline(always)]
    fn lanes<S: Simd>(_: S, elements: &[Self; LANES]) -> [Self::Real; LANES] {
        elements.map(Self::real)
    }

    /// Two groups as reals, in any order.
    #[inline(always)]
    fn both<S: Simd>(simd: S, groups: &[[Self; LANES]; 2]) -> [[Self::Real; LANES]; 2] {
        [Self::lanes(simd, &groups[0]), Self::lanes(simd, &groups[1])]
    }

    /// Reals side by side, each as by [`Number::nearest`].
    #[inline(always)]
    fn nearest_lanes<S: Simd>(_: S, reals: [Self::Real; LANES]) -> [Self; LANES] {
        reals.map(Self::nearest)
    }

    /// Maps whole groups of a run, each result as by [`Number::nearest`], and leaves what remains of it.
    #[inline(always)]
    fn map_groups<S: Simd, M: Map<Self::Real>>(simd: S, run: &mut [Self], map: M) -> &mut [Self] {
        map_lanes(simd, run, map)
    }

    /// A run as reals.
    #[inline(always)]
    fn widen<S: Simd>(simd: S, run: &[Self], reals: &mut [Self::Real]) {
        let (reals, last) = reals.as_chunks_mut();
        let (run, tail) = run.as_chunks();
        // Not `for_each`: a closure that is not inlined would be compiled for the baseline.
        for (reals, x) in reals.iter_mut().zip(run) {
            *reals = Self::lanes(simd, x);
        }
        for (real, x) in last.iter_mut().zip(tail) {
            *real = x.real();
        }
    }

    /// Exactly.
    #[inline(always)]
    fn wide(self) -> f64 {
        self.real().into()
    }

    /// Rounded to nearest even, or cut off toward zero.
    #[inline(always)]
    fn rounded(real: Self::Real, cut: bool) -> Self {
        let nearest = Self::nearest(real);
        // Zero is never beyond.
        let beyond = cut & (nearest.real().magnitude() > real.magnitude());
        if beyond { nearest.toward_zero() } else { nearest }
    }

    /// As [`Number::rounded`]: a finite number never becomes infinite, NaN stays NaN.
    #[inline(always)]
    fn narrow(value: f64, cut: bool) -> Self {
        let largest = Self::DTYPE.largest();
        Self::rounded(Self::real_of(value.clamp(-largest, largest)), cut)
    }
}

/// As [`Number::map_groups`], by groups of [`LANES`].
#[inline(always)]
fn map_lanes<S: Simd, T: Number, M: Map<T::Real>>(simd: S, run: &mut [T], map: M) -> &mut [T] {
    let (groups, rest) = run.as_chunks_mut();
    for group in groups {
        let mut reals = T::lanes(simd, group);
        reals.iter_mut().for_each(|x| *x = map.of(*x));
        *group = T::nearest_lanes(simd, reals);
    }
    rest
}

/// Does something with the type of a dtype.
macro_rules! with_number {
    ($dtype:expr, $number:ident => $do:expr) => {{
        use $crate::dtype::DType;
        match $dtype {
            DType::F32 => {
                type $number = f32;
                $do
            }
            DType::F16 => {
                type $number = half::f16;
                $do
            }
            DType::BF16 => {
                type $number = half::bf16;
                $do
            }
            DType::F64 => {
                type $number = f64;
                $do
            }
        }
    }};
}
pub(super) use with_number;

/// A number that is computed with: f32 or f64.
pub(super) trait Real:
    Number<Real = Self> + Into<f64> + Default + PartialOrd + Add<Output = Self> + Sub<Output = Self>
{
    /// Whether it is f64, whose sums f64 rounds.
    const DOUBLE: bool;

    fn magnitude(self) -> Self;

    fn times(self, factor: Self) -> Self;

    fn over(self, divisor: Self) -> Self;

    /// Its square root.
    fn root(self) -> Self;

    /// `self · factor + term`, rounded once.
    fn fused(self, factor: Self, term: Self) -> Self;

    fn with_sign_of(self, other: Self) -> Self;

    /// A number without a sign, with that of another.
    fn signed_as(self, other: Self) -> Self;

    /// The larger of two numbers without a sign. Their bits are in the order of magnitudes, infinity above all
    /// numbers and NaN above infinity, so that none is lost.
    fn larger(self, other: Self) -> Self;

    /// As [`Real::larger`], the smaller one.
    fn smaller(self, other: Self) -> Self;

    /// Adds numbers to sums of f64.
    #[inline(always)]
    fn add_wide<S: Simd>(_: S, sums: &mut [f64; LANES], x: &[Self; LANES]) {
        for (sum, &x) in sums.iter_mut().zip(x) {
            *sum += x.into();
        }
    }

    /// Numbers in a register.
    const WIDTH: usize;

    /// A bit for each lane in which a number of any register is at most the other one.
    fn at_most<S: Simd>(simd: S, x: &[Self; PAIRS], y: &[Self; PAIRS]) -> u32;

    /// Adds what is above zero, and the smaller of that and `least`, to two sums of each lane.
    fn add_above<S: Simd>(
        simd: S,
        sums: [[Self; PAIRS]; 2],
        over: [Self; PAIRS],
        least: Self,
    ) -> [[Self; PAIRS]; 2];
}

macro_rules! reals {
    ($($float:ty, $double:literal, {$($own:item)*})*) => {$(
        impl Real for $float {
            const DOUBLE: bool = $double;

            #[inline(always)]
            fn magnitude(self) -> $float {
                self.abs()
            }

            #[inline(always)]
            fn times(self, factor: $float) -> $float {
                self * factor
            }

            #[inline(always)]
            fn over(self, divisor: $float) -> $float {
                self / divisor
            }

            #[inline(always)]
            fn root(self) -> $float {
                self.sqrt()
            }

            #[inline(always)]
            fn fused(self, factor: $float, term: $float) -> $float {
                self.mul_add(factor, term)
            }

            #[inline(always)]
            fn with_sign_of(self, other: $float) -> $float {
                self.copysign(other)
            }

            #[inline(always)]
            fn signed_as(self, other: $float) -> $float {
                <$float>::from_bits(self.to_bits() | other.to_bits() & (-0.0 as $float).to_bits())
            }

            #[inline(always)]
            fn larger(self, other: $float) -> $float {
                let (a, b) = (self.to_bits().cast_signed(), other.to_bits().cast_signed());
                <$float>::from_bits(a.max(b).cast_unsigned())
            }

            #[inline(always)]
            fn smaller(self, other: $float) -> $float {
                let (a, b) = (self.to_bits().cast_signed(), other.to_bits().cast_signed());
                <$float>::from_bits(a.min(b).cast_unsigned())
            }

            $($own)*
        }
    )*};
}

reals! {
    f32, false, {
        #[inline(always)]
        fn add_wide<S: Simd>(simd: S, sums: &mut [f64; LANES], x: &[f32; LANES]) {
            *sums = simd.add_wide(*sums, *x);
        }

        const WIDTH: usize = LANES;

        #[inline(always)]
        fn at_most<S: Simd>(simd: S, x: &[f32; PAIRS], y: &[f32; PAIRS]) -> u32 {
            simd.at_most(cast(*x), cast(*y))
        }

        #[inline(always)]
        fn add_above<S: Simd>(
            simd: S,
            sums: [[f32; PAIRS]; 2],
            over: [f32; PAIRS],
            least: f32,
        ) -> [[f32; PAIRS]; 2] {
            simd.add_above(sums, over, least)
        }
    }
    f64, true, {
        const WIDTH: usize = WIDE;

        #[inline(always)]
        fn at_most<S: Simd>(simd: S, x: &[f64; PAIRS], y: &[f64; PAIRS]) -> u32 {
            simd.at_most_wide(cast(*x), cast(*y))
        }

        #[inline(always)]
        fn add_above<S: Simd>(
            simd: S,
            sums: [[f64; PAIRS]; 2],
            over: [f64; PAIRS],
            least: f64,
        ) -> [[f64; PAIRS]; 2] {
            simd.add_above_wide(sums, over, least)
        }
    }
}

macro_rules! own_real {
    ($($float:ty, $bits:ty;)*) => {$(
        impl Number for $float {
            type Real = $float;

            #[inline(always)]
            fn real(self) -> $float {
                self
            }

            #[inline(always)]
            fn nearest(real: $float) -> $float {
                real
            }

            #[inline(always)]
            fn real_of(value: f64) -> $float {
                value as $float
            }

            #[inline(always)]
            fn toward_zero(self) -> $float {
                Self::from_bits(self.to_bits() - 1)
            }

            type Mask = $bits;

            #[inline(always)]
            fn mask(keeps: bool) -> $bits {
                <$bits>::from(keeps).wrapping_neg()
            }

            #[inline(always)]
            fn unless_kept(self, kept: $bits, other: $float) -> $float {
                Self::from_bits(self.to_bits() & kept | other.to_bits() & !kept)
            }
        }
    )*};
}

own_real! {
    f32, u32;
    f64, u64;
}
