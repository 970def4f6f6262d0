//! How far a computed norm can be off, and how far inside a slice must land therefore.
//!
//! With `u = 2⁻²⁴` and at most L additions in a chain, the sum of squares S is within a factor
//! `1 ± σ` of exact, `σ = (L + 1)·u`. "Inside" is `S ≤ c²·(1 − σ)`, which implies `‖x‖ ≤ c`. A slice
//! that is scaled aims at `c·(1 − κ)`, `κ = 1.5·(L + 1)·u + 6·u`: half of σ for the error of the
//! root, 4u for a reciprocal root off by 2 ulp, u each for the product and the rounding of the
//! result, and σ so that its own S passes the test the second time.

use crate::dtype::Precision;
use crate::norm::Norm;

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
    /// The relative error of powers and roots other than squares, for Lp norms.
    pub power: f64,
    /// Whether some powers of elements are computed in f32, with an error of their own.
    pub near: bool,
    /// Half the spacing at 1 of what factors and results are rounded to.
    pub unit: f64,
    /// What the numbers of a rim may be off by, in relation to the radius: 0 unless a device computes
    /// them in f32.
    pub radius: f64,
}

/// The error bounds of one norm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// What is compared (the power that is accumulated) is within `1 ± sigma` of exact.
    pub sigma: f64,
    /// How far inside the radius a scaled slice lands.
    pub kappa: f64,
}

/// A quotient may be off by 2.5 ulp, its product and the rounding of the result by half an ulp each,
/// and the target is rounded to f32.
const QUOTIENT: f64 = 8.0;
/// `pow` of drivers was seen 112 ulp off.
const POWER: f64 = 256.0 * U;
/// The powers of f32 that the CPU backend computes in f64.
pub(crate) const RELATIVE_POWER: f64 = 1.0 / (1u64 << 38) as f64;

/// The relative error of the powers that the CPU backend computes in f32, and adds in pairs; none of those that it
/// computes in f64, or that are products. Powers were seen 2.8u off for p = 1, 3.9u for 1.3, 5.4u for 3.3 and 6.2u
/// for 6 (a test in `cpu/near_power` repeats it), and the sum of a pair is rounded.
pub(crate) fn near_power(p: f64) -> Option<f64> {
    match p {
        0.5 => Some(2.0 * U),
        3.0 | 4.0 => None,
        1.0..=6.0 => Some((4.5 + 0.75 * p) * U),
        _ => None,
    }
}

impl Margin {
    /// Sums in f32, as the kernels compute them.
    pub fn f32(additions: u32) -> Self {
        Self::new(additions.saturating_add(2), U, POWER, U)
    }

    /// Sums in f64 of f32 values.
    pub fn f64(additions: u32) -> Self {
        Self::new(additions + 2, U64, RELATIVE_POWER, U)
    }

    /// The same as the CPU backend computes them.
    pub fn native(additions: u32) -> Self {
        Margin { near: true, ..Self::f64(additions) }
    }

    /// The same where so many terms are added in f32 before they go into the sum.
    pub(crate) fn with_short_sums(self, terms: usize) -> Self {
        let sigma = self.sigma + terms as f64 * U;
        Margin { sigma, kappa: 1.5 * sigma + 6.0 * self.unit, ..self }
    }

    /// Sums in f64 of f64 values, whose results are rounded to f64.
    pub fn double(additions: u32) -> Self {
        Self::new(additions.saturating_add(2), U64, POWER / U * U64, U64)
    }

    fn new(chain: u32, sums: f64, power: f64, unit: f64) -> Self {
        let sigma = (f64::from(chain) + 1.0) * sums;
        Margin {
            chain,
            sigma,
            kappa: 1.5 * sigma + 6.0 * unit,
            power,
            near: false,
            unit,
            radius: 0.0,
        }
    }

