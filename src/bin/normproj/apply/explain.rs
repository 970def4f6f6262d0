//! Which tensor gets what.

use normproj::plan::step::StepPlan;
use serde::Serialize;

use crate::failure::Result;
use crate::job::Job;
use crate::options::RunOptions;
use crate::summary;

#[derive(Debug, Serialize)]
struct Explained<'a> {
    device: &'a str,
    tensors: Vec<Tensor<'a>>,
    /// What is not floating point.
    left: Vec<&'a str>,
    warnings: Vec<String>,
}

/// One tensor; no rule and no operation where no pattern matches.
#[derive(Debug, Serialize)]
struct Tensor<'a> {
    name: &'a str,
    shape: &'a [usize],
    rule: Option<&'a str>,
    operation: Option<String>,
}

/// Prints the plan. The elements of tensors were not read.
pub fn print(plan: &StepPlan, job: &Job, run: &RunOptions) -> Result<()> {
    let tensors = plan.tensors().iter().map(|planned| {
        let rule = planned.rule.and_then(|rule| plan.rules().get(rule));
        Tensor {
            name: &planned.name,
            shape: planned.layout.shape(),
            rule: rule.map(|(pattern, _)| pattern),
            operation: rule.map(|(_, operation)| operation.to_string()),
        }
    });
    let others = job.inputs[0].tensors.iter().filter(|tensor| !tensor.is_float());
    let explained = Explained {
        device: job.context.describe(),
        tensors: tensors.collect(),
        left: others.map(|tensor| tensor.name.as_str()).collect(),
        warnings: plan.warnings(),
    };
    summary::print(&explained, run, || {
        let mut text = plan.explain();
        if !explained.left.is_empty() {
            let left = explained.left.join(", ");
            text += &format!("left, because they are not floating point: {left}\n");
        }
        text
    })
}
