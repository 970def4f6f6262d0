//! A whole model under rules: which plan each tensor gets.

mod explain;
mod places;

pub(crate) use places::Places;

use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::layout::Layout;
use crate::model::{Operation, Place, Rules, check_overlap};
use crate::plan::Plan;
use crate::plan::group::GroupPlan;
use crate::plan::profile::DeviceProfile;
use crate::plan::request::Request;

/// Rules met with the tensors of a model, planned for a device. Pure numbers, as [`Plan`]: a list
/// of names and layouts is enough, with dtypes unless all are f32, so that what would be done can be
/// told before any tensor is loaded.
///
/// ```
/// use normproj::plan::step::StepPlan;
/// use normproj::{Clip, DeviceProfile, Layout, Operation, Projection, Rules};
/// let rules = Rules::new()
///     .rule("*kernel", Projection::max_norm(3.0, 0))
///     .rule("*bias", Operation::Leave);
/// let tensors = [
///     ("dense.kernel", Layout::contiguous([784, 256])?),
///     ("dense.bias", Layout::contiguous([256])?),
/// ];
/// let plan = StepPlan::new(&rules, tensors, &DeviceProfile::h200())?;
/// assert!(plan.explain().contains("256 × 784"));
/// # Ok::<(), normproj::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct StepPlan {
    profile: DeviceProfile,
    rules: Rules,
    report: bool,
    tensors: Vec<PlannedTensor>,
    groups: Vec<PlannedGroup>,
}

/// Where the elements of a tensor are, and what they are: `layout.into()` is of f32, and
/// `(layout, dtype).into()` of any dtype.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Form {
    /// Where they are.
    pub layout: Layout,
    /// What they are.
    pub dtype: DType,
}

impl From<Layout> for Form {
    fn from(layout: Layout) -> Self {
        Form { layout, dtype: DType::F32 }
    }
}

impl From<(Layout, DType)> for Form {
    fn from((layout, dtype): (Layout, DType)) -> Self {
        Form { layout, dtype }
    }
}

/// A tensor, and what becomes of it.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedTensor {
    /// Its name.
    pub name: String,
    /// Where its elements are.
    pub layout: Layout,
    /// What they are.
    pub dtype: DType,
    /// The rule that takes it, by its place in the list; none if no pattern matches.
    pub rule: Option<usize>,
    /// What is done.
    pub task: TensorTask,
}

/// What is done with one tensor.
#[derive(Debug, Clone, PartialEq)]
pub enum TensorTask {
    /// Its slices are projected.
    Project(Box<Plan>),
    /// It is part of the group of this number.
    Group(usize),
    /// Nothing.
    Left,
}

/// The tensors that one rule clips.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedGroup {
    /// The rule, by its place in the list.
    pub rule: usize,
    /// The tensors, by their places.
    pub tensors: Vec<usize>,
    /// How it is done.
    pub plan: GroupPlan,
}

impl PlannedGroup {
    /// Whether there is anything to report: clipping by value computes no norm.
    pub(crate) fn reports(&self) -> bool {
        self.plan.request().clip.norm_used().is_some()
    }
}

impl StepPlan {
    /// The plan of rules for tensors, each in a memory of its own, without reports.
    ///
    /// # Errors
    /// As [`Rules::assign`]; [`Error::SameName`]; [`Error::Named`] with what is wrong with an
    /// operation and the tensor that it meets.
    pub fn new<N: Into<String>>(
        rules: &Rules,
        tensors: impl IntoIterator<Item = (N, impl Into<Form>)>,
        profile: &DeviceProfile,
    ) -> Result<Self> {
        Self::assemble(rules, Places::apart(tensors)?, profile, false)
    }

    /// [`StepPlan::new`] with a report on every tensor that is projected.
    ///
    /// # Errors
    /// As [`StepPlan::new`].
    pub fn with_report<N: Into<String>>(
        rules: &Rules,
        tensors: impl IntoIterator<Item = (N, impl Into<Form>)>,
        profile: &DeviceProfile,
    ) -> Result<Self> {
        Self::assemble(rules, Places::apart(tensors)?, profile, true)
    }

