//! The decision for a group, from what was accumulated over it.

use crate::cpu::general::elements::times_power;
use crate::model::Verdict;
use crate::norm::Norm;
use crate::plan::group::{Factor, Power, Size};
use crate::plan::rim::Rim;
use crate::projection::OnNonFinite;

/// What becomes of the elements of a group.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Effect {
    /// They keep their bits, decay or not.
    Leave,
    /// They keep their bits, unless weights are added.
    Inside,
    Scale(Factor),
    Fill(f64),
    /// `x/∞`: finite elements become 0, the others NaN.
    OverInfinity,
    /// To bounds that are elements, or infinite.
    Clamp(f64, f64),
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
    pub power: Power,
    pub norm: Size,
    pub verdict: Verdict,
    pub effect: Effect,
}

impl Decision {
    /// Norms alone: nothing is written.
    pub fn none(norm: Norm, power: Power) -> Self {
        let norm = power.root(norm);
        let verdict = Verdict { norm: norm.number(), scale: 1.0 };
        Decision { power, norm, verdict, effect: Effect::Leave }
    }

    /// By what was accumulated over the group.
    pub fn new(rim: &Rim, policy: OnNonFinite, power: Power) -> Self {
        let none = Self::none(rim.norm, power);
        if !power.sum.is_finite() {
            return Decision { effect: replaced(policy, power.sum), ..none };
        }
        if power.sum == 0.0 {
            return Decision { effect: Effect::Inside, ..none };
        }
        Self::finite(rim, power, power.root(rim.norm))
    }

    /// By a norm that was computed elsewhere. What no norm can be leaves everything as it is.
    pub fn given(rim: &Rim, policy: OnNonFinite, norm: f64) -> Self {
        if norm.is_nan() || norm < 0.0 {
            return Self::none(rim.norm, Power::plain(f64::NAN));
        }
        if norm == f64::INFINITY {
            return Self::new(rim, policy, Power::plain(norm));
        }
        let power = Power::plain(if rim.norm == Norm::L2 { norm * norm } else { norm });
        Self::finite(rim, power, Size { value: norm, exponent: 0 })
    }

    /// Half of what was accumulated, of the L2 norm.
    pub fn half_square(&self) -> f64 {
        times_power(0.5 * self.power.number(), 2 * self.power.exponent)
    }

    fn finite(rim: &Rim, power: Power, norm: Size) -> Self {
        let exceeds = match rim.squared {
            // Squares of f32 are in range, and compared before they are rounded by a root.
            true => power.number() > rim.threshold,
            false => norm.value > times_power(rim.threshold, -norm.exponent),
        };
        let verdict = Verdict { norm: norm.number(), scale: 1.0 };
        if !exceeds {
            return Decision { power, norm, verdict, effect: Effect::Inside };
        }
        let factor = Factor::of(rim, norm);
        let verdict = Verdict { scale: factor.number(), ..verdict };
        Decision { power, norm, verdict, effect: Effect::Scale(factor) }
    }
}

fn replaced(policy: OnNonFinite, power: f64) -> Effect {
    match policy {
        OnNonFinite::Leave => Effect::Leave,
        OnNonFinite::Zero => Effect::Fill(0.0),
        OnNonFinite::Propagate if power == f64::INFINITY => Effect::OverInfinity,
        OnNonFinite::Propagate | OnNonFinite::Poison => Effect::Fill(f64::NAN),
    }
}