    /// The same schedule where radii are in memory and a device computes the rim of each in f32.
    ///
    /// A radius is `scale · max(r, least)`: both numbers are rounded toward zero (2u each), and their
    /// product is rounded (u). A number of the rim is `slope · c + offset`: a slope that is rounded toward
    /// zero (2u), a product and a sum (u each), and a threshold that is squared (twice all that, and u). So
    /// norms of a rim are within -9u and +3u of exact, in relation to c, and squares within -19u and +7u.
    /// With ρ = 12u and σ′ = σ + 2ρ, κ′ = 1.5σ′ + 6u for L2:
    ///
    /// - What is kept is inside: `S ≤ c²(1 − σ′)(1 + 7u)` implies n ≤ c, as σ′ ≥ σ + 7u.
    /// - What has n ≤ c(1 − σ′) is kept: σ′ ≥ σ + 19u.
    /// - What is scaled passes the test: it lands at `c(1 − κ′)(1 + 3u)(1 + σ/2 + 6u)` at most, so that
    ///   κ′ ≥ σ + σ′/2 + 19u is enough, and κ′ − σ − σ′/2 is 3ρ − ρ + 6u = 30u.
    ///
    /// In other norms σ′ = σ + ρ and κ′ = 3σ′ + 8u, of which 2σ + σ′ + 19u are needed: the sums are
    /// compared themselves.
    ///
    /// Where a norm has a least one, its rim is `slope · c + offset` of another such c:
    ///
    /// - What is kept is long enough: `S ≥ c²(1 + σ′)(1 − 19u)` implies n ≥ c, as σ′ ≥ σ + 19u.
    /// - What is scaled passes the test: it lands at `c(1 + κ′)(1 − 9u)(1 − σ/2 − 6u)` at least, and
    ///   κ′ ≥ σ + σ′/2 + 18u.
    ///
    /// A search ends where a sum is within `1 − σ′ − 6u` and `1 + 6u` (and σ′ more where it is reached) of the
    /// goal, products of which are rounded by 2u: at most `c(1 − κ′)(1 + 3u)(1 + 8u)(1 + 2σ)` the second time,
    /// of which `c(1 − σ′)(1 − 9u)` is the bound, and κ′ ≥ 2σ + σ′ + 20u.
    pub(crate) fn with_radii_on_device(self) -> Self {
        let radius = 12.0 * self.unit;
        let sigma = self.sigma + 2.0 * radius;
        Margin { sigma, kappa: 1.5 * sigma + 6.0 * self.unit, radius, ..self }
    }

    /// The error bounds of a norm.
    ///
    /// A sum of magnitudes (L1) is itself the norm, so that its errors count in full where those of
    /// a sum of squares are halved by the root: σ of the first sum, σ of the second, and σ that the
    /// threshold is below the radius. So is an Lp norm, after a root that divides (p > 1) or multiplies
    /// the relative error of its sum. The largest magnitude (Linf) is exact.
    pub fn of(&self, norm: Norm) -> Bounds {
        let in_full = |sigma: f64| Bounds { sigma, kappa: 3.0 * sigma + QUOTIENT * self.unit };
        let sums = self.sigma - 2.0 * self.radius;
        match norm {
            Norm::L2 => Bounds { sigma: self.sigma, kappa: self.kappa },
            Norm::L1 => in_full(sums + self.radius),
            Norm::Linf => in_full(self.radius),
            Norm::Lp(p) => {
                let near = near_power(p.value()).filter(|_| self.near);
                let power = near.unwrap_or(self.power);
                in_full((sums + power) / p.value() + self.power + self.radius)
            }
        }
    }
}

