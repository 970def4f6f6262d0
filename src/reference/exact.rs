//! Exact arithmetic: sums of squares and of magnitudes without any rounding, so that `‖x‖ ≤ c` is
//! decided, not estimated.

use half::{bf16, f16};

use super::double::{Double, exponent, times_power, two_sum};
use crate::dtype::{DType, Element};
use crate::norm::Norm;

/// The radius that the library works with: `c` rounded toward zero to the 24 significant bits of
/// f32, on f32's grid below its smallest normal, with f64's exponent above its largest value.
pub fn radius(c: f64) -> f64 {
    let (mut mantissa, mut scale) = (c, 1.0);
    while mantissa.is_finite() && mantissa > f64::from(f32::MAX) {
        (mantissa, scale) = (mantissa / 2.0, scale * 2.0);
    }
    let nearest = mantissa as f32;
    let below = if f64::from(nearest) > mantissa { nearest.next_down() } else { nearest };
    // Plus zero: a radius of -0 must not turn signs.
    f64::from(below) * scale + 0.0
}

/// [`radius`] for tensors of a dtype: for f64 it keeps every bit.
pub fn radius_in(dtype: DType, c: f64) -> f64 {
    match dtype {
        DType::F64 => c + 0.0,
        DType::F32 | DType::F16 | DType::BF16 => radius(c),
    }
}

/// A bound of single elements, rounded toward zero to f32; infinity stays.
pub fn bound(b: f64) -> f32 {
    let nearest = b as f32;
    match f64::from(nearest.abs()) > b.abs() {
        // Toward zero of either sign: the magnitude is one bit pattern less.
        true => f32::from_bits(nearest.to_bits() - 1),
        false => nearest,
    }
}

/// [`bound`] for tensors of a dtype.
pub fn bound_in(dtype: DType, b: f64) -> f64 {
    match dtype {
        _ if b.is_infinite() => b,
        DType::F64 => b,
        DType::F32 => bound(b).into(),
        DType::F16 => {
            let nearest = f16::from_f64(b);
            let beyond = nearest.to_f64().abs() > b.abs();
            f16::from_bits(nearest.to_bits() - u16::from(beyond)).to_f64()
        }
        DType::BF16 => {
            let nearest = bf16::from_f64(b);
            let beyond = nearest.to_f64().abs() > b.abs();
            bf16::from_bits(nearest.to_bits() - u16::from(beyond)).to_f64()
        }
    }
}

/// The sum of the squares of finite values, as the unevaluated sum of two f64: the first is the
/// exact sum rounded to nearest (a tie may go either way), the second the rest, rounded. Infinite
/// beyond f64, which only sums of f64 can be.
pub fn exact_sum_of_squares<T: Element>(slice: &[T]) -> (f64, f64) {
    let Power { sum, exponent } = squares(&wide(slice));
    let Double { high, low } = sum.rounded().times_power(2 * exponent);
    (high, low)
}

/// The sum of the magnitudes of finite values, as [`exact_sum_of_squares`].
pub fn exact_sum_of_magnitudes<T: Element>(slice: &[T]) -> (f64, f64) {
    let Power { sum, exponent } = magnitudes(&wide(slice));
    let Double { high, low } = sum.rounded().times_power(exponent);
    (high, low)
}

/// Whether the L2 norm of a slice of finite values is larger than `c`, exactly.
pub fn exceeds<T: Element>(slice: &[T], c: f64) -> bool {
    exceeds_in(Norm::L2, slice, c)
}

/// Whether the norm of a slice of finite values is larger than `c`, exactly; an Lp norm within the
/// rounding of its powers. Every norm is larger than a negative `c`.
pub fn exceeds_in<T: Element>(norm: Norm, slice: &[T], c: f64) -> bool {
    let slice = wide(slice);
    match norm {
        _ if c < 0.0 => true,
        Norm::Linf => largest(&slice) > c,
        Norm::Lp(_) => super::radial::Magnitude::new(norm, &slice).exceeds(c),
        Norm::L1 => {
            let Power { sum, exponent } = magnitudes(&slice);
            sum.exceeds([times_power(c, -exponent), 0.0])
        }
        Norm::L2 => {
            let Power { sum, exponent } = squares(&slice);
            let Double { high, low } = {
                let c = times_power(c, -exponent);
                Double::product(c, c)
            };
            sum.exceeds([high, low])
        }
    }
}

