//! Steps as their definitions have them, in f64, element by element.

/// A definition, with its numbers.
#[derive(Debug, Clone, Copy)]
pub enum Naive {
    Sgd,
    /// PyTorch's: momentum, dampening, Nesterov.
    Torch(f64, f64, bool),
    /// Keras': momentum, Nesterov.
    Keras(f64, bool),
    /// β₁, β₂, ε.
    Adam(f64, f64, f64),
}

/// What a step knows beside the definition.
#[derive(Debug, Clone, Copy)]
pub struct Rates {
    pub rate: f64,
    pub scale: f64,
    /// Of the gradient, and of the weights.
    pub coupled: f64,
    pub decoupled: f64,
}

impl Naive {
    /// Weight, and what is remembered, after the t-th step.
    pub fn step(
        self,
        rates: Rates,
        t: i32,
        w: f64,
        g: f64,
        remembered: [f64; 2],
    ) -> (f64, [f64; 2]) {
        let Rates { rate, scale, coupled, decoupled } = rates;
        let g = scale * g + coupled * w;
        let w = w - rate * decoupled * w;
        let [v, s] = remembered;
        match self {
            Naive::Sgd => (w - rate * g, remembered),
            Naive::Torch(momentum, dampening, nesterov) => {
                let v = if t == 1 { g } else { momentum * v + (1.0 - dampening) * g };
                (w - rate * if nesterov { g + momentum * v } else { v }, [v, s])
            }
            Naive::Keras(momentum, nesterov) => {
                let v = momentum * v - rate * g;
                (w + if nesterov { momentum * v - rate * g } else { v }, [v, s])
            }
            Naive::Adam(first, second, epsilon) => {
                let v = first * v + (1.0 - first) * g;
                let s = second * s + (1.0 - second) * g * g;
                let (m, u) = (v / (1.0 - first.powi(t)), s / (1.0 - second.powi(t)));
                (w - rate * m / (u.sqrt() + epsilon), [v, s])
            }
        }
    }
}
