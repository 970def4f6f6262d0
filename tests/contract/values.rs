//! Numbers that are hard on a norm: every magnitude, exact rims, zeros of both signs, NaN.

use std::fmt::Debug;

use half::{bf16, f16};
use normproj::{DType, Element};

/// An element that tests make of bits.
pub trait Value: Element + Debug {
    /// Bits of the mantissa.
    const MANTISSA: u32;
    /// Bits of the exponent.
    const EXPONENT: u32;

    fn bits(self) -> u64;

    /// From the lowest bits.
    fn from_bits(bits: u64) -> Self;

    /// Rounded to nearest.
    fn of(value: f64) -> Self;

    fn wide(self) -> f64 {
        self.into()
    }

    fn is_finite(self) -> bool {
        self.wide().is_finite()
    }

    fn is_nan(self) -> bool {
        self.wide().is_nan()
    }

    /// The next number of smaller magnitude, of one that is not zero.
    fn inward(self) -> Self {
        Self::from_bits(self.bits() - 1)
    }
}

macro_rules! values {
    ($($float:ty, $bits:ty, $mantissa:literal, $exponent:literal, $of:expr;)*) => {$(
        impl Value for $float {
            const MANTISSA: u32 = $mantissa;
            const EXPONENT: u32 = $exponent;

            fn bits(self) -> u64 {
                self.to_bits().into()
            }

            fn from_bits(bits: u64) -> Self {
                <$float>::from_bits(bits as $bits)
            }

            fn of(value: f64) -> Self {
                $of(value)
            }
        }
    )*};
}

values! {
    f32, u32, 23, 8, |value| value as f32;
    f16, u16, 10, 5, f16::from_f64;
    bf16, u16, 7, 8, bf16::from_f64;
    f64, u64, 52, 11, |value| value;
}

/// Does something with the type of a dtype.
macro_rules! for_dtype {
    ($dtype:expr, $value:ident => $do:expr) => {
        match $dtype {
            normproj::DType::F32 => {
                type $value = f32;
                $do
            }
            normproj::DType::F16 => {
                type $value = normproj::f16;
                $do
            }
            normproj::DType::BF16 => {
                type $value = normproj::bf16;
                $do
            }
            normproj::DType::F64 => {
                type $value = f64;
                $do
            }
            dtype => panic!("{dtype} is new"),
        }
    };
}
pub(crate) use for_dtype;

/// The least normal number of what a dtype is computed in: below it an adapter may take elements for
/// zero, and rounding is no longer relative.
pub fn least_normal(dtype: DType) -> f64 {
    if dtype == DType::F64 { f64::MIN_POSITIVE } else { f32::MIN_POSITIVE.into() }
}

/// What subnormal numbers are multiples of, where a tensor of a dtype is computed.
pub fn subnormal_step(dtype: DType) -> f64 {
    if dtype == DType::F64 { f64::from_bits(1) } else { f32::from_bits(1).into() }
}

/// How a tensor is filled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fill {
    /// As weights are.
    Normal,
    /// Every magnitude side by side: squares of f32 leave f32 at both ends.
    Mixed,
    /// Subnormal numbers only.
    Subnormal,
    /// Zeros of both signs, and now and then a one.
    Zeros,
    /// Near the largest number, so that norms leave the dtype.
    Huge,
    /// Small integers: norms such as 5 are exact.
    Integers,
}

impl Fill {
    pub const ALL: [Fill; 6] =
        [Fill::Normal, Fill::Mixed, Fill::Subnormal, Fill::Zeros, Fill::Huge, Fill::Integers];

    /// The value of element `i`.
    pub fn value<V: Value>(self, seed: u64, i: usize) -> V {
        let (bits, other) = (hash(seed, i), hash(seed ^ 0xe4b0, i));
        let mantissa = other & ((1 << V::MANTISSA) - 1);
        let sign = (bits & 1) << (V::MANTISSA + V::EXPONENT);
        let high = bits >> 32;
        match self {
            Fill::Normal => V::of(normal(bits).into()),
            Fill::Mixed => {
                let exponent = high % ((1 << V::EXPONENT) - 1);
                V::from_bits(sign | exponent << V::MANTISSA | mantissa)
            }
            Fill::Subnormal => V::from_bits(sign | mantissa >> (high % u64::from(V::MANTISSA - 3))),
            Fill::Zeros if high.is_multiple_of(16) => V::of(1.0),
            Fill::Zeros => V::from_bits(sign),
            Fill::Huge => {
                let part = 0.59 + 0.2 * f64::from(normal(bits).clamp(-2.0, 2.0));
                V::of(part * V::DTYPE.largest())
            }
            Fill::Integers => V::of((high % 9) as f64 - 4.0),
        }
    }
}

/// A NaN of any payload, signalling ones too, or an infinity.
pub fn non_finite<V: Value>(bits: u64) -> V {
    let sign = (bits & 1) << (V::MANTISSA + V::EXPONENT);
    let infinite = ((1 << V::EXPONENT) - 1) << V::MANTISSA;
    let payload = if bits >> 63 == 0 { 0 } else { bits >> 1 & ((1 << V::MANTISSA) - 1) };
    V::from_bits(sign | infinite | payload)
}

/// What lies around a view: any bits at all, so that reading or writing them shows.
pub fn neighbour<V: Value>(seed: u64, place: usize) -> V {
    V::from_bits(hash(!seed, place))
}

/// About normal with deviation 1 (a sum of uniform numbers).
pub fn normal(bits: u64) -> f32 {
    let sum: u64 = (0..4).map(|k| bits >> (16 * k) & 0xffff).sum();
    (sum as f32 / 65536.0 - 2.0) * 1.73
}

/// Scrambled bits of a seed and a number (SplitMix64): data that need not be stored to be known.
pub fn hash(seed: u64, i: usize) -> u64 {
    let mut z = seed.wrapping_add((i as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
}
