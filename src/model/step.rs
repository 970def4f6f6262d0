//! Rules for a whole model, planned, prepared and bound.

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::gpu::BoundStep;
use crate::model::{Group, GroupReport, Model, Operation, PendingGroupReport, Rules};
use crate::pending::PendingReport;
use crate::plan::step::{Places, PlannedGroup, StepPlan, TensorTask};
use crate::report::Report;

/// Rules for the tensors of a model, ready to be carried out any number of times: after each step
/// of an optimizer, say. On a GPU everything is one submission and one compute pass. A clone
/// shares everything.
///
/// ```
/// use normproj::{Clip, Context, Model, ModelStep, Operation, Projection, Rules};
/// let context = Context::cpu();
/// let kernel = context.upload(&[3.0, 0.1, 4.0, 0.2], [2, 2])?;
/// let bias = context.upload(&[7.0, 0.0], [2])?;
/// let model = Model::new(&context, [("dense.kernel", &kernel), ("dense.bias", &bias)])?;
/// let rules = Rules::new()
///     .rule("*kernel", Projection::max_norm(1.0, 0))
///     .rule("*bias", Operation::Leave);
/// let step = ModelStep::with_report(&rules, &model)?;
/// println!("{}", step.explain());
/// let report = step.run()?.wait()?;
/// assert_eq!(report.tensor("dense.kernel").map(|report| report.changed), Some(1));
/// assert!((kernel.read()?[0] - 0.6).abs() < 1e-6 && bias.read()? == [7.0, 0.0]);
/// # Ok::<(), normproj::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct ModelStep {
    plan: Arc<StepPlan>,
    model: Model,
    groups: Vec<Group>,
    bound: Option<BoundStep>,
}

impl ModelStep {
    /// Plans, prepares and binds rules for a model, without reports.
    ///
    /// # Errors
    /// As [`Rules::assign`]; [`Error::SharedElements`] of two tensors that are both worked on;
    /// [`Error::Named`] with what is wrong with an operation and the tensor that it meets; what
    /// [`Group::new`] refuses, and on a GPU what preparing and binding do.
    pub fn new(rules: &Rules, model: &Model) -> Result<Self> {
        Self::assemble(rules, model, false)
    }

    /// [`ModelStep::new`] with a report on each tensor and group.
    ///
    /// # Errors
    /// As [`ModelStep::new`].
    pub fn with_report(rules: &Rules, model: &Model) -> Result<Self> {
        Self::assemble(rules, model, true)
    }

    fn assemble(rules: &Rules, model: &Model, report: bool) -> Result<Self> {
        let context = model.context();
        let plan = StepPlan::assemble(rules, Places::of(model), context.profile(), report)?;
        let group = |group: &PlannedGroup| {
            Group::from_plan(group.plan.clone(), &members(group, model)?, None, None)
        };
        let groups = plan.groups().iter().map(group).collect::<Result<Vec<_>>>()?;
        let plan = Arc::new(plan);
        let bound = context.as_gpu().map(|gpu| {
            let groups = groups.iter().filter_map(Group::as_gpu).cloned().collect();
            BoundStep::new(gpu, Arc::clone(&plan), model, groups)
        });
        Ok(ModelStep { plan, model: model.clone(), groups, bound: bound.transpose()? })
    }

    /// The same rules for other tensors with the same names, layouts and sharing of memory: where
    /// gradients are new buffers every step this costs bind groups, not a plan.
    ///
    /// # Errors
    /// [`Error::PlanMismatch`] for tensors of other names or layouts; [`Error::SharedElements`].
    pub fn rebind(&self, model: &Model) -> Result<Self> {
        self.plan.check(&Places::of(model))?;
        let rebind =
            |(planned, group): (&PlannedGroup, &Group)| group.rebind(&members(planned, model)?);
        let groups = self.plan.groups().iter().zip(&self.groups).map(rebind);
        let groups = groups.collect::<Result<Vec<_>>>()?;
        let bound = self.bound.as_ref().map(|bound| {
            bound.rebind(model, groups.iter().filter_map(Group::as_gpu).cloned().collect())
        });
        let (plan, model, bound) = (Arc::clone(&self.plan), model.clone(), bound.transpose()?);
        Ok(ModelStep { plan, model, groups, bound })
    }

