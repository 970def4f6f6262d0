//! What was found in one tensor, and done to it.

use normproj::plan::request::Task;
use normproj::{Plan, Report, Set, ZeroSlice};
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
    /// None where it was not computed, or no slice has a norm.
    pub max_norm: Option<f64>,
    pub mean_norm: Option<f64>,
    pub zero: u64,
    pub non_finite: u64,
    #[serde(skip)]
    pub first_non_finite: Option<u64>,
    /// Slices of zeros that stay outside.
    #[serde(skip)]
    stuck: u64,
    /// Slices that were left because their radius, in memory, is none.
    #[serde(skip_serializing_if = "is_zero")]
    pub invalid: u64,
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
        let slices = plan.geometry().slices() as u64;
        let any_finite = slices > report.non_finite;
        Row {
            slices,
            length: plan.geometry().length(),
            changed: report.changed,
            max_norm: any_finite.then_some(report.largest_norm),
            mean_norm: any_finite.then_some(report.mean_norm),
            zero: report.zero,
            non_finite: report.non_finite,
            first_non_finite: report.first_non_finite,
            invalid: report.invalid,
            stuck: if misses_zeros(plan) { report.zero } else { 0 },
            ..Row::new(name, tensor)
        }
    }

    /// A tensor as one slice; its norm, if that was computed.
    pub fn of_whole(name: String, tensor: &Tensor, norm: Option<f64>, changed: bool) -> Self {
        let odd = norm.is_some_and(|norm| !norm.is_finite());
        let finite = norm.filter(|_| !odd);
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

    /// What deserves a second look.
    pub fn warnings(&self) -> impl Iterator<Item = String> {
        let odd = self.non_finite_warning().into_iter().chain(self.zero_warning());
        odd.chain(self.invalid_warning())
    }

    fn zero_warning(&self) -> Option<String> {
        let (name, count) = (&self.name, self.stuck);
        let text = "which no factor brings to a norm: they were left";
        (count > 0).then(|| format!("{name}: {count} slices hold only zeros, {text}"))
    }

    fn invalid_warning(&self) -> Option<String> {
        let (name, count) = (&self.name, self.invalid);
        let slices = if count == 1 { "slice was" } else { "slices were" };
        (count > 0)
            .then(|| format!("{name}: {count} {slices} left: the norm of the weights is NaN"))
    }

    fn non_finite_warning(&self) -> Option<String> {
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

fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// Whether slices of zeros are outside and stay so.
fn misses_zeros(plan: &Plan) -> bool {
    let Task::Project(projection) = plan.request().task else { return false };
    match projection.set() {
        Set::MinMaxNorm { low, rate, .. } => low > 0.0 && rate > 0.0,
        Set::UnitNorm { radius, .. } | Set::WeightNorm { radius } | Set::Sphere { radius, .. } => {
            radius > 0.0 && projection.zero_policy() == ZeroSlice::Keep
        }
        _ => false,
    }
}
