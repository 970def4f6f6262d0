//! The arithmetic of the rim: how far the computed norm can be off, and what follows for the
//! comparison and the target.
//!
//! With `u = 2⁻²⁴` and at most L additions in a chain, the sum of squares S is within a factor
//! `1 ± σ` of exact, `σ = (L + 1)·u`. "Inside" is `S ≤ c²·(1 − σ)`, which implies `‖x‖ ≤ c`. A slice
//! that is scaled aims at `c·(1 − κ)`, `κ = 1.5·(L + 1)·u + 6·u`: half of σ for the error of the
//! root, 4u for a reciprocal root off by 2 ulp, u each for the product and the rounding of the
//! result, and σ so that its own S passes the test the second time.

use crate::norm::Norm;
use crate::projection::Rounding;

/// Half the spacing of f32 at 1.
pub const U: f64 = 1.0 / (1u64 << 24) as f64;
/// Half the spacing of f64 at 1.
const U64: f64 = U * U / 32.0;

/// The error bounds of one schedule.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Margin {
    /// The longest chain of additions, L. Two of them are slack: the threshold and the target are
    /// rounded to f32, which costs up to 2u each.
    pub chain: u32,
    /// σ: the relative error of the computed sum of squares.
    pub sigma: f64,
    /// κ: how far inside the radius a scaled slice lands.
    pub kappa: f64,
}

impl Margin {
    /// Sums in f32, as the kernels compute them.
    pub fn f32(additions: u32) -> Self {
        Self::new(additions.saturating_add(2), U)
    }

    /// Sums in f64 of f32 values, as the CPU backend computes them.
    pub fn f64(additions: u32) -> Self {
        Self::new(additions + 2, U64)
    }

    fn new(chain: u32, unit: f64) -> Self {
        let sigma = (f64::from(chain) + 1.0) * unit;
        Margin { chain, sigma, kappa: 1.5 * sigma + 6.0 * U }
    }
}

/// What a slice is compared with and scaled to, in f64.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rim {
    /// Which norm is compared.
    pub norm: Norm,
    /// A slice is inside if its norm, squared where squares are summed, is at most this. Infinite
    /// if everything is inside; negative if nothing is.
    pub threshold: f64,
    /// The norm that a scaled slice aims at: it is multiplied by `target / (n + epsilon)`.
    pub target: f64,
    /// What another system's formula adds to the norm; 0 of our own.
    pub epsilon: f64,
}

impl Rim {
    /// Everything is inside.
    pub fn unbounded(norm: Norm) -> Self {
        Rim { norm, threshold: f64::INFINITY, target: f64::INFINITY, epsilon: 0.0 }
    }

    /// The rim of a ball of radius `radius` (0 or more, checked before).
    ///
    /// A sum of magnitudes (L1) is itself the norm, so that its errors count in full where those of
    /// a sum of squares are halved by the root: σ of the first sum, σ of the second, and σ that the
    /// threshold is below the radius. The largest magnitude (Linf) is exact.
    pub fn new(norm: Norm, radius: f64, rounding: Rounding, epsilon: f64, margin: Margin) -> Self {
        // Zero has no sign here: a factor of -0 would turn the signs of the elements over.
        let radius = toward_zero(radius.abs());
        if radius > BEYOND_ALL {
            return Rim::unbounded(norm);
        }
        let (sigma, kappa) = match norm {
            Norm::L1 => (margin.sigma, margin.kappa + 1.5 * margin.sigma),
            Norm::L2 => (margin.sigma, margin.kappa),
            Norm::Linf => (0.0, 6.0 * U),
        };
        let (sigma, kappa) = match rounding {
            Rounding::Feasible => (sigma, kappa),
            Rounding::Nearest => (0.0, 0.0),
        };
        // n + ε ≤ c. 24 bits squared fit f64's 53: without ε the square is exact.
        let reach = radius - epsilon;
        let threshold = reach.signum() * reach.abs().powi(norm.degree()) * (1.0 - sigma);
        Rim { norm, threshold, target: radius * (1.0 - kappa), epsilon }
    }

    /// The threshold in powers of two, or of four where squares are summed.
    pub(crate) fn scaled_threshold(&self) -> Scaled {
        match self.norm {
            Norm::L2 => Scaled::quaternary(self.threshold),
            Norm::L1 | Norm::Linf => Scaled::binary(self.threshold),
        }
    }
}