/// The product of two vectors of one length, exactly: `sum · 2^exponent`.
pub(super) fn products(x: &[f64], a: &[f64]) -> Power {
    let (mut sum, of_x, of_a) = (Expansion::default(), unit(x), unit(a));
    for (&x, &a) in x.iter().zip(a) {
        let product = Double::product(times_power(x, -of_x), times_power(a, -of_a));
        sum.add(product.high);
        if product.low != 0.0 {
            sum.add(product.low);
        }
    }
    Power { sum, exponent: of_x + of_a }
}

/// The elements as f64, exactly.
pub(super) fn wide<T: Element>(slice: &[T]) -> Vec<f64> {
    slice.iter().map(|&x| x.into()).collect()
}

/// The largest magnitude of finite values.
pub(super) fn largest(slice: &[f64]) -> f64 {
    slice.iter().fold(0.0, |largest, x| largest.max(x.abs()))
}

/// An exact sum of powers of `x · 2^-exponent`.
pub(super) struct Power {
    pub sum: Expansion,
    pub exponent: i32,
}

pub(super) fn magnitudes(slice: &[f64]) -> Power {
    let (mut sum, exponent) = (Expansion::default(), unit(slice));
    slice.iter().for_each(|&x| sum.add(times_power(x.abs(), -exponent)));
    Power { sum, exponent }
}

pub(super) fn squares(slice: &[f64]) -> Power {
    let (mut sum, exponent) = (Expansion::default(), unit(slice));
    for &x in slice {
        let x = times_power(x, -exponent);
        let square = Double::product(x, x);
        sum.add(square.high);
        if square.low != 0.0 {
            sum.add(square.low);
        }
    }
    Power { sum, exponent }
}

/// The power of two that elements are divided by: 1 wherever squares are far from the ends of f64, as
/// those of all f32 are.
fn unit(slice: &[f64]) -> i32 {
    let most = largest(slice);
    if most == 0.0 || (1e-100..1e100).contains(&most) { 0 } else { exponent(most) }
}

/// A number as an unevaluated sum of f64 that do not overlap, smallest first (Shewchuk 1997), so
/// that the last has the sign of the whole.
#[derive(Default)]
pub(super) struct Expansion {
    parts: Vec<f64>,
}

impl Expansion {
    /// Whether it is more than `high + low`; nothing is more than infinity.
    fn exceeds(mut self, [high, low]: [f64; 2]) -> bool {
        if high.is_infinite() {
            return false;
        }
        self.add(-high);
        self.add(-low);
        self.parts.last().is_some_and(|&largest| largest > 0.0)
    }

    pub fn rounded(mut self) -> Double {
        let (mut high, mut low) = (self.parts.pop().unwrap_or(0.0), 0.0);
        // From the top down: what is below only matters for the last bit, and expansions do not
        // overlap.
        while let Some(next) = self.parts.pop() {
            (high, low) = match low {
                0.0 => two_sum(high, next),
                _ => (high, low + next),
            };
        }
        Double::new(high, low)
    }

    fn add(&mut self, term: f64) {
        let (mut carry, mut kept) = (term, 0);
        for i in 0..self.parts.len() {
            let (sum, error) = two_sum(carry, self.parts[i]);
            if error != 0.0 {
                self.parts[kept] = error;
                kept += 1;
            }
            carry = sum;
        }
        self.parts.truncate(kept);
        // What cancels is not the largest part of what is left.
        if carry != 0.0 {
            self.parts.push(carry);
        }
    }
}
