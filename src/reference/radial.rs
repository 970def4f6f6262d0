//! Radial scaling into a ball, for any norm.

use super::exact::{exact_sum_of_magnitudes, exact_sum_of_squares, exceeds_in, largest, radius};
use crate::norm::Norm;

/// The ball that vectors are scaled into.
#[derive(Clone, Copy)]
pub(super) struct Ball {
    pub norm: Norm,
    /// As the caller gave it: it is rounded here.
    pub radius: f64,
    /// What is added to a norm before it is compared and divides.
    pub epsilon: f64,
}

impl Ball {
    /// `min(1, c / (‖x‖ + ε))` of a finite vector.
    pub fn factor(self, vector: &[f32]) -> f64 {
        let c = radius(self.radius);
        match exceeds_in(self.norm, vector, c - self.epsilon) {
            true => c / (norm(self.norm, vector) + self.epsilon),
            false => 1.0,
        }
    }

    /// `min(1, c / (n + ε))` of a finite norm that was computed elsewhere.
    pub fn factor_of(self, norm: f64) -> f64 {
        let c = radius(self.radius);
        if norm + self.epsilon > c { c / (norm + self.epsilon) } else { 1.0 }
    }
}

/// `‖x‖`, rounded to f64: NaN with any NaN, else infinite with any infinity.
pub(super) fn norm(norm: Norm, vector: &[f32]) -> f64 {
    if vector.iter().any(|x| x.is_nan()) {
        return f64::NAN;
    } else if vector.iter().any(|x| x.is_infinite()) {
        return f64::INFINITY;
    }
    match norm {
        Norm::L1 => exact_sum_of_magnitudes(vector).0,
        Norm::L2 => exact_sum_of_squares(vector).0.sqrt(),
        Norm::Linf => largest(vector),
        Norm::Lp(p) => lp(p.value(), vector),
    }
}

/// `largest · (Σ (|x| / largest)^p)^(1/p)`, so that no power overflows.
fn lp(p: f64, vector: &[f32]) -> f64 {
    let most = largest(vector);
    if most == 0.0 {
        return 0.0;
    }
    let power = |x: &f32| (f64::from(x.abs()) / most).powf(p);
    most * vector.iter().map(power).sum::<f64>().powf(p.recip())
}
