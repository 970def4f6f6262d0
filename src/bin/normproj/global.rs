//! Tensors that are clipped by one norm. It is accumulated tensor by tensor before any of them is
//! written, so that no more than one has to be in memory.

use std::collections::HashMap;
use std::fmt;

use normproj::{Clip, DType, GivenNorm, Norm, OnNonFinite};
use serde::Serialize;

use crate::job::At;
use crate::table::number;

/// The tensors of one clip by global norm.
#[derive(Debug)]
pub struct Global {
    clip: Clip,
    norm: f64,
    norms: HashMap<At, f64>,
    /// Norms in the order of tensors, to be put together.
    parts: Vec<f64>,
    /// How many elements of each dtype there are.
    elements: Vec<(DType, usize)>,
    /// The first tensor that holds NaN or infinity, and how many do.
    non_finite: Option<(String, usize)>,
    scale: f64,
    after: Vec<f64>,
}

impl Global {
    pub fn new(clip: Clip) -> Self {
        Global {
            clip,
            norm: given(&clip).unwrap_or(0.0),
            norms: HashMap::new(),
            parts: Vec::new(),
            elements: Vec::new(),
            non_finite: None,
            scale: 1.0,
            after: Vec::new(),
        }
    }

    /// What the norm of a tensor is computed by; none if the norm of all is known already.
    pub fn survey(&self) -> Option<Clip> {
        let norm = self.clip.norm_used().filter(|_| given(&self.clip).is_none())?;
        Some(Clip::norms(norm))
    }

    /// Notes that a tensor of so many elements is among them.
    pub fn admit(&mut self, dtype: DType, count: usize) {
        match self.elements.iter_mut().find(|(other, _)| *other == dtype) {
            Some((_, sum)) => *sum += count,
            None => self.elements.push((dtype, count)),
        }
    }

    /// What is under the norm beside one of the tensors.
    pub fn beside(&self, dtype: DType, count: usize) -> Vec<(DType, usize)> {
        let own = |other: DType| if other == dtype { count } else { 0 };
        self.elements.iter().map(|&(other, sum)| (other, sum - own(other))).collect()
    }

    /// Adds the norm of a tensor.
    pub fn add(&mut self, at: At, label: String, norm: f64) {
        self.parts.push(norm);
        self.norms.insert(at, norm);
        if !norm.is_finite() {
            self.non_finite.get_or_insert((label, 0)).1 += 1;
        }
    }

    /// The norm of a tensor, if it was computed.
    pub fn norm_of(&self, at: At) -> Option<f64> {
        self.norms.get(&at).copied()
    }

    /// All norms were added.
    pub fn surveyed(&mut self) {
        if given(&self.clip).is_none() {
            self.norm = merged(&self.clip, &self.parts);
        }
    }

    /// What each tensor is clipped by, now that the norm is known; none if all keep their bits.
    pub fn decided(&self) -> Option<Clip> {
        if self.norm.is_finite() {
            return Some(self.clip.use_norm(GivenNorm::Host(self.norm)));
        }
        // An infinite norm is followed by the policy. NaN is no norm; what it would do, the
        // policies have in common.
        let policy = match self.clip.policy() {
            OnNonFinite::Leave => return None,
            OnNonFinite::Propagate if self.norm.is_nan() => OnNonFinite::Poison,
            policy => policy,
        };
        Some(self.clip.on_non_finite(policy).use_norm(GivenNorm::Host(f64::INFINITY)))
    }

    /// A tensor was written.
    pub fn written(&mut self, scale: f64, after: Option<f64>) {
        self.scale = scale;
        self.after.extend(after);
    }

    /// Whether the norm is not finite, in words.
    pub fn warning(&self) -> Option<String> {
        if self.norm.is_finite() {
            return None;
        }
        let why = match &self.non_finite {
            Some((name, 1)) => format!("{name} holds NaN or infinity"),
            Some((name, count)) => {
                format!("{count} tensors hold NaN or infinity; the first is {name}")
            }
            None => "the norm that was given is infinite".to_string(),
        };
        let then = match self.clip.policy() {
            OnNonFinite::Leave => "nothing was clipped".to_string(),
            policy => format!("all tensors under this norm followed --on-non-finite {policy}"),
        };
        Some(format!("{why}; {then}"))
    }

    /// The whole, for the report.
    pub fn total(&self, rule: Option<String>) -> Total {
        let norm_after = (!self.after.is_empty()).then(|| merged(&self.clip, &self.after));
        Total { rule, norm: self.norm, scale: self.scale, norm_after }
    }
}

fn given(clip: &Clip) -> Option<f64> {
    match clip.given() {
        Some(GivenNorm::Host(norm)) => Some(norm),
        _ => None,
    }
}