impl Margin {
    /// κ of sets that a direction a defines: what is projected has `|⟨a, y⟩ − b| ≤ κ·(‖a‖·‖x‖ + |b|)`, up to
    /// elements below the smallest normal number.
    ///
    /// The computed product d is off by `σ·‖a‖·‖x‖`: of its terms the magnitudes count, whose sum is at
    /// most that. `(d − b) / ‖a‖²` is off by the σ of the squares, and by 7u for the difference and a
    /// quotient that may be off by 2.5 ulp. Its product with `a_i` and the sum with `x_i` are rounded, by u
    /// each of at most `|d − b|` and `‖a‖·‖x‖ + |d − b|` in all. With `|d − b| ≤ ‖a‖·‖x‖ + |b|` that is
    /// `2σ + 10u`; the rest is slack.
    pub fn along(&self) -> f64 {
        2.0 * self.sigma + 12.0 * self.unit
    }
}

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
    pub mantissa: f64,
    /// The power of the base.
    pub exponent: i32,
}

impl Scaled {
    /// In powers of two, rounded toward zero.
    pub fn binary(value: f64, precision: Precision) -> Self {
        Self::split(value, 1, precision)
    }

    /// In powers of four, rounded toward zero: the square of a binary one.
    pub fn quaternary(value: f64, precision: Precision) -> Self {
        Self::split(value, 2, precision)
    }

    /// The square of a number, in powers of four.
    pub fn squared(value: f64, precision: Precision) -> Self {
        let Scaled { mantissa, exponent } = Self::binary(value, precision);
        Scaled { mantissa: precise(mantissa * mantissa, precision), exponent }
    }

    /// A number itself, of a precision.
    pub fn toward_zero(value: f64, precision: Precision) -> f64 {
        precise(value, precision)
    }

    fn split(value: f64, bits: i32, precision: Precision) -> Self {
        if value == 0.0 {
            return Scaled::default();
        }
        if value < f64::MIN_POSITIVE {
            let Scaled { mantissa, exponent } = Self::split(value * 64f64.exp2(), bits, precision);
            return Scaled { mantissa, exponent: exponent - 64 / bits };
        }
        let exponent = (((value.to_bits() >> 52) & 0x7ff) as i32 - 1023).div_euclid(bits);
        let mantissa = precise(value * (-f64::from(exponent * bits)).exp2(), precision);
        Scaled { mantissa, exponent }
    }
}

/// A mantissa of this precision, toward zero.
fn precise(mantissa: f64, precision: Precision) -> f64 {
    match precision {
        Precision::Single => toward_zero(mantissa),
        Precision::Double => mantissa,
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
    fn splitting_is_exact_for_24_bits() {
        for value in [1.0, 3.0, 4.0, 0.75, 2f64.powi(-149), 1.5 * 2f64.powi(130), 5e-298] {
            let single = Precision::Single;
            for (split, base) in
                [(Scaled::binary(value, single), 2f64), (Scaled::quaternary(value, single), 4.0)]
            {
                assert!((1.0..base).contains(&split.mantissa), "{value}: {split:?}");
                let back = split.mantissa * base.powi(split.exponent);
                assert!(back <= value && back >= value * (1.0 - 2.0 * U), "{value}: {split:?}");
            }
        }
    }

    #[test]
    fn doubles_are_split_exactly_subnormal_ones_too() {
        for value in [0.1, 5e-324, 1.5e-310, f64::MAX, 3.0] {
            let Scaled { mantissa, exponent } = Scaled::binary(value, Precision::Double);
            assert!((1.0..2.0).contains(&mantissa));
            let half = f64::from(exponent / 2).exp2();
            assert_eq!(mantissa * half * f64::from(exponent - exponent / 2).exp2(), value);
            let square = Scaled::squared(value, Precision::Double);
            assert_eq!((square.mantissa, square.exponent), (mantissa * mantissa, exponent));
        }
    }

    #[test]
    fn what_is_scaled_is_inside_the_second_time() {
        for additions in [0, 1, 30, 76] {
            let margin = Margin::f32(additions);
            let landed = (1.0 - margin.kappa) * (1.0 + 0.5 * margin.sigma + 6.0 * U);
            assert!(landed <= 1.0 - margin.sigma, "{additions}");
        }
        assert!(Margin::f32(74).kappa <= 2f64.powi(-17));
        assert!(Margin::f64(1 << 20).kappa < 6.01 * U);
    }
}
