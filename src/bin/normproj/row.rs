//! What was found in one tensor, and done to it.

use normproj::plan::request::Task;
use normproj::{OnNonFinite, Plan, Report};
use serde::Serialize;

use crate::files::Tensor;

/// One tensor. Norms are those before the operation.
#[derive(Debug, Default, Serialize)]
pub struct Row {
    pub name: String,
    pub shape: Vec<usize>,
    pub dtype: String,
    /// Of `normproj apply`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    pub slices: u64,
    pub length: usize,
    pub changed: u64,
    /// None where it was not computed.
    pub max_norm: Option<f64>,
    pub mean_norm: Option<f64>,
    pub zero: u64,
    pub non_finite: u64,
    #[serde(skip)]
    pub first_non_finite: Option<u64>,
    /// With `--verify`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_norm_after: Option<f64>,
    /// Of `normproj norms`; none if no slice is finite.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_norm: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub median_norm: Option<f64>,
}

impl Row {
    fn new(name: String, tensor: &Tensor) -> Self {
        let (shape, dtype) = (tensor.shape.clone(), tensor.dtype_name());
        Row { name, shape, dtype, ..Row::default() }
    }

    /// A tensor by its slices.
    pub fn of_slices(name: String, tensor: &Tensor, plan: &Plan, report: &Report) -> Self {
        let replaced = match plan.request().task {
            Task::Project(projection) if projection.policy() != OnNonFinite::Leave => {
                report.non_finite
            }
            _ => 0,
        };
        Row {
            slices: plan.geometry().slices() as u64,
            length: plan.geometry().length(),
            changed: report.changed + replaced,
            max_norm: Some(report.largest_norm),
            mean_norm: Some(report.mean_norm),
            zero: report.zero,
            non_finite: report.non_finite,
            first_non_finite: report.first_non_finite,
            ..Row::new(name, tensor)
        }
    }

    /// A tensor as one slice; its norm, if that was computed.
    pub fn of_whole(name: String, tensor: &Tensor, norm: Option<f64>, changed: bool) -> Self {
        let odd = norm.is_some_and(|norm| !norm.is_finite());
        let finite = norm.map(|norm| if odd { 0.0 } else { norm });
        Row {
            slices: 1,
            length: tensor.count(),
            changed: changed.into(),
            max_norm: finite,
            mean_norm: finite,
            zero: (norm == Some(0.0)).into(),
            non_finite: odd.into(),
            ..Row::new(name, tensor)
        }
    }

    /// A tensor whose elements are slices of their own.
    pub fn of_elements(name: String, tensor: &Tensor, elements: &[f32]) -> Self {
        let finite = || elements.iter().filter(|x| x.is_finite()).map(|x| f64::from(x.abs()));
        let count = finite().count();
        Row {
            slices: elements.len() as u64,
            length: 1,
            max_norm: Some(finite().fold(0.0, f64::max)),
            mean_norm: Some(finite().sum::<f64>() / count.max(1) as f64),
            zero: elements.iter().filter(|x| **x == 0.0).count() as u64,
            non_finite: (elements.len() - count) as u64,
            first_non_finite: elements.iter().position(|x| !x.is_finite()).map(|at| at as u64),
            ..Row::new(name, tensor)
        }
    }

    /// Whether there is NaN or infinity, in words.
    pub fn warning(&self) -> Option<String> {
        let (name, count) = (&self.name, self.non_finite);
        match self.first_non_finite {
            Some(_) if self.slices == 1 => Some(format!("{name} holds NaN or infinity")),
            Some(first) if self.length == 1 => Some(format!(
                "{name}: {count} elements are NaN or infinite; the first is element {first}"
            )),
            Some(first) => Some(format!(
                "{name}: {count} slices hold NaN or infinity; the first is slice {first}"
            )),
            None => None,
        }
    }
}