/// The norm of parts from their norms, in halves: of f64 the rounding of each step counts.
fn merged(clip: &Clip, parts: &[f64]) -> f64 {
    match parts {
        [] => 0.0,
        [norm] => *norm,
        parts => {
            let (left, right) = parts.split_at(parts.len() / 2);
            merge(clip, merged(clip, left), merged(clip, right))
        }
    }
}

/// The norm of two parts from their norms, beyond f32 if need be; NaN if a part has one.
fn merge(clip: &Clip, a: f64, b: f64) -> f64 {
    match clip.norm_used() {
        _ if a.is_nan() || b.is_nan() => f64::NAN,
        Some(Norm::L1) => a + b,
        Some(Norm::Linf) => a.max(b),
        Some(Norm::Lp(p)) => {
            let (most, rest) = (a.max(b), a.min(b));
            let part = if most > 0.0 && most.is_finite() { rest / most } else { 0.0 };
            most * (part.powf(p.value()).ln_1p() / p.value()).exp()
        }
        // Neither overflows nor underflows where the result does not.
        _ => a.hypot(b),
    }
}

/// A norm of many tensors, and what they were multiplied by.
#[derive(Debug, Serialize)]
pub struct Total {
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<String>,
    /// In JSON null for NaN and infinity.
    norm: f64,
    scale: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    norm_after: Option<f64>,
}

impl fmt::Display for Total {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(rule) = &self.rule {
            write!(formatter, "`{rule}`: ")?;
        }
        write!(formatter, "norm {}, scale {}", number(self.norm), number(self.scale))?;
        self.norm_after.map_or(Ok(()), |norm| write!(formatter, ", norm after {}", number(norm)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(norm: Norm, parts: &[f64]) -> Global {
        let mut global = Global::new(Clip::global_norm(1.0).norm(norm));
        for (i, &part) in parts.iter().enumerate() {
            global.add((0, i), i.to_string(), part);
        }
        global.surveyed();
        global
    }

    #[test]
    fn norms_merge_without_overflow() {
        assert_eq!(of(Norm::L2, &[3.0, 4.0]).norm, 5.0);
        assert_eq!(of(Norm::L1, &[3.0, 4.0]).norm, 7.0);
        assert_eq!(of(Norm::Linf, &[3.0, 4.0, 1.0]).norm, 4.0);
        assert_eq!(of(Norm::L2, &[3e300, 4e300]).norm, 5e300);
        assert_eq!(of(Norm::L2, &[]).norm, 0.0);
        let lp = |p| Norm::lp(p).unwrap();
        for (norm, parts, exact) in [
            (lp(3.0), &[3.0, 4.0, 5.0][..], 6.0),
            (lp(0.5), &[1.0, 4.0, 0.0], 9.0),
            (lp(3.0), &[3e300, 4e300, 5e300], 6e300),
            (lp(64.0), &[0.0, 0.0], 0.0),
        ] {
            let found = of(norm, parts).norm;
            assert!((found - exact).abs() <= 1e-14 * exact, "{norm}: {found}");
        }
        for norm in [Norm::L1, Norm::L2, Norm::Linf, lp(3.0)] {
            assert!(of(norm, &[1.0, f64::INFINITY, f64::NAN]).norm.is_nan());
            assert!(of(norm, &[f64::NAN, 1.0, f64::INFINITY]).norm.is_nan());
            assert_eq!(of(norm, &[1.0, f64::INFINITY]).norm, f64::INFINITY);
        }
    }

    #[test]
    fn what_is_beside_a_tensor_is_the_rest() {
        let mut global = of(Norm::L2, &[]);
        for (dtype, count) in [(DType::F16, 3), (DType::F32, 5), (DType::F16, 4)] {
            global.admit(dtype, count);
        }
        assert_eq!(global.beside(DType::F16, 4), [(DType::F16, 3), (DType::F32, 5)]);
    }

    #[test]
    fn what_is_not_finite_is_named_and_decided_for_all() {
        let odd = of(Norm::L2, &[1.0, f64::NAN, f64::INFINITY]);
        let text = "2 tensors hold NaN or infinity; the first is 1; nothing was clipped";
        assert_eq!(odd.warning().as_deref(), Some(text));
        assert_eq!(odd.decided(), None);
        let clip = odd.clip.on_non_finite(OnNonFinite::Propagate);
        let decided = Global { clip, ..odd }.decided().unwrap();
        assert_eq!(decided.policy(), OnNonFinite::Poison);
        let given = Global::new(Clip::global_norm(1.0).use_norm(GivenNorm::Host(2.0)));
        assert_eq!((given.survey(), given.warning()), (None, None));
    }
}