    pub(crate) fn assemble(
        rules: &Rules,
        places: Places,
        profile: &DeviceProfile,
        report: bool,
    ) -> Result<Self> {
        let taken = rules.assign(&places.names)?;
        let operations: Vec<&Operation> = rules.iter().map(|(_, operation)| operation).collect();
        let works = |i: &usize| taken[*i].is_some_and(|rule| operations[rule].works());
        check_shared(&places, (0..taken.len()).filter(works).collect())?;
        let mut groups = Vec::new();
        for (rule, operation) in operations.iter().enumerate() {
            let Operation::Clip(clip) = operation else { continue };
            let tensors: Vec<usize> =
                (0..taken.len()).filter(|&i| taken[i] == Some(rule)).collect();
            let plan = GroupPlan::new(places.group(*clip, &tensors)?, profile)?;
            groups.push(PlannedGroup { rule, tensors, plan });
        }
        let task = |i: usize| -> Result<TensorTask> {
            if let Some(group) = groups.iter().position(|group| group.tensors.contains(&i)) {
                return Ok(TensorTask::Group(group));
            }
            let Some(Operation::Project(projection)) = taken[i].map(|rule| operations[rule]) else {
                return Ok(TensorTask::Left);
            };
            let (_, layout, dtype) = places.places[i];
            let request = Request::in_place(*projection, layout).of(dtype);
            let plan = Plan::new(&Request { report, ..request }, profile);
            let named =
                |error| Error::Named { name: places.names[i].clone(), error: Box::new(error) };
            Ok(TensorTask::Project(Box::new(plan.map_err(named)?)))
        };
        let tensor = |i: usize| -> Result<PlannedTensor> {
            let (name, (_, layout, dtype)) = (places.names[i].clone(), places.places[i]);
            Ok(PlannedTensor { name, layout, dtype, rule: taken[i], task: task(i)? })
        };
        let tensors = (0..taken.len()).map(tensor).collect::<Result<_>>()?;
        Ok(StepPlan { profile: profile.clone(), rules: rules.clone(), report, tensors, groups })
    }

    /// Refuses tensors that are not laid out as those that were planned.
    pub(crate) fn check(&self, places: &Places) -> Result<()> {
        let found = places.names.iter().zip(&places.places);
        let found = found.map(|(name, &(_, layout, dtype))| (name, layout, dtype));
        if !found.eq(self.tensors.iter().map(|tensor| (&tensor.name, tensor.layout, tensor.dtype)))
        {
            let reason = "the tensors are not those that were planned".to_string();
            return Err(Error::PlanMismatch { reason });
        }
        let worked_on = |i: &usize| self.tensors[*i].task != TensorTask::Left;
        check_shared(places, (0..self.tensors.len()).filter(worked_on).collect())
    }

    /// The device that the plan is for.
    pub fn profile(&self) -> &DeviceProfile {
        &self.profile
    }

    /// The rules.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Whether reports are gathered.
    pub fn reports(&self) -> bool {
        self.report
    }

    /// The tensors, in the order of the model.
    pub fn tensors(&self) -> &[PlannedTensor] {
        &self.tensors
    }

    /// The groups, in the order of their rules.
    pub fn groups(&self) -> &[PlannedGroup] {
        &self.groups
    }
}

/// Refuses tensors that share an element and are both worked on.
fn check_shared(places: &Places, worked_on: Vec<usize>) -> Result<()> {
    let worked_on_places: Vec<Place> = worked_on.iter().map(|&i| places.places[i]).collect();
    match check_overlap(&worked_on_places) {
        None => Ok(()),
        Some((first, second)) => {
            let name = |at: usize| places.names[worked_on[at]].clone();
            Err(Error::SharedElements { first: name(first), second: name(second) })
        }
    }
}
