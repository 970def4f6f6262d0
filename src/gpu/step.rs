//! Rules for a whole model, bound: one pass for everything.

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::gpu::bound::Bound;
use crate::gpu::device::Gpu;
use crate::gpu::group::BoundGroup;
use crate::gpu::scope::scoped;
use crate::model::{Model, PendingStepReport};
use crate::plan::step::{StepPlan, TensorTask};

/// The operations of rules, bound to the tensors of a model: ready to be recorded any number of
/// times. A clone shares everything.
#[derive(Debug, Clone)]
pub struct BoundStep {
    gpu: Gpu,
    plan: Arc<StepPlan>,
    tensors: Arc<[Bound]>,
    groups: Arc<[BoundGroup]>,
}

impl BoundStep {
    pub(crate) fn new(
        gpu: &Gpu,
        plan: Arc<StepPlan>,
        model: &Model,
        groups: Vec<BoundGroup>,
    ) -> Result<Self> {
        let mut tensors = Vec::new();
        for (planned, tensor) in plan.tensors().iter().zip(model.tensors()) {
            if let TensorTask::Project(plan) = &planned.task {
                let bound = gpu.prepare(plan).and_then(|prepared| prepared.bind(tensor));
                let name = || planned.name.clone();
                let named = |error| Error::Named { name: name(), error: Box::new(error) };
                tensors.push(bound.map_err(named)?);
            }
        }
        Ok(BoundStep { gpu: gpu.clone(), plan, tensors: tensors.into(), groups: groups.into() })
    }

    /// The same operations of other tensors.
    pub(crate) fn rebind(&self, model: &Model, groups: Vec<BoundGroup>) -> Result<Self> {
        let projected = self.plan.tensors().iter().zip(model.tensors());
        let projected = projected.filter(|(t, _)| matches!(t.task, TensorTask::Project(_)));
        let rebind = |(bound, (_, tensor)): (&Bound, (_, _))| bound.prepared().bind(tensor);
        let tensors = self.tensors.iter().zip(projected).map(rebind).collect::<Result<Vec<_>>>()?;
        Ok(BoundStep { tensors: tensors.into(), groups: groups.into(), ..self.clone() })
    }

    /// Records all operations into the caller's pass. Nothing is allocated, compiled, written,
    /// submitted or waited for.
    pub fn record(&self, pass: &mut wgpu::ComputePass<'_>) {
        self.tensors.iter().for_each(|tensor| tensor.record(pass));
        self.groups.iter().for_each(|group| group.record(pass));
    }

    /// [`BoundStep::record`] into a pass of its own.
    pub fn record_pass(&self, encoder: &mut wgpu::CommandEncoder) {
        let descriptor =
            wgpu::ComputePassDescriptor { label: Some("normproj"), timestamp_writes: None };
        self.record(&mut encoder.begin_compute_pass(&descriptor));
    }

    /// Copies the reports out, after the dispatches and before the encoder is finished. They can
    /// be waited for once the encoder's commands are submitted, or dropped.
    ///
    /// # Errors
    /// [`Error::NoReport`] if the step was prepared without one; [`Error::OutOfMemory`].
    pub fn report(&self, encoder: &mut wgpu::CommandEncoder) -> Result<PendingStepReport> {
        if !self.plan.reports() {
            return Err(Error::NoReport);
        }
        let tensors = self.tensors.iter().map(|tensor| tensor.report(encoder));
        let tensors = tensors.collect::<Result<_>>()?;
        let groups = self.plan.groups().iter().zip(self.groups.iter());
        let groups = groups.filter(|(planned, _)| planned.reports());
        let groups = groups.map(|(_, group)| group.report(encoder));
        let groups = groups.collect::<Result<_>>()?;
        Ok(PendingStepReport { plan: Arc::clone(&self.plan), tensors, groups })
    }

    /// Queues everything; the host does not wait.
    pub(crate) fn submit(&self) -> Result<PendingStepReport> {
        scoped(self.gpu.device(), || {
            let mut encoder = self.gpu.device().create_command_encoder(&Default::default());
            self.record_pass(&mut encoder);
            let report = if self.plan.reports() {
                self.report(&mut encoder)?
            } else {
                let plan = Arc::clone(&self.plan);
                PendingStepReport { plan, tensors: Vec::new(), groups: Vec::new() }
            };
            self.gpu.queue().submit([encoder.finish()]);
            Ok(report)
        })?
    }
}
