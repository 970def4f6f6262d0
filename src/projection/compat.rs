//! The formulas of other systems, for those who must match an older run.

/// The system whose formula a clip reproduces, for finite values and a valid radius.
///
/// All are `y = x · min(1, c / (n + ε))`; they differ in ε. The edges stay those of this library:
/// a negative radius is an error, overflow does not occur, and NaN and infinity follow
/// [`OnNonFinite`](crate::OnNonFinite). None of them is feasible or idempotent to the last bit.
///
/// | system | function | ε |
/// |---|---|---|
/// | `Keras` | `clipnorm`, `global_clipnorm` of optimizers | 0 |
/// | `TensorFlow` | `clip_by_norm`, `clip_by_global_norm` | 0 |
/// | `Torch` | `clip_grad_norm_` | 1e-6 |
/// | `Optax` | `clip_by_global_norm` | 0 |
/// | `Burn` | `GradientClipping::Norm` | the smallest normal f32 |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the table says what each is")]
pub enum Compat {
    Keras,
    TensorFlow,
    Torch,
    Optax,
    Burn,
}

impl Compat {
    /// What is added to the norm before it divides.
    pub fn epsilon(self) -> f64 {
        match self {
            Compat::Keras | Compat::TensorFlow | Compat::Optax => 0.0,
            Compat::Torch => 1e-6,
            Compat::Burn => f32::MIN_POSITIVE.into(),
        }
    }
}

impl std::fmt::Display for Compat {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Compat::Keras => "keras",
            Compat::TensorFlow => "tensorflow",
            Compat::Torch => "torch",
            Compat::Optax => "optax",
            Compat::Burn => "burn",
        })
    }
}
