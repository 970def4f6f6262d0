//! The step of an optimizer: what becomes of weights before they are projected.

mod coefficients;

pub(crate) use coefficients::{Coefficients, Count, SETTINGS, numbers};

use crate::error::{Error, Result};

/// The step of an optimizer: how weights `w` follow a gradient `g`, with what it remembers from step to step.
///
/// With `g' = s·g + λ·w` (s what gradients are scaled by, λ a coupled decay) and `w' = (1 − η·λ')·w` (λ' a decoupled
/// decay):
///
/// - [`Update::sgd`]: `w ← w' − η·g'`
/// - [`Update::momentum`]: `v ← μ·v + (1 − τ)·g'`, `w ← w' − η·v`; with Nesterov `w ← w' − η·(g' + μ·v)`. The first
///   time `v ← g'`, whatever the dampening τ is (PyTorch). As Keras has it
///   ([`Update::rate_in_momentum`]) `v ← μ·v − η·g'`, `w ← w' + v`; with Nesterov `w ← w' + μ·v − η·g'`.
/// - [`Update::adam`]: `m ← β₁·m + (1 − β₁)·g'`, `s ← β₂·s + (1 − β₂)·g'²`,
///   `w ← w' − η·m̂/(√ŝ + ε)` with `m̂ = m/(1 − β₁ᵗ)`, `ŝ = s/(1 − β₂ᵗ)` of the t-th step (Kingma and Ba 2015);
///   [`Update::adam_w`] is the same with a decoupled decay (Loshchilov and Hutter 2019).
///
/// ```
/// use normproj::Update;
/// let update = Update::momentum(0.1, 0.9).nesterov().weight_decay(1e-4);
/// assert_eq!(update.to_string(), "momentum 0.9 at a rate of 0.1");
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Update {
    method: Method,
    rate: f64,
    /// What gradients are multiplied by.
    scale: f64,
    decay: f64,
    decoupled: bool,
}

/// How gradients become a step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Method {
    Sgd,
    Momentum { momentum: f64, dampening: f64, nesterov: bool, rate_inside: bool },
    Adam { betas: [f64; 2], epsilon: f64 },
}

/// What an update remembers of each element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Memory {
    /// Nothing.
    None,
    /// A momentum.
    First,
    /// The first and the second moment.
    Both,
}

impl Update {
    fn new(rate: f64, method: Method) -> Self {
        Update { method, rate, scale: 1.0, decay: 0.0, decoupled: false }
    }

    /// Gradient descent at a learning rate.
    pub fn sgd(rate: f64) -> Self {
        Update::new(rate, Method::Sgd)
    }

    /// Gradient descent with a momentum, as PyTorch has it.
    pub fn momentum(rate: f64, momentum: f64) -> Self {
        let (dampening, nesterov, rate_inside) = (0.0, false, false);
        Update::new(rate, Method::Momentum { momentum, dampening, nesterov, rate_inside })
    }

    /// Adam with `β = (0.9, 0.999)` and `ε = 1e-8`.
    pub fn adam(rate: f64) -> Self {
        Update::new(rate, Method::Adam { betas: [0.9, 0.999], epsilon: 1e-8 })
    }

    /// Adam with a decoupled weight decay.
    pub fn adam_w(rate: f64, decay: f64) -> Self {
        Update::adam(rate).decoupled_weight_decay(decay)
    }

    /// With another dampening τ of momentum; nothing of other updates.
    #[must_use]
    pub fn dampening(self, dampening: f64) -> Self {
        self.with_momentum(|method| match method {
            Method::Momentum { momentum, nesterov, rate_inside, .. } => {
                Method::Momentum { momentum, dampening, nesterov, rate_inside }
            }
            method => method,
        })
    }

    /// With Nesterov's momentum; nothing of other updates.
    #[must_use]
    pub fn nesterov(self) -> Self {
        self.with_momentum(|method| match method {
            Method::Momentum { momentum, dampening, rate_inside, .. } => {
                Method::Momentum { momentum, dampening, nesterov: true, rate_inside }
            }
            method => method,
        })
    }

