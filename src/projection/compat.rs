//! The formulas of other systems, for those who must match an older run.

use crate::error::{Error, Result};
use crate::norm::Norm;
use crate::projection::Set;

/// The system whose formula is reproduced, for finite slices and a valid radius.
///
/// All of them multiply a slice by `t / d(n)`, where n is its norm, t the norm that it is to have,
/// and d(n) is `n + ε` or `max(n, ε)`. The edges stay those of this library: a negative radius is an
/// error, overflow does not occur, zero slices stay zero, and NaN and infinity follow
/// [`OnNonFinite`](crate::OnNonFinite). None of them is feasible or idempotent to the last bit.
///
/// | set | system | function | d(n) | ε | multiplied where |
/// |---|---|---|---|---|---|
/// | max-norm | `Keras` | `MaxNorm` | n + ε | 1e-7 | always |
/// | | `Torch` | `renorm`, `nn.Embedding(max_norm)` | n + ε | 1e-7 | n > c |
/// | | `Optax` | `projection_l2_ball` | n | | n > c |
/// | clip by norm | `Keras` | `clipnorm`, `global_clipnorm` | n | | n > c |
/// | | `TensorFlow` | `clip_by_norm`, `clip_by_global_norm` | n | | n > c |
/// | | `Torch` | `clip_grad_norm_` | n + ε | 1e-6 | n + ε > c |
/// | | `Optax` | `clip_by_global_norm` | n | | n > c |
/// | | `Burn` | `GradientClipping::Norm` | n + ε | 2⁻¹²⁶ | n + ε > c |
/// | average norm | `TensorFlow` | `clip_by_average_norm` | n | | n > c |
/// | root mean square | `Optax` | `clip_by_block_rms` | n | | n > c |
/// | unit norm | `Keras` | `UnitNorm` | n + ε | 1e-7 | always |
/// | | `TensorFlow` | `l2_normalize` | max(n, ε) | 1e-6 | always |
/// | | `Torch` | `F.normalize` | max(n, ε) | 1e-12 | always |
/// | | `Optax` | `projection_l2_sphere` | n | | always |
/// | weight norm | `Torch` | `weight_norm` | n | | always |
/// | min-max norm | `Keras` | `MinMaxNorm` | n + ε | 1e-7 | always |
///
/// TensorFlow's ε of 1e-12 is that of the sum of squares, 1e-6 that of its root.
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

/// Where an ε goes, and which slices are multiplied.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Formula {
    /// The ε itself.
    pub epsilon: f64,
    /// Where it goes.
    pub place: Place,
    /// Whether slices that are inside are multiplied too, by `n / d(n)`.
    pub always: bool,
}

/// Where an ε goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// It is added to the norm that divides.
    Divisor,
    /// It is added to the norm that divides and to the one that is compared with the radius.
    Norm,
    /// The norm that divides is at least this.
    Floor,
}

impl Formula {
    /// That of this library: no ε, and what is inside keeps every bit.
    pub const OWN: Formula = Formula { epsilon: 0.0, place: Place::Divisor, always: false };
}

impl Compat {
    /// Every system, for those who enumerate.
    pub const ALL: [Compat; 5] =
        [Compat::Keras, Compat::TensorFlow, Compat::Torch, Compat::Optax, Compat::Burn];

    /// The formula of this system for a set.
    ///
    /// # Errors
    /// [`Error::Compat`] if it has no such operation.
    pub fn formula(self, set: &Set) -> Result<Formula> {
        use Compat::{Burn, Keras, Optax, TensorFlow, Torch};
        use Place::{Divisor, Floor};
        let of = |epsilon, place, always| Ok(Formula { epsilon, place, always });
        match (set, self) {
            (Set::MaxNorm { norm: Norm::L2, .. }, Keras) => of(1e-7, Divisor, true),
            (Set::MaxNorm { .. }, Torch) => of(1e-7, Divisor, false),
            (Set::MaxNorm { norm: Norm::L2, .. }, Optax) => Ok(Formula::OWN),
            (Set::ClipNorm { .. }, system) => of(system.clip_epsilon(), Place::Norm, false),
            (Set::ClipAverageNorm { .. }, TensorFlow) => Ok(Formula::OWN),
            (Set::ClipRms { .. }, Optax) => Ok(Formula::OWN),
            (Set::UnitNorm { norm: Norm::L2, .. }, Keras) => of(1e-7, Divisor, true),
            (Set::UnitNorm { norm: Norm::L2, .. }, TensorFlow) => of(1e-6, Floor, true),
            (Set::UnitNorm { .. }, Torch) => of(1e-12, Floor, true),
            (Set::UnitNorm { norm: Norm::L2, .. }, Optax) => of(0.0, Divisor, true),
            (Set::WeightNorm { .. }, Torch) => of(0.0, Divisor, true),
            (Set::MinMaxNorm { .. }, Keras) => of(1e-7, Divisor, true),
            (Set::Hyperplane { .. } | Set::HalfSpace { .. } | Set::Line, Optax) => Ok(Formula::OWN),
            (_, Keras | TensorFlow | Torch | Optax | Burn) => {
                Err(Error::Compat { what: set.to_string(), compat: self.to_string() })
            }
        }
    }

    /// What a clip by norm adds to the norm before it compares and divides.
    pub(crate) fn clip_epsilon(self) -> f64 {
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