    /// Carries everything out. On a GPU the work is queued and the host does not wait.
    ///
    /// # Errors
    /// [`Error::Validation`] if a buffer was destroyed; [`Error::OutOfMemory`].
    pub fn run(&self) -> Result<PendingStepReport> {
        if let Some(bound) = &self.bound {
            return bound.submit();
        }
        let mut tensors = Vec::new();
        for (planned, tensor) in self.plan.tensors().iter().zip(self.model.tensors()) {
            if let TensorTask::Project(plan) = &planned.task {
                tensors.push(self.model.context().run(plan, tensor, tensor)?);
            }
        }
        let mut groups = Vec::new();
        for (planned, group) in self.plan.groups().iter().zip(&self.groups) {
            let report = group.run()?;
            groups.extend(planned.reports().then_some(report));
        }
        Ok(PendingStepReport { plan: Arc::clone(&self.plan), tensors, groups })
    }

    /// The GPU side, which is recorded into passes of the caller's; None on the CPU backend.
    pub fn as_gpu(&self) -> Option<&BoundStep> {
        self.bound.as_ref()
    }

    /// The plan.
    pub fn plan(&self) -> &StepPlan {
        &self.plan
    }

    /// The tensors.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The groups, in the order of their rules: the way to norms and factors on the device.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// Which tensor gets what: see [`StepPlan::explain`].
    pub fn explain(&self) -> String {
        self.plan.explain()
    }
}

/// The tensors of a group.
fn members(group: &PlannedGroup, model: &Model) -> Result<Model> {
    let member = |&i: &usize| (model.names()[i].clone(), &model.tensors()[i]);
    Model::new(model.context(), group.tensors.iter().map(member))
}

/// What rules did to a model.
#[derive(Debug, Clone, PartialEq)]
pub struct StepReport {
    tensors: Vec<(String, Report)>,
    groups: Vec<(String, GroupReport)>,
}

impl StepReport {
    /// The tensors that were projected, in the order of the model.
    pub fn tensors(&self) -> impl ExactSizeIterator<Item = (&str, &Report)> {
        self.tensors.iter().map(|(name, report)| (name.as_str(), report))
    }

    /// The tensor of a name, if it was projected.
    pub fn tensor(&self, name: &str) -> Option<&Report> {
        self.tensors().find(|(other, _)| *other == name).map(|(_, report)| report)
    }

    /// The groups that were clipped by a norm, by the patterns of their rules, in the order of the rules.
    pub fn groups(&self) -> impl ExactSizeIterator<Item = (&str, &GroupReport)> {
        self.groups.iter().map(|(pattern, report)| (pattern.as_str(), report))
    }
}

/// A [`StepReport`] that may not be there yet. Dropping it unread costs nothing.
#[derive(Debug)]
#[must_use = "a report does nothing unless it is waited for; drop it to ignore it"]
pub struct PendingStepReport {
    pub(crate) plan: Arc<StepPlan>,
    pub(crate) tensors: Vec<PendingReport>,
    pub(crate) groups: Vec<PendingGroupReport>,
}

impl PendingStepReport {
    /// Waits for the work to finish and gives the report.
    ///
    /// # Errors
    /// [`Error::NoReport`] of [`ModelStep::new`]; [`Error::NotSubmitted`] if the commands that
    /// write it were dropped or not submitted; [`Error::DeviceLost`].
    pub fn wait(self) -> Result<StepReport> {
        pollster::block_on(self.wait_async())
    }

    /// [`PendingStepReport::wait`] as a future; see [`PendingReport::wait_async`].
    ///
    /// # Errors
    /// As [`PendingStepReport::wait`].
    pub async fn wait_async(self) -> Result<StepReport> {
        if !self.plan.reports() {
            return Err(Error::NoReport);
        }
        let projected =
            self.plan.tensors().iter().filter(|t| matches!(t.task, TensorTask::Project(_)));
        let mut tensors = Vec::new();
        for (tensor, report) in projected.zip(self.tensors) {
            tensors.push((tensor.name.clone(), report.wait_async().await?));
        }
        let patterns: Vec<(&str, &Operation)> = self.plan.rules().iter().collect();
        let mut groups = Vec::new();
        let reported = self.plan.groups().iter().filter(|group| group.reports());
        for (group, report) in reported.zip(self.groups) {
            groups.push((patterns[group.rule].0.to_string(), report.wait_async().await?));
        }
        Ok(StepReport { tensors, groups })
    }
}
