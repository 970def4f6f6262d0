//! What vectors are multiplied by, in any range.

use super::double::{Double, exponent, times_power};

/// `value · 2^exponent`.
#[derive(Clone, Copy)]
pub(super) struct Quotient {
    value: Double,
    exponent: i32,
}

impl Quotient {
    /// `goal / (divisor · 2^power)`, the goal 0 or more.
    pub fn new(goal: f64, divisor: Double, power: i32) -> Self {
        let of_goal = if goal > 0.0 { exponent(goal) } else { 0 };
        let value = Double::from(times_power(goal, -of_goal)) / divisor;
        Quotient { value, exponent: of_goal - power }
    }

    /// A part of it.
    pub fn part(self, rate: Double) -> Self {
        Quotient { value: self.value * rate, ..self }
    }

    pub fn times(self, x: f64) -> Double {
        if !x.is_finite() {
            return (x * self.value.high).into();
        }
        let of_x = if x == 0.0 { 0 } else { exponent(x.abs()) };
        let product = self.value * Double::from(times_power(x, -of_x));
        product.times_power(of_x + self.exponent)
    }

    /// Rounded to f64.
    pub fn number(self) -> f64 {
        self.value.times_power(self.exponent).high
    }
}
