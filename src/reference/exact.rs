//! Exact arithmetic: sums of squares and of magnitudes without any rounding, so that `‖x‖ ≤ c` is
//! decided, not estimated.

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

/// A bound of single elements, rounded toward zero to f32; infinity stays.
pub fn bound(b: f64) -> f32 {
    let nearest = b as f32;
    match f64::from(nearest.abs()) > b.abs() {
        // Toward zero of either sign: the magnitude is one bit pattern less.
        true => f32::from_bits(nearest.to_bits() - 1),
        false => nearest,
    }
}

/// The sum of the squares of finite values, as the unevaluated sum of two f64: the first is the
/// exact sum rounded to nearest (a tie may go either way), the second the rest, rounded.
pub fn exact_sum_of_squares(slice: &[f32]) -> (f64, f64) {
    squares(slice).rounded()
}

/// The sum of the magnitudes of finite values, as [`exact_sum_of_squares`].
pub fn exact_sum_of_magnitudes(slice: &[f32]) -> (f64, f64) {
    magnitudes(slice).rounded()
}

/// Whether the L2 norm of a slice of finite values is larger than `c`, exactly.
pub fn exceeds(slice: &[f32], c: f64) -> bool {
    exceeds_in(Norm::L2, slice, c)
}

/// Whether the norm of a slice of finite values is larger than `c`, exactly. Every norm is larger
/// than a negative `c`.
pub fn exceeds_in(norm: Norm, slice: &[f32], c: f64) -> bool {
    match norm {
        _ if c < 0.0 => true,
        Norm::L1 => magnitudes(slice).exceeds([c, 0.0]),
        Norm::Linf => largest(slice) > c,
        Norm::Lp(_) => super::radial::norm(norm, slice) > c,
        Norm::L2 => squares(slice).exceeds([c * c, c.mul_add(c, -(c * c))]),
    }
}

/// The largest magnitude of finite values.
pub(super) fn largest(slice: &[f32]) -> f64 {
    slice.iter().fold(0.0, |largest, x| largest.max(f64::from(x.abs())))
}

fn magnitudes(slice: &[f32]) -> Expansion {
    let mut sum = Expansion::default();
    slice.iter().for_each(|x| sum.add(f64::from(x.abs())));
    sum
}

fn squares(slice: &[f32]) -> Expansion {
    let mut sum = Expansion::default();
    // 24 bits squared fit f64's 53, and no exponent of f32 doubled leaves f64's range: exact.
    slice.iter().for_each(|&x| sum.add(f64::from(x) * f64::from(x)));
    sum
}

/// A number as an unevaluated sum of f64 that do not overlap, smallest first (Shewchuk 1997), so
/// that the last has the sign of the whole.
#[derive(Default)]
struct Expansion {
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

    fn rounded(mut self) -> (f64, f64) {
        let (mut high, mut low) = (self.parts.pop().unwrap_or(0.0), 0.0);
        // From the top down: what is below only matters for the last bit, and expansions do not
        // overlap.
        while let Some(next) = self.parts.pop() {
            (high, low) = match low {
                0.0 => two_sum(high, next),
                _ => (high, low + next),
            };
        }
        two_sum(high, low)
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
        self.parts.push(carry);
    }
}

/// `a + b` rounded, and the error of that rounding (Knuth).
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let b_seen = sum - a;
    (sum, (a - (sum - b_seen)) + (b - b_seen))
}
