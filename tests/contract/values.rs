//! Numbers that are hard on a norm: every magnitude, exact rims, zeros of both signs, NaN.

/// How a tensor is filled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fill {
    /// As weights are.
    Normal,
    /// From 2⁻¹⁴⁹ to 2¹²⁸ side by side: squares leave f32 at both ends.
    Mixed,
    /// Subnormal numbers only.
    Subnormal,
    /// Zeros of both signs, and now and then a one.
    Zeros,
    /// Around 3e38, so that norms leave f32.
    Huge,
    /// Small integers: norms such as 5 are exact.
    Integers,
}

impl Fill {
    pub const ALL: [Fill; 6] =
        [Fill::Normal, Fill::Mixed, Fill::Subnormal, Fill::Zeros, Fill::Huge, Fill::Integers];

    /// The value of element `i`.
    pub fn value(self, seed: u64, i: usize) -> f32 {
        let bits = hash(seed, i);
        let mantissa = (bits as u32) & 0x807f_ffff;
        let high = (bits >> 32) as u32;
        match self {
            Fill::Normal => normal(bits),
            Fill::Mixed => f32::from_bits(mantissa | (high % 255) << 23),
            Fill::Subnormal => {
                f32::from_bits(mantissa >> (high % 20) & 0x007f_ffff | mantissa & SIGN)
            }
            Fill::Zeros if high.is_multiple_of(16) => 1.0,
            Fill::Zeros => f32::from_bits(mantissa & SIGN),
            Fill::Huge => (2.0 + 0.7 * normal(bits).clamp(-2.0, 2.0)) * 1e38,
            Fill::Integers => (high % 9) as f32 - 4.0,
        }
    }
}

const SIGN: u32 = 0x8000_0000;

/// A NaN of any payload, signalling ones too, or an infinity.
pub fn non_finite(bits: u64) -> f32 {
    f32::from_bits(0x7f80_0000 | bits as u32 & if bits >> 63 == 0 { SIGN } else { 0x807f_ffff })
}

/// What lies around a view: any bits at all, so that reading or writing them shows.
pub fn neighbour(seed: u64, place: usize) -> f32 {
    f32::from_bits(hash(!seed, place) as u32)
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
