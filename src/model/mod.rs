//! Many tensors at once: a model's weights or gradients under one norm, or under rules.

mod clip;
mod decay;
mod examples;
mod filter;
mod group;
mod overlap;
mod report;
mod rules;
mod step;

use std::collections::HashSet;
use std::sync::Arc;

use crate::buffer::DeviceBuffer;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::layout::Layout;

pub(crate) use clip::Kind;
pub use clip::{Clip, GivenNorm};
pub use decay::Decay;
pub use examples::Examples;
pub use filter::Filter;
pub use group::Group;
pub(crate) use overlap::{Place, check as check_overlap, check_where as check_overlap_where};
pub use report::{GroupReport, PendingGroupReport, Verdict};
pub use rules::{Operation, Rules};
pub use step::{ModelStep, PendingStepReport, StepReport};

/// Named tensors of one context, in an order: weights, or their gradients. They may be parts of
/// one buffer (an arena), buffers of their own, or both. A clone shares everything.
///
/// ```
/// use normproj::{Context, Layout, Model};
/// let context = Context::cpu();
/// // An arena that the library lays out.
/// let gradients = Model::arena(&context, [("kernel", &[784, 256][..]), ("bias", &[256])])?;
/// assert_eq!(gradients.get("bias").map(|bias| bias.layout().offset()), Some(784 * 256));
/// // One of your own: a buffer, and where each tensor is in it.
/// let arena = context.zeros([784 * 256 + 256])?;
/// let kernel = arena.view(Layout::contiguous([784, 256])?)?;
/// let bias = arena.view(Layout::contiguous([256])?.at(784 * 256)?)?;
/// let model = Model::new(&context, [("kernel", &kernel), ("bias", &bias)])?;
/// assert_eq!(model.len(), 2);
/// # Ok::<(), normproj::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Model {
    context: Context,
    names: Arc<[String]>,
    tensors: Arc<[DeviceBuffer]>,
}

impl Model {
    /// Named tensors, in this order.
    ///
    /// # Errors
    /// [`Error::SameName`]; [`Error::OtherContext`] for a tensor of another context.
    pub fn new<'a, N: Into<String>>(
        context: &Context,
        tensors: impl IntoIterator<Item = (N, &'a DeviceBuffer)>,
    ) -> Result<Self> {
        let (names, tensors): (Vec<String>, Vec<DeviceBuffer>) =
            tensors.into_iter().map(|(name, tensor)| (name.into(), tensor.clone())).unzip();
        let mut seen = HashSet::new();
        if let Some(name) = names.iter().find(|name| !seen.insert(*name)) {
            return Err(Error::SameName { name: name.clone() });
        }
        if let Some(other) = tensors.iter().find(|tensor| !tensor.context().is(context)) {
            return Err(Error::OtherContext {
                expected: context.describe().to_string(),
                found: other.context().describe().to_string(),
            });
        }
        Ok(Model { context: context.clone(), names: names.into(), tensors: tensors.into() })
    }

    /// Tensors of zeros side by side in one buffer, an arena: what binds and clips at the least
    /// cost. Each begins at a multiple of four elements.
    ///
    /// # Errors
    /// [`Error::SameName`], [`Error::Rank`], [`Error::TooManyElements`], [`Error::OutOfMemory`].
    pub fn arena<N: Into<String>, S: AsRef<[usize]>>(
        context: &Context,
        tensors: impl IntoIterator<Item = (N, S)>,
    ) -> Result<Self> {
        let (mut places, mut end) = (Vec::new(), 0usize);
        for (name, shape) in tensors {
            let layout = Layout::contiguous(shape)?.at(end)?;
            end = layout.end().next_multiple_of(4);
            places.push((name.into(), layout));
        }
        let arena = context.zeros([end])?;
        let view = |(name, layout)| Ok((name, arena.view(layout)?));
        let views: Vec<(String, DeviceBuffer)> =
            places.into_iter().map(view).collect::<Result<_>>()?;
        Model::new(context, views.iter().map(|(name, view)| (name.clone(), view)))
    }

    /// Tensors that are named by their place: `0`, `1`, and so on.
    ///
    /// # Errors
    /// As [`Model::new`].
    pub fn unnamed<'a>(
        context: &Context,
        tensors: impl IntoIterator<Item = &'a DeviceBuffer>,
    ) -> Result<Self> {
        let named = tensors.into_iter().enumerate().map(|(i, tensor)| (i.to_string(), tensor));
        Model::new(context, named)
    }

    /// The tensors that a filter takes, in their order.
    ///
    /// # Errors
    /// [`Error::NoMatch`] for a pattern that matches no tensor.
    pub fn filtered(&self, filter: &Filter) -> Result<Self> {
        let taken = filter.take(&self.names)?;
        let pick = |i: &usize| (self.names[*i].clone(), &self.tensors[*i]);
        Model::new(&self.context, taken.iter().map(pick))
    }

    /// Where the tensors are.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// How many tensors there are.
    pub fn len(&self) -> usize {
        self.tensors.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.tensors.is_empty()
    }

    /// The names.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The tensors.
    pub fn tensors(&self) -> &[DeviceBuffer] {
        &self.tensors
    }

    /// The tensor of a name.
    pub fn get(&self, name: &str) -> Option<&DeviceBuffer> {
        let place = self.names.iter().position(|other| other == name)?;
        self.tensors.get(place)
    }

    pub(crate) fn shared_names(&self) -> Arc<[String]> {
        Arc::clone(&self.names)
    }
}
