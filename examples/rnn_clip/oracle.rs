//! Norms of gradients by exact arithmetic on the host, beside those of the library.

use normproj::reference;

use crate::common::arena::{largest, length, range};
use crate::network::SPECS;

/// What was compared, and how it ended.
pub struct Oracle {
    pub steps: usize,
    /// How many steps left gradients whose exact norm is above the bound.
    pub above: usize,
    /// The largest relative difference of a reported norm from the exact one.
    pub difference: f64,
    c: f64,
    decay: f32,
}

/// The norms of all gradients in one step.
pub struct Exact {
    before: f64,
    after: f64,
}

impl Oracle {
    pub fn new(c: f64, decay: f64) -> Self {
        // The radius that the library works with: c, rounded toward zero to f32.
        let c = reference::radius(c);
        Oracle { steps: 0, above: 0, difference: 0.0, c, decay: decay as f32 }
    }

    /// Takes the norms of what the clip was given, with the decay of all but biases, and of what it
    /// left.
    pub fn norms(&mut self, weights: &[f64], given: &[f64], left: &[f64]) -> Exact {
        let mut before = vec![0.0; length(&SPECS)];
        for (tensor, (name, _)) in SPECS.iter().enumerate() {
            let rate = if name.ends_with("bias") { 0.0 } else { f64::from(self.decay) };
            for i in range(&SPECS, tensor) {
                before[i] = (f64::from(given[i] as f32) + rate * weights[i]) as f32;
            }
        }
        let after: Vec<f32> = left.iter().map(|&x| x as f32).collect();
        self.steps += 1;
        self.above += usize::from(reference::exceeds(&after, self.c));
        let norm = |all: &[f32]| reference::exact_sum_of_squares(all).0.sqrt();
        Exact { before: norm(&before), after: norm(&after) }
    }

    /// Compares with what the library reported.
    pub fn compare(&mut self, exact: &Exact, before: f64, after: f64) {
        let relative = |exact: f64, reported: f64| (reported / exact - 1.0).abs();
        let (before, after) = (relative(exact.before, before), relative(exact.after, after));
        self.difference = largest([self.difference, before, after]);
    }
}
