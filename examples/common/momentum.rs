//! Gradient descent with momentum, in the form of Hinton et al. 2012.

/// `v ← p·v − (1 − p)·ε·g`, `w ← w + v`: the factor keeps the speed of a constant gradient at ε for
/// every p.
pub struct Momentum {
    velocity: Vec<f64>,
}

impl Momentum {
    pub fn new(length: usize) -> Self {
        Momentum { velocity: vec![0.0; length] }
    }

    pub fn step(&mut self, weights: &mut [f64], gradient: &[f64], rate: f64, momentum: f64) {
        for ((v, w), g) in self.velocity.iter_mut().zip(weights).zip(gradient) {
            *v = momentum * *v - (1.0 - momentum) * rate * g;
            *w += *v;
        }
    }
}
