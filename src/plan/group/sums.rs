//! A request for the examples of a batch: each clipped by its own norm over all tensors, and added up.

use crate::buffer::DeviceBuffer;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::layout::Layout;
use crate::model::{Clip, Kind, Model, Place, check_overlap};
use crate::plan::group::request::{Companion, GroupRequest, Member, Memories};

/// The sums of the examples of a batch.
#[derive(Debug, Clone, PartialEq)]
pub struct Sums {
    /// How many examples there are.
    pub examples: usize,
    /// The sum of each tensor.
    pub tensors: Vec<Sum>,
}

/// One sum.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sum {
    /// Where it goes; its companion is what the first example has.
    pub member: Member,
    /// From one example to the next, in elements.
    pub stride: usize,
}

impl GroupRequest {
    /// The request for gradients `[batch, …]`, whose examples are clipped, and sums `[…]` of the same
    /// names. The members are the tensors of the first example, then those of the second, and so on.
    ///
    /// # Errors
    /// What is wrong with the clip; [`Error::PlanMismatch`] if it is none by a global norm;
    /// [`Error::NoMatch`] for a gradient without a sum; [`Error::Rank`] of a gradient without a batch;
    /// [`Error::Shape`], [`Error::Dtype`] of a sum that differs from its gradient, and of a gradient that
    /// has another number of examples than the first; [`Error::SharedElements`].
    pub fn of_examples(clip: Clip, gradients: &Model, sums: &Model) -> Result<Self> {
        clip.check()?;
        let (Kind::Global { norm, radius }, None) = (clip.kind, clip.given()) else {
            let reason = "examples are clipped by a global norm, each by its own".to_string();
            return Err(Error::PlanMismatch { reason });
        };
        let clip = Clip { kind: Kind::Each { norm, radius }, ..clip };
        if !gradients.context().is(sums.context()) {
            return Err(Error::OtherContext {
                expected: gradients.context().describe().to_string(),
                found: sums.context().describe().to_string(),
            });
        }
        let batch = gradients.tensors().first().and_then(|first| first.shape().first());
        let examples = batch.copied().unwrap_or(0);
        let mut memories = Memories::default();
        let mut rows = Vec::new();
        let mut tensors = Vec::new();
        for (name, gradient) in gradients.names().iter().zip(gradients.tensors()) {
            let named = |error: Error| Error::Named { name: name.clone(), error: Box::new(error) };
            let sum = sums.get(name).ok_or_else(|| Error::NoMatch { pattern: name.clone() })?;
            let row = row(gradient, examples).map_err(named)?;
            check_sum(&row, gradient.dtype(), sum).map_err(named)?;
            let memory = memories.index(gradient);
            let stride = gradient.layout().strides().first().copied().unwrap_or(0);
            rows.push((row, memory, gradient.dtype(), stride));
        }
        for ((row, memory, dtype, stride), name) in rows.iter().zip(gradients.names()) {
            let Some(sum) = sums.get(name) else { continue };
            let (layout, of_sum) = (*sum.layout(), memories.index(sum));
            let first = Companion { layout: *row, memory: *memory, rate: 1.0 };
            let companion = (examples > 0).then_some(first);
            let member = Member { layout, memory: of_sum, dtype: *dtype, companion };
            tensors.push(Sum { member, stride: *stride });
        }
        check_places(gradients, &tensors)?;
        let mut members = Vec::with_capacity(examples * rows.len());
        for example in 0..examples {
            for (row, memory, dtype, stride) in &rows {
                let layout = row.at(row.offset() + example * stride)?;
                members.push(Member { layout, memory: *memory, dtype: *dtype, companion: None });
            }
        }
        let sums = Some(Sums { examples, tensors });
        Ok(GroupRequest { clip, members, memories: memories.bytes, others: Vec::new(), sums })
    }

    /// How many norms there are beside that of all: of each tensor, or of each example.
    pub fn norms(&self) -> usize {
        self.sums.as_ref().map_or(self.members.len(), |sums| sums.examples)
    }

    /// The members under the same norm, side by side: one, or all tensors of an example.
    pub(crate) fn bundle(&self) -> usize {
        self.sums.as_ref().map_or(1, |sums| sums.tensors.len().max(1))
    }
}

/// What one example has of a gradient.
fn row(gradient: &DeviceBuffer, examples: usize) -> Result<Layout> {
    let layout = gradient.layout();
    let (Some((&batch, shape)), Some((_, strides))) =
        (layout.shape().split_first(), layout.strides().split_first())
    else {
        let reason = "a scalar has no axis of examples".to_string();
        return Err(Error::PlanMismatch { reason });
    };
    if batch != examples {
        let mut expected = layout.shape().to_vec();
        expected[0] = examples;
        let (what, found) = ("the gradient", layout.shape().to_vec());
        return Err(Error::Shape { what, expected, found });
    }
    Layout::strided(shape, strides, layout.offset())
}

fn check_sum(row: &Layout, dtype: DType, sum: &DeviceBuffer) -> Result<()> {
    let what = "the sum";
    if row.shape() != sum.shape() {
        let (expected, found) = (row.shape().to_vec(), sum.shape().to_vec());
        return Err(Error::Shape { what, expected, found });
    }
    match sum.dtype() == dtype {
        true => Ok(()),
        false => Err(Error::Dtype { what, expected: dtype, found: sum.dtype() }),
    }
}

/// Refuses sums that share elements with gradients or with each other.
fn check_places(gradients: &Model, sums: &[Sum]) -> Result<()> {
    let of_gradient = |(gradient, sum): (&DeviceBuffer, &Sum)| -> Option<Place> {
        let companion = sum.member.companion?;
        Some((companion.memory, *gradient.layout(), gradient.dtype()))
    };
    let mut places: Vec<Place> =
        gradients.tensors().iter().zip(sums).filter_map(of_gradient).collect();
    let count = places.len();
    places.extend(sums.iter().map(|sum| {
        let Member { memory, layout, dtype, .. } = sum.member;
        (memory, layout, dtype)
    }));
    let Some((first, second)) = check_overlap(&places) else { return Ok(()) };
    let name = |place: usize| match place.checked_sub(count) {
        None => gradients.names()[place].clone(),
        Some(sum) => format!("the sum of {}", gradients.names()[sum]),
    };
    Err(Error::SharedElements { first: name(first), second: name(second) })
}
