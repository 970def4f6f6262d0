//! Norms, and radial scaling into a ball.

use super::double::{Double, exponent, times_power};
use super::exact::{Power, exceeds_in, largest, magnitudes, squares};
use super::quotient::Quotient;
use crate::norm::Norm;

/// A norm as `value · 2^exponent`, rounded to 106 bits (to 53 in Lp, whose powers f64 computes).
#[derive(Debug, Clone, Copy)]
pub(super) struct Magnitude {
    /// NaN with any NaN, else infinite with any infinity.
    pub value: Double,
    pub exponent: i32,
}

impl Magnitude {
    pub fn new(norm: Norm, vector: &[f64]) -> Self {
        let whole = |value: f64| Magnitude { value: value.into(), exponent: 0 };
        if vector.iter().any(|x| x.is_nan()) {
            return whole(f64::NAN);
        } else if vector.iter().any(|x| x.is_infinite()) {
            return whole(f64::INFINITY);
        }
        match norm {
            Norm::L1 => {
                let Power { sum, exponent } = magnitudes(vector);
                Magnitude { value: sum.rounded(), exponent }
            }
            Norm::L2 => {
                let Power { sum, exponent } = squares(vector);
                Magnitude { value: sum.rounded().root(), exponent }
            }
            Norm::Linf if largest(vector) == 0.0 => whole(0.0),
            Norm::Linf => {
                let exponent = exponent(largest(vector));
                Magnitude { value: times_power(largest(vector), -exponent).into(), exponent }
            }
            Norm::Lp(p) => lp(p.value(), vector),
        }
    }

    /// The number in f64; infinite beyond.
    pub fn number(self) -> f64 {
        self.value.times_power(self.exponent).high
    }

    pub fn is_zero(self) -> bool {
        self.value.high == 0.0
    }

    /// Whether it is larger than `c`.
    pub fn exceeds(self, c: f64) -> bool {
        self.value > self.unit(c)
    }

    /// A number in units of `2^exponent`.
    pub fn unit(self, x: f64) -> Double {
        times_power(x, -self.exponent).into()
    }
}

/// `largest · (Σ (|x| / largest)^p)^(1/p)`, so that no power overflows. A quotient under f64 has a small power
/// that counts: its power of two apart.
fn lp(p: f64, vector: &[f64]) -> Magnitude {
    let most = largest(vector);
    if most == 0.0 {
        return Magnitude { value: most.into(), exponent: 0 };
    }
    let power = |x: &f64| match x.abs() / most {
        quotient if quotient > 1e-290 || *x == 0.0 => quotient.powf(p),
        _ => {
            let [of_x, of_most] = [x.abs(), most].map(exponent);
            let quotient = times_power(x.abs(), -of_x) / times_power(most, -of_most);
            quotient.powf(p) * (f64::from(of_x - of_most) * p).exp2()
        }
    };
    let sum = vector.iter().map(power).fold(Double::default(), |sum, x| sum + x.into()).high;
    // The root may be beyond f64: its power of two apart.
    let bits = (sum.log2() / p).floor();
    let root = if bits < 1000.0 { sum.powf(p.recip()) } else { (sum.log2() / p - bits).exp2() };
    let apart = if bits < 1000.0 { 0 } else { bits as i32 };
    let unit = exponent(most);
    let value = times_power(most, -unit) * times_power(root, -exponent(root));
    Magnitude { value: value.into(), exponent: unit + exponent(root) + apart }
}

/// The ball that vectors are scaled into.
#[derive(Clone, Copy)]
pub(super) struct Ball {
    pub norm: Norm,
    /// As the library works with it.
    pub radius: f64,
    /// What is added to a norm before it is compared and divides.
    pub epsilon: f64,
}

impl Ball {
    /// `min(1, c / (‖x‖ + ε))` of a finite vector; none if it is 1.
    pub fn factor(self, vector: &[f64]) -> Option<Quotient> {
        let exceeds = exceeds_in(self.norm, vector, self.radius - self.epsilon);
        exceeds.then(|| self.over(Magnitude::new(self.norm, vector)))
    }

    /// `min(1, c / (n + ε))` of a finite norm that was computed elsewhere; none if it is 1.
    pub fn factor_of(self, norm: f64) -> Option<Quotient> {
        let norm = Magnitude { value: norm.into(), exponent: 0 };
        norm.exceeds(self.radius - self.epsilon).then(|| self.over(norm))
    }

    fn over(self, norm: Magnitude) -> Quotient {
        let divisor = norm.value + norm.unit(self.epsilon);
        Quotient::new(self.radius, divisor, norm.exponent)
    }
}
