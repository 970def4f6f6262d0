//! The numbers of one step, the same for all elements.

use super::{Method, Update};
use crate::dtype::Precision;

/// How often an update was done, and what of that a step asks: `1 − βᵗ` of both β. As a sum, because in f32 the
/// difference would lose what is small of it.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Count {
    pub steps: u64,
    pub corrections: [f64; 2],
}

/// How many numbers an update has that do not change from step to step: whole vectors.
pub(crate) const SETTINGS: usize = 12;

/// Numbers in the precision that kernels compute in.
pub(crate) fn numbers(numbers: &[f64], precision: Precision) -> Vec<u8> {
    match precision {
        Precision::Single => {
            let numbers: Vec<f32> = numbers.iter().map(|&number| number as f32).collect();
            bytemuck::cast_slice(&numbers).to_vec()
        }
        Precision::Double => bytemuck::cast_slice(numbers).to_vec(),
    }
}

/// The numbers of one step. With `g' = scale·g + decay·w` an element becomes `keep·w + rate·d`:
///
/// - of what remembers nothing, `d = g'`;
/// - of a momentum, `v ← first·v + first_gradient·g'` and `d = pull·v + push·g'`;
/// - of two moments, `m` as v and `s ← second·s + second_gradient·g'²`, and `d = m/(root·√s + epsilon)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Coefficients {
    pub scale: f64,
    pub decay: f64,
    pub keep: f64,
    pub rate: f64,
    pub first: f64,
    pub first_gradient: f64,
    pub pull: f64,
    pub push: f64,
    pub second: f64,
    pub second_gradient: f64,
    pub root: f64,
    pub epsilon: f64,
}

impl Count {
    /// After one more step.
    pub fn next(self, update: &Update) -> Self {
        let [first, second] = self.corrections;
        let corrections = match update.method {
            Method::Adam { betas: [a, b], .. } => {
                [first + (1.0 - first) * (1.0 - a), second + (1.0 - second) * (1.0 - b)]
            }
            _ => self.corrections,
        };
        Count { steps: self.steps + 1, corrections }
    }
}

impl Update {
    /// What `shaders/optimizer/advance.wgsl` reads; gradients may be divided by the factor on the device.
    pub(crate) fn settings(&self, divides: bool) -> [f64; SETTINGS] {
        let Update { method, scale, decay, decoupled, .. } = *self;
        let flag = |flag: bool| f64::from(u8::from(flag));
        let (kind, inside, nesterov, [first, taken], [second, squared], epsilon) = match method {
            Method::Sgd => (0.0, false, false, [0.0; 2], [0.0; 2], 0.0),
            Method::Momentum { momentum, dampening, nesterov, rate_inside } => {
                (1.0, rate_inside, nesterov, [momentum, 1.0 - dampening], [0.0; 2], 0.0)
            }
            Method::Adam { betas: [a, b], epsilon } => {
                (2.0, false, false, [a, 1.0 - a], [b, 1.0 - b], epsilon)
            }
        };
        let [apart, inside, nesterov] = [decoupled, inside, nesterov].map(flag);
        let divides = flag(divides);
        [
            scale, decay, kind, apart, inside, nesterov, first, taken, second, squared, epsilon,
            divides,
        ]
    }

    /// The numbers of the step that leads to a count.
    pub(crate) fn coefficients(&self, count: &Count) -> Coefficients {
        let Update { method, rate, scale, decay, decoupled } = *self;
        let none = Coefficients {
            scale,
            decay: if decoupled { 0.0 } else { decay },
            keep: if decoupled { 1.0 - rate * decay } else { 1.0 },
            rate: -rate,
            first: 0.0,
            first_gradient: 0.0,
            pull: 0.0,
            push: 0.0,
            second: 0.0,
            second_gradient: 0.0,
            root: 0.0,
            epsilon: 0.0,
        };
        match method {
            Method::Sgd => none,
            Method::Momentum { momentum, dampening, nesterov, rate_inside } => {
                let taken = if count.steps <= 1 { 1.0 } else { 1.0 - dampening };
                let (first_gradient, outside) =
                    if rate_inside { (-rate * taken, 1.0) } else { (taken, -rate) };
                let (pull, push) = match (nesterov, rate_inside) {
                    (false, _) => (1.0, 0.0),
                    (true, false) => (momentum, 1.0),
                    (true, true) => (momentum, -rate),
                };
                Coefficients { rate: outside, first: momentum, first_gradient, pull, push, ..none }
            }
            Method::Adam { betas: [first, second], epsilon } => {
                let [of_first, of_second] = count.corrections;
                Coefficients {
                    rate: -rate / of_first,
                    first,
                    first_gradient: 1.0 - first,
                    second,
                    second_gradient: 1.0 - second,
                    root: of_second.sqrt().recip(),
                    epsilon,
                    ..none
                }
            }
        }
    }
}
