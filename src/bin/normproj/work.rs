//! Operations on files: a task for each tensor, and one tensor in memory at a time. Tensors under
//! one norm are read twice.

use normproj::plan::group::{GroupPlan, GroupRequest};
use normproj::plan::request::{Request, Task as Requested};
use normproj::{
    Clip, DeviceBuffer, Group, GroupReport, Model, OnNonFinite, Operation, Plan, Report, Set,
};

use crate::adaptive::Weights;
use crate::failure::Result;
use crate::files::{Tensor, Word};
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
    /// So they are, with the norms of weights for radii: of the tensor of this number in their file.
    Adaptive(Box<Plan>, usize),
    /// It is clipped by the norm of all that have this number.
    Global(usize),
}

impl Task {
    /// What an operation means for a tensor, `global` being the number of its norm if it has one over
    /// several. Whatever the library refuses is refused here, before anything is read.
    pub fn new(
        job: &Job,
        tensor: &Tensor,
        operation: &Operation,
        global: usize,
    ) -> normproj::Result<Task> {
        let dtype = job.dtype(tensor)?;
        match operation {
            Operation::Project(projection) => {
                let request = Request::in_place(*projection, tensor.layout()?).of(dtype);
                Ok(Task::Project(Box::new(job.context.plan(&request.with_report())?)))
            }
            Operation::Clip(clip) => {
                let empty = job.context.zeros_as([0], dtype)?;
                let model = Model::new(&job.context, [(tensor.name.clone(), &empty)])?;
                let request = GroupRequest::new(*clip, &model, None)?;
                GroupPlan::new(request, job.context.profile())?;
                Ok(Task::Global(global))
            }
            _ => Ok(Task::Left),
        }
    }
}

/// Inputs, and what is done with each of their tensors.
pub struct Work {
    pub job: Job,
    pub tasks: Vec<Vec<Task>>,
    pub globals: Vec<Global>,
    /// Whether norms are computed again afterwards.
    pub verify: bool,
    /// Those of adaptive clips.
    pub weights: Option<Weights>,
}

impl Work {
    /// Does it. A row for each tensor that was not left.
    pub fn run(&mut self, targets: Vec<Target>) -> Result<Vec<Row>> {
        self.survey()?;
        if let Some(weights) = &self.weights {
            for task in self.tasks.iter().flatten() {
                let Task::Adaptive(_, place) = task else { continue };
                self.job.progress.expect(weights.size(*place));
            }
        }
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
                let here = self.job.tensor((input, tensor));
                self.globals[*number].admit(self.job.dtype(here)?, here.count());
                if let Some(clip) = self.globals[*number].survey() {
                    self.job.progress.expect(self.job.tensor((input, tensor)).size());
                    places.push(((input, tensor), *number, clip));
                }
            }
        }
        for (at, number, clip) in places {
            let label = self.job.label(at);
            let found = self.load(at).and_then(|memory| self.group(at, clip, &memory));
            let norm = found.map_err(|failure| failure.within(&label))?.total().norm;
            self.globals[number].add(at, label, norm);
        }
        self.globals.iter_mut().for_each(Global::surveyed);
        Ok(())
    }

    fn rewrite(&mut self, at: At, to: &mut Staged) -> Result<Option<Row>> {
        match self.tasks[at.0][at.1].clone() {
            Task::Left => self.job.copy(at, to).map(|()| None),
            Task::Project(plan) => self.project(at, &plan, None, to).map(Some),
            Task::Adaptive(plan, place) => {
                let weights = self.weights.as_mut();
                let norms = weights.map(|weights| weights.norms(&self.job, place, &plan));
                self.project(at, &plan, norms.transpose()?.as_ref(), to).map(Some)
            }
            Task::Global(number) => self.clip(at, number, to).map(Some),
        }
    }

    fn project(
        &mut self,
        at: At,
        plan: &Plan,
        radii: Option<&DeviceBuffer>,
        to: &mut Staged,
    ) -> Result<Row> {
        let words = self.job.read(at)?;
        let memory = self.job.upload(at, &words)?;
        let (view, context) = (self.job.view(at, &memory)?, &self.job.context);
        let report = context.run_with_radii(plan, &view, &view, radii)?.wait()?;
        let (label, tensor) = (self.job.label(at), self.job.tensor(at));
        let mut row = Row::of_slices(label, tensor, plan, &report);
        row.changed += replaced(plan, &report, tensor, &words);
        drop(words);
        if self.verify {
            row.max_norm_after = Some(slices::survey_like(plan, context, &view)?.largest_norm);
        }
        self.job.write(at, &memory, to)?;
        Ok(row)
    }

    fn clip(&mut self, at: At, number: usize, to: &mut Staged) -> Result<Row> {
        let norm = self.globals[number].norm_of(at);
        let Some(clip) = self.globals[number].decided() else {
            let row = Row::of_whole(self.job.label(at), self.job.tensor(at), norm, false);
            return self.job.copy(at, to).map(|()| row);
        };
        let memory = self.load(at)?;
        let verdict = self.part(at, number, clip, &memory)?.total();
        // Zeros stay what they are, whatever the factor.
        let scaled = verdict.scale < 1.0 && norm != Some(0.0);
        let changed = scaled || !verdict.is_finite();
        let mut row = Row::of_whole(self.job.label(at), self.job.tensor(at), norm, changed);
        if let Some(norm) = clip.norm_used().filter(|_| self.verify) {
            row.max_norm_after = Some(self.group(at, Clip::norms(norm), &memory)?.total().norm);
        }
        self.globals[number].written(verdict.scale, row.max_norm_after);
        self.job.write(at, &memory, to)?;
        Ok(row)
    }

    fn load(&mut self, at: At) -> Result<DeviceBuffer> {
        let words = self.job.read(at)?;
        self.job.upload(at, &words)
    }

    /// Clips a tensor by the norm of all, as if all were clipped at once.
    fn part(
        &self,
        at: At,
        number: usize,
        clip: Clip,
        memory: &DeviceBuffer,
    ) -> Result<GroupReport> {
        let (context, tensor) = (&self.job.context, self.job.tensor(at));
        let model = Model::new(context, [(tensor.name.clone(), memory)])?;
        let others = self.globals[number].beside(self.job.dtype(tensor)?, tensor.count());
        let request = GroupRequest::new(clip, &model, None)?.beside(others);
        let plan = GroupPlan::new(request, context.profile())?;
        Ok(Group::from_plan(plan, &model, None, None)?.run()?.wait()?)
    }

    /// The order of elements means nothing to what is clipped as a whole.
    fn group(&self, at: At, clip: Clip, memory: &DeviceBuffer) -> Result<GroupReport> {
        let name = self.job.tensor(at).name.clone();
        let model = Model::new(&self.job.context, [(name, memory)])?;
        Ok(Group::new(clip, &model)?.run()?.wait()?)
    }
}

/// How many slices a policy for NaN and infinity replaced: a report counts them apart.
fn replaced(plan: &Plan, report: &Report, tensor: &Tensor, words: &[Word]) -> u64 {
    match plan.request().task {
        Requested::Project(projection) if projection.policy() != OnNonFinite::Leave => {
            match projection.set() {
                // An infinity is clamped there as any number.
                Set::Bounds { .. } => tensor.count_nan(words),
                _ => report.non_finite,
            }
        }
        _ => 0,
    }
}
