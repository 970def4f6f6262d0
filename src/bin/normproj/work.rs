//! Operations on files: a task for each tensor, and one tensor in memory at a time. Tensors under
//! one norm are read twice.

use normproj::{Clip, DeviceBuffer, Group, GroupReport, Model, OnNonFinite, Plan};

use crate::failure::Result;
use crate::global::Global;
use crate::job::{At, Job};
use crate::output::{self, Staged, Target};
use crate::row::Row;
use crate::slices;

/// What is done with one tensor.
#[derive(Debug, Clone)]
pub enum Task {
    /// Its bytes are copied.
    Left,
    /// Its slices are projected.
    Project(Box<Plan>),
    /// It is clipped by itself.
    Clip(Clip),
    /// It is clipped by the norm of all that have this number.
    Global(usize),
}

/// Inputs, and what is done with each of their tensors.
pub struct Work {
    pub job: Job,
    pub tasks: Vec<Vec<Task>>,
    pub globals: Vec<Global>,
    /// Whether norms are computed again afterwards.
    pub verify: bool,
}

impl Work {
    /// Does it. A row for each tensor that was not left.
    pub fn run(&mut self, targets: Vec<Target>) -> Result<Vec<Row>> {
        self.survey()?;
        let (mut rows, mut results) = (Vec::new(), Vec::new());
        for (input, target) in targets.into_iter().enumerate() {
            let mut result = Staged::create(target)?;
            let header = 0..self.job.inputs[input].header;
            self.job.inputs[input].copy(header, &mut result, &self.job.progress)?;
            for tensor in 0..self.job.inputs[input].tensors.len() {
                let row = self.rewrite((input, tensor), &mut result);
                let label = || self.job.label((input, tensor));
                rows.extend(row.map_err(|failure| failure.within(&label()))?);
            }
            results.push(result);
        }
        output::commit(results)?;
        Ok(rows)
    }

    /// The first pass: the norms of all tensors that share one.
    fn survey(&mut self) -> Result<()> {
        let mut places = Vec::new();
        for (input, tasks) in self.tasks.iter().enumerate() {
            for (tensor, task) in tasks.iter().enumerate() {
                let Task::Global(number) = task else { continue };
                if let Some(clip) = self.globals[*number].survey() {
                    self.job.progress.expect(self.job.tensor((input, tensor)).size());
                    places.push(((input, tensor), *number, clip));
                }
            }
        }
        for (at, number, clip) in places {
            let label = self.job.label(at);
            let found = self.job.upload(at).and_then(|memory| self.group(at, clip, &memory));
            let norm = found.map_err(|failure| failure.within(&label))?.total().norm;
            self.globals[number].add(at, label, norm);
        }
        Ok(())
    }

    fn rewrite(&mut self, at: At, to: &mut Staged) -> Result<Option<Row>> {
        match self.tasks[at.0][at.1].clone() {
            Task::Left => self.job.copy(at, to).map(|()| None),
            Task::Project(plan) => self.project(at, &plan, to).map(Some),
            Task::Clip(clip) if clip.norm_used().is_none() => self.clamp(at, clip, to).map(Some),
            Task::Clip(clip) => self.clip(at, clip, to).map(Some),
            Task::Global(number) => self.clip_globally(at, number, to).map(Some),
        }
    }

    fn project(&mut self, at: At, plan: &Plan, to: &mut Staged) -> Result<Row> {
        let memory = self.job.upload(at)?;
        let (view, context) = (self.job.view(at, &memory)?, &self.job.context);
        let report = context.run(plan, &view, &view)?.wait()?;
        let mut row = Row::of_slices(self.job.label(at), self.job.tensor(at), plan, &report);
        if self.verify {
            let survey = slices::survey(plan.request().axes(), *view.layout());
            let found = context.run(&context.plan(&survey)?, &view, &view)?.wait()?;
            row.max_norm_after = Some(found.largest_norm);
        }
        self.job.write(at, &memory, to, |_, _| {})?;
        Ok(row)
    }

    fn clip(&mut self, at: At, clip: Clip, to: &mut Staged) -> Result<Row> {
        let memory = self.job.upload(at)?;
        let report = self.group(at, clip, &memory)?;
        // Of the only tensor: what has norms of its own has none of all.
        let verdict = report.tensors().next().map_or(report.total(), |(_, verdict)| verdict);
        let replaced = !verdict.is_finite() && clip.policy() != OnNonFinite::Leave;
        let changed = verdict.scale < 1.0 || replaced;
        let (label, tensor) = (self.job.label(at), self.job.tensor(at));
        let mut row = Row::of_whole(label, tensor, Some(verdict.norm), changed);
        row.first_non_finite = (row.non_finite > 0).then_some(0);
        row.max_norm_after = self.norm_after(at, clip, &memory)?;
        self.job.write(at, &memory, to, |_, _| {})?;
        Ok(row)
    }

    fn clip_globally(&mut self, at: At, number: usize, to: &mut Staged) -> Result<Row> {
        let norm = self.globals[number].norm_of(at);
        let (label, tensor) = (self.job.label(at), self.job.tensor(at));
        let Some(clip) = self.globals[number].decided() else {
            let row = Row::of_whole(label, tensor, norm, false);
            return self.job.copy(at, to).map(|()| row);
        };
        let memory = self.job.upload(at)?;
        let verdict = self.group(at, clip, &memory)?.total();
        let changed = verdict.scale < 1.0 || !verdict.is_finite();
        let mut row = Row::of_whole(label, self.job.tensor(at), norm, changed);
        row.max_norm_after = self.norm_after(at, clip, &memory)?;
        self.globals[number].written(verdict.scale, row.max_norm_after);
        self.job.write(at, &memory, to, |_, _| {})?;
        Ok(row)
    }

    /// Clips by value. What changed is what differs.
    fn clamp(&mut self, at: At, clip: Clip, to: &mut Staged) -> Result<Row> {
        let before = self.job.read(at)?;
        let memory = self.job.context.upload(&before, [before.len()])?;
        drop(Group::new(clip, &self.model(at, &memory)?)?.run()?);
        let mut row = Row::of_elements(self.job.label(at), self.job.tensor(at), &before);
        let mut largest = 0f32;
        self.job.write(at, &memory, to, |start, after| {
            let pairs = || before[start..].iter().zip(after);
            row.changed += pairs().filter(|(x, y)| x.to_bits() != y.to_bits()).count() as u64;
            let finite = after.iter().filter(|y| y.is_finite());
            largest = finite.fold(largest, |largest, y| largest.max(y.abs()));
        })?;
        row.max_norm_after = self.verify.then_some(largest.into());
        Ok(row)
    }

    fn norm_after(&self, at: At, clip: Clip, memory: &DeviceBuffer) -> Result<Option<f64>> {
        let Some(norm) = clip.norm_used().filter(|_| self.verify) else { return Ok(None) };
        Ok(Some(self.group(at, Clip::norms(norm), memory)?.total().norm))
    }

    fn group(&self, at: At, clip: Clip, memory: &DeviceBuffer) -> Result<GroupReport> {
        Ok(Group::new(clip, &self.model(at, memory)?)?.run()?.wait()?)
    }

    /// The order of elements means nothing to what is clipped as a whole.
    fn model(&self, at: At, memory: &DeviceBuffer) -> Result<Model> {
        Ok(Model::new(&self.job.context, [(self.job.tensor(at).name.clone(), memory)])?)
    }
}
