//! Clips of many tensors.

use super::exact::{bound_in, radius_in, wide};
use super::non_finite::replaced;
use super::quotient::Quotient;
use super::radial::{Ball, Magnitude};
use crate::dtype::{DType, Element};
use crate::error::{Error, Result};
use crate::model::{Clip, GivenNorm, Kind};
use crate::norm::Norm;

/// The elements of one tensor, exactly, and what they are.
#[derive(Debug, Clone, PartialEq)]
pub struct Elements {
    /// What they are stored as.
    pub dtype: DType,
    /// The elements, as they are read.
    pub values: Vec<f64>,
}

impl Elements {
    /// Those of a tensor of this type.
    pub fn of<T: Element>(values: &[T]) -> Self {
        Elements { dtype: T::DTYPE, values: wide(values) }
    }
}

/// What a clip makes of tensors.
#[derive(Debug, Clone, PartialEq)]
pub struct Clipped {
    /// The elements of each tensor, rounded to f64.
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
pub fn clip(clip: &Clip, tensors: &[Elements], device_norm: Option<f64>) -> Result<Clipped> {
    clip.check()?;
    let values: Vec<&[f64]> = tensors.iter().map(|tensor| &tensor.values[..]).collect();
    let any_double = |tensors: &[Elements]| tensors.iter().any(|t| t.dtype == DType::F64);
    // A radius keeps the bits of f64 where an element under it is one.
    let ball = |norm, radius, tensors: &[Elements]| {
        let dtype = if any_double(tensors) { DType::F64 } else { DType::F32 };
        Ball { norm, radius: radius_in(dtype, radius), epsilon: clip.epsilon() }
    };
    Ok(match clip.kind {
        Kind::Value { low, high } => by_value(low, high, tensors),
        Kind::Norms { norm: kind } => {
            let (total, norms) = (norm(kind, &values.concat()), norms(kind, &values));
            Clipped { total, norms, ..kept(&values) }
        }
        Kind::Each { norm: kind, radius } => {
            let one = |tensor: &Elements| {
                by_norm(clip, ball(kind, radius, std::slice::from_ref(tensor)), &[&tensor.values])
            };
            let parts: Vec<Clipped> = tensors.iter().map(one).collect();
            Clipped {
                total: norm(kind, &values.concat()),
                norms: parts.iter().map(|part| part.total).collect(),
                scale: 1.0,
                scales: parts.iter().map(|part| part.scales[0]).collect(),
                tensors: parts.into_iter().flat_map(|part| part.tensors).collect(),
            }
        }
        Kind::Global { norm: kind, radius } => {
            let ball = ball(kind, radius, tensors);
            let given = match (clip.given(), device_norm) {
                (None, _) => return Ok(by_norm(clip, ball, &values)),
                (Some(GivenNorm::Host(given)), _) => given,
                (Some(GivenNorm::Device), Some(given)) => given,
                (Some(GivenNorm::Device), None) => {
                    let reason = "a norm on the device is not there".to_string();
                    return Err(Error::PlanMismatch { reason });
                }
            };
            by_given_norm(clip, ball, &values, given)
        }
    })
}

/// `g + λ·w` as it is read: the sum is rounded once to what is computed with, f32 but f64 for f64, and λ
/// before that.
pub fn decayed<T: Element>(rate: f64, gradient: &[T], weights: &[T]) -> Elements {
    let sum = |g: f64, w: f64| match T::DTYPE {
        DType::F64 => rate.mul_add(w, g),
        // Elements of fewer bits are f32 exactly.
        DType::F32 | DType::F16 | DType::BF16 => {
            f64::from((rate as f32).mul_add(w as f32, g as f32))
        }
    };
    let pairs = gradient.iter().zip(weights);
    let values = pairs.map(|(&g, &w)| sum(g.into(), w.into())).collect();
    Elements { dtype: T::DTYPE, values }
}

/// All tensors by their one norm.
fn by_norm(clip: &Clip, ball: Ball, tensors: &[&[f64]]) -> Clipped {
    let all = tensors.concat();
    let (total, norms) = (norm(ball.norm, &all), norms(ball.norm, tensors));
    let result = match all.iter().all(|x| x.is_finite()) {
        true => scaled(tensors, ball.factor(&all)),
        false => replace(clip, tensors, total.is_nan()),
    };
    Clipped { total, norms, ..result }
}

/// All tensors by a norm that says nothing of their elements: a NaN among them stays one, whatever
/// the policy, and an infinity is scaled like any number.
fn by_given_norm(clip: &Clip, ball: Ball, tensors: &[&[f64]], given: f64) -> Clipped {
    let result = match given {
        given if given >= 0.0 && given.is_finite() => scaled(tensors, ball.factor_of(given)),
        given if given >= 0.0 => replace(clip, tensors, false),
        _ => return Clipped { total: f64::NAN, ..kept(tensors) },
    };
    Clipped { total: given, ..result }
}

fn by_value(low: f64, high: f64, tensors: &[Elements]) -> Clipped {
    let tensor = |tensor: &Elements| {
        let [low, high] = [low, high].map(|bound| bound_in(tensor.dtype, bound));
        // Comparisons that a NaN fails, so that it stays.
        let clamped = |x: f64| match x {
            x if x < low => low,
            x if x > high => high,
            x => x,
        };
        tensor.values.iter().map(|&x| clamped(x)).collect()
    };
    let values: Vec<&[f64]> = tensors.iter().map(|tensor| &tensor.values[..]).collect();
    Clipped { tensors: tensors.iter().map(tensor).collect(), ..kept(&values) }
}

fn norms(kind: Norm, tensors: &[&[f64]]) -> Vec<f64> {
    tensors.iter().map(|tensor| norm(kind, tensor)).collect()
}

/// Every tensor as it is, without norms.
fn kept(tensors: &[&[f64]]) -> Clipped {
    scaled(tensors, None)
}

fn scaled(tensors: &[&[f64]], factor: Option<Quotient>) -> Clipped {
    let Some(factor) = factor else { return map(tensors, |x| x) };
    let scale = factor.number();
    let result = map(tensors, |x| factor.times(x).high);
    Clipped { scale, scales: vec![scale; tensors.len()], ..result }
}

fn replace(clip: &Clip, tensors: &[&[f64]], any_nan: bool) -> Clipped {
    map(tensors, |x| replaced(clip.policy(), any_nan, x))
}

fn map(tensors: &[&[f64]], each: impl Fn(f64) -> f64) -> Clipped {
    let tensor = |tensor: &&[f64]| tensor.iter().map(|&x| each(x)).collect();
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
