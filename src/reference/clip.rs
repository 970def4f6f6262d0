//! Clips of many tensors.

use super::exact::bound;
use super::exact::wide;
use super::non_finite::replaced;
use super::radial::{Ball, Magnitude};
use crate::error::{Error, Result};
use crate::model::{Clip, GivenNorm, Kind};
use crate::norm::Norm;

/// What a clip makes of tensors.
#[derive(Debug, Clone, PartialEq)]
pub struct Clipped {
    /// The elements of each tensor.
    pub tensors: Vec<Vec<f64>>,
    /// The norm of all tensors as one vector, or the one that was given. NaN with any NaN and
    /// where no norm was given in its place, else infinite with any infinity.
    pub total: f64,
    /// The norm of each tensor; 0 where a norm was given, because nothing is known of them.
    pub norms: Vec<f64>,
    /// What all tensors are multiplied by: 1 where they are kept or replaced, and where each has a
    /// factor of its own.
    pub scale: f64,
    /// What each tensor is multiplied by.
    pub scales: Vec<f64>,
}

/// The exact clip of tensors, given as the elements of each. `device_norm` is the value of
/// [`GivenNorm::Device`], which leaves everything as it is if it is no norm.
///
/// # Errors
/// As [`GroupRequest::new`](crate::plan::group::GroupRequest::new) for the clip;
/// [`Error::PlanMismatch`] if a norm on the device is asked for and missing.
pub fn clip(clip: &Clip, tensors: &[Vec<f32>], device_norm: Option<f32>) -> Result<Clipped> {
    let tensors: Vec<Vec<f64>> = tensors.iter().map(|tensor| wide(tensor)).collect();
    clip_wide(clip, &tensors, device_norm)
}

fn clip_wide(clip: &Clip, tensors: &[Vec<f64>], device_norm: Option<f32>) -> Result<Clipped> {
    clip.check()?;
    let epsilon = clip.epsilon();
    Ok(match clip.kind {
        Kind::Value { low, high } => by_value(bound(low).into(), bound(high).into(), tensors),
        Kind::Norms { norm: kind } => {
            let (total, norms) = (norm(kind, &tensors.concat()), norms(kind, tensors));
            Clipped { total, norms, ..kept(tensors) }
        }
        Kind::Each { norm: kind, radius } => {
            let ball = Ball { norm: kind, radius, epsilon };
            let one = |tensor: &Vec<f64>| by_norm(clip, ball, std::slice::from_ref(tensor));
            let parts: Vec<Clipped> = tensors.iter().map(one).collect();
            Clipped {
                total: norm(kind, &tensors.concat()),
                norms: parts.iter().map(|part| part.total).collect(),
                scale: 1.0,
                scales: parts.iter().map(|part| part.scales[0]).collect(),
                tensors: parts.into_iter().flat_map(|part| part.tensors).collect(),
            }
        }
        Kind::Global { norm: kind, radius } => {
            let ball = Ball { norm: kind, radius, epsilon };
            let given = match (clip.given(), device_norm) {
                (None, _) => return Ok(by_norm(clip, ball, tensors)),
                (Some(GivenNorm::Host(given)), _) => given,
                (Some(GivenNorm::Device), Some(given)) => given.into(),
                (Some(GivenNorm::Device), None) => {
                    let reason = "a norm on the device is not there".to_string();
                    return Err(Error::PlanMismatch { reason });
                }
            };
            by_given_norm(clip, ball, tensors, given)
        }
    })
}

/// `g + λ·w`, λ rounded to f32 and the sum rounded to f32 once.
pub fn decayed(rate: f64, gradient: &[f32], weights: &[f32]) -> Vec<f32> {
    let rate = rate as f32;
    gradient.iter().zip(weights).map(|(&g, &w)| rate.mul_add(w, g)).collect()
}

/// All tensors by their one norm.
fn by_norm(clip: &Clip, ball: Ball, tensors: &[Vec<f64>]) -> Clipped {
    let all = tensors.concat();
    let (total, norms) = (norm(ball.norm, &all), norms(ball.norm, tensors));
    let result = match total.is_finite() {
        true => scaled(tensors, ball.factor(&all)),
        false => replace(clip, tensors, total.is_nan()),
    };
    Clipped { total, norms, ..result }
}

/// All tensors by a norm that says nothing of their elements: a NaN among them stays one, whatever
/// the policy, and an infinity is scaled like any number.
fn by_given_norm(clip: &Clip, ball: Ball, tensors: &[Vec<f64>], given: f64) -> Clipped {
    let result = match given {
        given if given >= 0.0 && given.is_finite() => scaled(tensors, ball.factor_of(given)),
        given if given >= 0.0 => replace(clip, tensors, false),
        _ => return Clipped { total: f64::NAN, ..kept(tensors) },
    };
    Clipped { total: given, ..result }
}

fn by_value(low: f64, high: f64, tensors: &[Vec<f64>]) -> Clipped {
    // Comparisons that a NaN fails, so that it stays.
    let clamped = |x: f64| match x {
        x if x < low => low,
        x if x > high => high,
        x => x,
    };
    let tensor = |tensor: &Vec<f64>| tensor.iter().map(|&x| clamped(x)).collect();
    Clipped { tensors: tensors.iter().map(tensor).collect(), ..kept(tensors) }
}

fn norms(kind: Norm, tensors: &[Vec<f64>]) -> Vec<f64> {
    tensors.iter().map(|tensor| norm(kind, tensor)).collect()
}

/// Every tensor as it is, without norms.
fn kept(tensors: &[Vec<f64>]) -> Clipped {
    scaled(tensors, 1.0)
}

fn scaled(tensors: &[Vec<f64>], factor: f64) -> Clipped {
    let each = |x: f64| x * factor;
    Clipped { scale: factor, scales: vec![factor; tensors.len()], ..map(tensors, each) }
}

fn replace(clip: &Clip, tensors: &[Vec<f64>], any_nan: bool) -> Clipped {
    map(tensors, |x| replaced(clip.policy(), any_nan, x))
}

fn map(tensors: &[Vec<f64>], each: impl Fn(f64) -> f64) -> Clipped {
    let tensor = |tensor: &Vec<f64>| tensor.iter().map(|&x| each(x)).collect();
    Clipped {
        tensors: tensors.iter().map(tensor).collect(),
        total: 0.0,
        norms: vec![0.0; tensors.len()],
        scale: 1.0,
        scales: vec![1.0; tensors.len()],
    }
}

fn norm(norm: Norm, vector: &[f64]) -> f64 {
    Magnitude::new(norm, vector).number()
}
