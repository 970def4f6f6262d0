//! Steps of optimizers, as their definitions have them.

use crate::update::{Method, Update};

/// A weight and its two moments after the t-th step (1 for the first) along g, in f64: see [`Update`]. Of what is not
/// remembered a moment stays.
///
/// ```
/// use normproj::{Update, reference};
/// let (w, [v, _]) = reference::step(&Update::momentum(0.5, 0.5), 2, 1.0, 3.0, [2.0, 0.0]);
/// assert_eq!((w, v), (-1.0, 4.0));
/// ```
pub fn step(update: &Update, t: u64, w: f64, g: f64, [v, s]: [f64; 2]) -> (f64, [f64; 2]) {
    let (rate, [coupled, decoupled]) = (update.rate(), update.decays());
    let g = update.scale() * g + if coupled == 0.0 { 0.0 } else { coupled * w };
    let kept = w - rate * decoupled * w;
    match update.method() {
        Method::Sgd => (kept - rate * g, [v, s]),
        Method::Momentum { momentum, dampening, nesterov, rate_inside: false } => {
            let v = if t == 1 { g } else { momentum * v + (1.0 - dampening) * g };
            (kept - rate * if nesterov { g + momentum * v } else { v }, [v, s])
        }
        Method::Momentum { momentum, dampening, nesterov, rate_inside: true } => {
            let taken = if t == 1 { rate * g } else { rate * (1.0 - dampening) * g };
            let v = momentum * v - taken;
            (kept + if nesterov { momentum * v - rate * g } else { v }, [v, s])
        }
        Method::Adam { betas: [first, second], epsilon } => {
            let v = first * v + (1.0 - first) * g;
            let s = second * s + (1.0 - second) * g * g;
            let power = t as f64;
            let (m, u) = (v / (1.0 - first.powf(power)), s / (1.0 - second.powf(power)));
            (kept - rate * m / (u.sqrt() + epsilon), [v, s])
        }
    }
}
