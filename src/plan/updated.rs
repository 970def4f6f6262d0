//! What a request says of weights that are updated before they are projected.

use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::layout::Layout;
use crate::plan::request::{Output, Request, Task};
use crate::projection::Rounding;
use crate::update::Update;

impl Request {
    /// The same projection of weights that are updated first, in one go: see [`Optimizer`](crate::Optimizer).
    /// `gradient` has the shape and the strides of the weights.
    #[must_use]
    pub fn after(self, update: Update, gradient: Layout) -> Self {
        Request { update: Some((update, gradient)), ..self }
    }

    /// The same step with a copy of the weights in f16 or bf16 that is written along: see
    /// [`Optimizer::copy_to`](crate::Optimizer::copy_to). `copy` has the shape and the strides of the weights, which
    /// are f32.
    #[must_use]
    pub fn copied_to(self, copy: Layout, dtype: DType) -> Self {
        Request { copy: Some((copy, dtype)), ..self }
    }

    /// How many numbers an update remembers of each element.
    pub(crate) fn remembers(&self) -> u64 {
        self.update.map_or(0, |(update, _)| update.memory() as u64)
    }

    /// Where what an update remembers is: laid out as the weights, from the start of its memory.
    pub(crate) fn remembered(&self) -> Result<Layout> {
        Layout::strided(self.source.shape(), self.source.strides(), 0)
    }

    pub(super) fn check_update(&self) -> Result<()> {
        let Some((update, gradient)) = &self.update else { return Ok(()) };
        update.check()?;
        self.check_beside("the gradient", gradient)?;
        let mismatch = |reason: String| Err(Error::PlanMismatch { reason });
        let alone = self.direction.is_none() && self.limits.is_none() && self.rows.is_none();
        match (&self.task, &self.output) {
            (Task::Project(projection), _)
                if projection.rounds() == Rounding::TowardZero && self.dtype.size() == 2 =>
            {
                mismatch(format!("updates of {} are rounded to nearest", self.dtype))
            }
            (Task::Project(_), Output::InPlace) if alone => Ok(()),
            (task, output) => mismatch(format!(
                "weights are updated in place, without direction, limits or indices, not {task:?} {output:?}"
            )),
        }
    }

    pub(super) fn check_copy(&self) -> Result<()> {
        let Some((copy, dtype)) = &self.copy else { return Ok(()) };
        if self.update.is_none() {
            let reason = "a copy is written along with weights that are updated".to_string();
            return Err(Error::PlanMismatch { reason });
        }
        if self.dtype != DType::F32 {
            let (what, expected) = ("the weights of a copy in 16 bits", DType::F32);
            return Err(Error::Dtype { what, expected, found: self.dtype });
        }
        if dtype.size() != 2 {
            let what = "a copy of weights in 16 bits";
            return Err(Error::Dtype { what, expected: DType::F16, found: *dtype });
        }
        self.check_beside("the copy", copy)
    }

    /// Refuses a tensor beside the weights that is laid out in another way.
    fn check_beside(&self, what: &'static str, beside: &Layout) -> Result<()> {
        let (expected, found) = (self.source.shape(), beside.shape());
        if expected != found {
            let (expected, found) = (expected.to_vec(), found.to_vec());
            return Err(Error::Shape { what, expected, found });
        }
        let strides = self.source.strides().iter().zip(beside.strides());
        let mut long = strides.zip(expected).filter(|(_, size)| **size > 1);
        if long.any(|((own, other), _)| own != other) {
            let (own, other) = (self.source.strides(), beside.strides());
            let reason = format!("weights have the strides {own:?}, {what} {other:?}");
            return Err(Error::PlanMismatch { reason });
        }
        Ok(())
    }
}