    /// With the learning rate inside of the momentum, as Keras has it; nothing of other updates.
    #[must_use]
    pub fn rate_in_momentum(self) -> Self {
        self.with_momentum(|method| match method {
            Method::Momentum { momentum, dampening, nesterov, .. } => {
                Method::Momentum { momentum, dampening, nesterov, rate_inside: true }
            }
            method => method,
        })
    }

    fn with_momentum(self, of: impl Fn(Method) -> Method) -> Self {
        Update { method: of(self.method), ..self }
    }

    /// With other β of Adam; nothing of other updates.
    #[must_use]
    pub fn betas(self, first: f64, second: f64) -> Self {
        let of = |method| match method {
            Method::Adam { epsilon, .. } => Method::Adam { betas: [first, second], epsilon },
            method => method,
        };
        Update { method: of(self.method), ..self }
    }

    /// With another ε of Adam; nothing of other updates.
    #[must_use]
    pub fn epsilon(self, epsilon: f64) -> Self {
        let of = |method| match method {
            Method::Adam { betas, .. } => Method::Adam { betas, epsilon },
            method => method,
        };
        Update { method: of(self.method), ..self }
    }

    /// With a decay that joins the gradient: `g + λ·w`.
    #[must_use]
    pub fn weight_decay(self, decay: f64) -> Self {
        Update { decay, decoupled: false, ..self }
    }

    /// With a decay of its own: `(1 − η·λ)·w`.
    #[must_use]
    pub fn decoupled_weight_decay(self, decay: f64) -> Self {
        Update { decay, decoupled: true, ..self }
    }

    /// With gradients that are multiplied by a number, as where a loss was scaled.
    #[must_use]
    pub fn scaled(self, scale: f64) -> Self {
        Update { scale, ..self }
    }

    /// With another learning rate.
    #[must_use]
    pub fn at_rate(self, rate: f64) -> Self {
        Update { rate, ..self }
    }

    /// With gradients that are multiplied by one more number.
    pub(crate) fn times(self, factor: f64) -> Self {
        Update { scale: self.scale * factor, ..self }
    }

    /// The learning rate.
    pub fn rate(&self) -> f64 {
        self.rate
    }

    pub(crate) fn method(&self) -> Method {
        self.method
    }

    /// What gradients are multiplied by.
    pub(crate) fn scale(&self) -> f64 {
        self.scale
    }

    /// The decays that join the gradient, and that do not.
    pub(crate) fn decays(&self) -> [f64; 2] {
        if self.decoupled { [0.0, self.decay] } else { [self.decay, 0.0] }
    }

    /// What is remembered of each element.
    pub(crate) fn memory(&self) -> Memory {
        match self.method {
            Method::Sgd => Memory::None,
            Method::Momentum { .. } => Memory::First,
            Method::Adam { .. } => Memory::Both,
        }
    }

    /// Refuses numbers that no update has.
    pub(crate) fn check(&self) -> Result<()> {
        let refuse = |what: &'static str, value: f64| Err(Error::Update { what, value });
        let numbers = [("learning rate", self.rate), ("scale", self.scale), ("decay", self.decay)];
        if let Some(&(what, value)) = numbers.iter().find(|(_, value)| !value.is_finite()) {
            return refuse(what, value);
        }
        match self.method {
            Method::Sgd => Ok(()),
            Method::Momentum { momentum, .. } if !(0.0..=1.0).contains(&momentum) => {
                refuse("momentum", momentum)
            }
            Method::Momentum { dampening, .. } if !(0.0..=1.0).contains(&dampening) => {
                refuse("dampening", dampening)
            }
            Method::Momentum { .. } => Ok(()),
            Method::Adam { betas, epsilon } => {
                match betas.into_iter().find(|beta| !(0.0..1.0).contains(beta)) {
                    Some(beta) => refuse("beta", beta),
                    None if !(epsilon >= 0.0 && epsilon.is_finite()) => refuse("epsilon", epsilon),
                    None => Ok(()),
                }
            }
        }
    }
}

impl std::fmt::Display for Update {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.method {
            Method::Sgd => write!(f, "gradient descent")?,
            Method::Momentum { momentum, .. } => write!(f, "momentum {momentum}")?,
            Method::Adam { .. } => write!(f, "Adam")?,
        }
        write!(f, " at a rate of {}", self.rate)
    }
}