/// No slice of fewer than 2⁶⁴ finite f32 values has a larger norm than 2¹⁶⁰, and the square of
/// this stays inside f64.
const BEYOND_ALL: f64 = 1.532_495_540_865_889e54; // 2^180

/// Rounds to the 24 significant bits of f32, toward zero, so that the bound is never loosened. The
/// exponent stays that of f64 upward: a norm may exceed f32, and a radius of 1e39 must not bound it
/// at 3.4e38. Below the smallest subnormal nothing is left.
pub fn toward_zero(radius: f64) -> f64 {
    const SMALLEST_NORMAL: f64 = f32::MIN_POSITIVE as f64;
    if radius < SMALLEST_NORMAL {
        let step = SMALLEST_NORMAL * f64::from(f32::EPSILON);
        return (radius / step).floor() * step;
    }
    f64::from_bits(radius.to_bits() & !((1 << 29) - 1))
}

/// A positive number as `mantissa · base^exponent`, the mantissa in `[1, base)`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Scaled {
    /// In `[1, base)`, or 0.
    pub mantissa: f32,
    /// The power of the base.
    pub exponent: i32,
}

impl Scaled {
    /// In powers of two, rounded toward zero.
    pub fn binary(value: f64) -> Self {
        Self::split(value, 1)
    }

    /// In powers of four, rounded toward zero: the square of a binary one.
    pub fn quaternary(value: f64) -> Self {
        Self::split(value, 2)
    }

    fn split(value: f64, bits: i32) -> Self {
        if value == 0.0 {
            return Scaled::default();
        }
        let exponent = (((value.to_bits() >> 52) & 0x7ff) as i32 - 1023).div_euclid(bits);
        let mantissa = toward_zero(value * (-f64::from(exponent * bits)).exp2());
        Scaled { mantissa: mantissa as f32, exponent }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn radii_round_toward_zero() {
        assert_eq!(toward_zero(5.0), 5.0);
        assert!(toward_zero(0.1) < 0.1 && toward_zero(0.1) as f32 == 0.099_999_994);
        assert!(toward_zero(1e39) <= 1e39 && toward_zero(1e39) > 0.999_999_8e39);
        assert_eq!(toward_zero(f64::from(f32::from_bits(1)) * 1.5) as f32, f32::from_bits(1));
        assert_eq!(toward_zero(1e-50), 0.0);
        assert_eq!(toward_zero(f64::INFINITY), f64::INFINITY);
    }

    #[test]
    fn a_radius_of_minus_zero_is_zero() {
        let rim = Rim::new(Norm::L2, -0.0, Rounding::Feasible, 0.0, Margin::f32(1));
        assert!(rim.target == 0.0 && rim.target.is_sign_positive());
    }

    #[test]
    fn splitting_is_exact_for_24_bits() {
        for value in [1.0, 3.0, 4.0, 0.75, 2f64.powi(-149), 1.5 * 2f64.powi(130), 5e-298] {
            for (split, base) in [(Scaled::binary(value), 2f64), (Scaled::quaternary(value), 4.0)] {
                let mantissa = f64::from(split.mantissa);
                assert!((1.0..base).contains(&mantissa), "{value}: {split:?}");
                let back = mantissa * base.powi(split.exponent);
                assert!(back <= value && back >= value * (1.0 - 2.0 * U), "{value}: {split:?}");
            }
        }
    }

    #[test]
    fn what_is_scaled_is_inside_the_second_time() {
        for additions in [0, 1, 30, 76] {
            let margin = Margin::f32(additions);
            let landed = (1.0 - margin.kappa) * (1.0 + 0.5 * margin.sigma + 6.0 * U);
            assert!(landed <= 1.0 - margin.sigma, "{additions}");
        }
        // The same in L1, where no root halves the errors.
        for additions in [0, 30, 74] {
            let margin = Margin::f32(additions);
            let rim = Rim::new(Norm::L1, 1.0, Rounding::Feasible, 0.0, margin);
            let worst = rim.target / (1.0 - margin.sigma) * (1.0 + 6.0 * U);
            assert!(worst * (1.0 + margin.sigma) <= rim.threshold * (1.0 + U * U), "{additions}");
        }
        assert!(Margin::f32(74).kappa <= 2f64.powi(-17));
        assert!(Margin::f64(1 << 20).kappa < 6.01 * U);
    }
}
