//! The decision for a group, from what was accumulated over it.

use crate::model::Verdict;
use crate::norm::Norm;
use crate::plan::rim::Rim;
use crate::projection::OnNonFinite;

/// What becomes of the elements of a group.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Effect {
    /// They keep their bits, decay or not.
    Leave,
    /// They keep their bits, unless weights are added.
    Inside,
    Scale(f64),
    Fill(f32),
    /// `x/∞`: finite elements become 0, the others NaN.
    OverInfinity,
    Clamp(f32, f32),
}

impl Effect {
    /// Whether members are written, those that decay or those that do not.
    pub fn writes(self, decays: bool) -> bool {
        match self {
            Effect::Leave => false,
            Effect::Inside => decays,
            _ => true,
        }
    }
}

/// A group: what was accumulated, its verdict and what follows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Decision {
    pub power: f64,
    pub verdict: Verdict,
    pub effect: Effect,
}

impl Decision {
    /// Norms alone: nothing is written.
    pub fn none(norm: Norm, power: f64) -> Self {
        let verdict = Verdict { norm: root(norm, power), scale: 1.0 };
        Decision { power, verdict, effect: Effect::Leave }
    }

    /// By what was accumulated over the group: squares, magnitudes or the largest of those. It is
    /// infinite or NaN only if an element is.
    pub fn new(rim: &Rim, policy: OnNonFinite, power: f64) -> Self {
        if !power.is_finite() {
            return Decision { effect: replaced(policy, power), ..Self::none(rim.norm, power) };
        }
        if power == 0.0 {
            return Decision { effect: Effect::Inside, ..Self::none(rim.norm, power) };
        }
        Self::finite(rim, power, root(rim.norm, power))
    }

    /// By a norm that was computed elsewhere. What no norm can be leaves everything as it is.
    pub fn given(rim: &Rim, policy: OnNonFinite, norm: f64) -> Self {
        if norm.is_nan() || norm < 0.0 {
            return Self::none(rim.norm, f64::NAN);
        }
        if norm == f64::INFINITY {
            return Self::new(rim, policy, norm);
        }
        Self::finite(rim, norm.powi(rim.norm.degree()), norm)
    }

    fn finite(rim: &Rim, power: f64, norm: f64) -> Self {
        let inside = Verdict { norm, scale: 1.0 };
        if power <= rim.threshold {
            return Decision { power, verdict: inside, effect: Effect::Inside };
        }
        let scale = rim.target / (norm + rim.epsilon);
        Decision { power, verdict: Verdict { norm, scale }, effect: Effect::Scale(scale) }
    }
}

fn replaced(policy: OnNonFinite, power: f64) -> Effect {
    match policy {
        OnNonFinite::Leave => Effect::Leave,
        OnNonFinite::Zero => Effect::Fill(0.0),
        OnNonFinite::Propagate if power == f64::INFINITY => Effect::OverInfinity,
        OnNonFinite::Propagate | OnNonFinite::Poison => Effect::Fill(f32::NAN),
    }
}

fn root(norm: Norm, power: f64) -> f64 {
    match norm {
        Norm::L2 => power.sqrt(),
        Norm::L1 | Norm::Linf => power,
        Norm::Lp(p) => power.powf(p.value().recip()),
    }
}

/// What parts accumulated, put together.
pub(super) fn merge(norm: Norm, a: f64, b: f64) -> f64 {
    match norm {
        Norm::L1 | Norm::L2 | Norm::Lp(_) => a + b,
        // Not `max`, which forgets a NaN.
        Norm::Linf if a.is_nan() || a > b => a,
        Norm::Linf => b,
    }
}
