//! A request for many tensors: what is to be done, and where they are.

use crate::dtype::{DType, Precision};
use crate::error::{Error, Result};
use crate::layout::Layout;
use crate::model::{Clip, Decay, Kind, Model, Place, check_overlap, check_overlap_where};
use crate::plan::group::sums::Sums;

/// A tensor of a group: numbers, no handle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Member {
    /// Where its elements are.
    pub layout: Layout,
    /// In which of the request's memories.
    pub memory: usize,
    /// What its elements are.
    pub dtype: DType,
    /// The weights that decay with it, of the same dtype.
    pub companion: Option<Companion>,
}

impl Member {
    fn place(&self) -> Place {
        (self.memory, self.layout, self.dtype)
    }
}

/// Weights `w` of a gradient `g` that is taken as `g + λ·w`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Companion {
    /// Where their elements are; of the member's shape.
    pub layout: Layout,
    /// In which of the request's memories.
    pub memory: usize,
    /// λ, rounded to f32 unless their dtype is f64.
    pub rate: f64,
}

/// What is to be done with which tensors.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupRequest {
    /// What is to be done.
    pub clip: Clip,
    /// The tensors.
    pub members: Vec<Member>,
    /// The bytes of each memory that they are in.
    pub memories: Vec<u64>,
    /// What else is under the same norm and is clipped apart, tensor by tensor: dtypes and elements.
    pub others: Vec<(DType, usize)>,
    /// Where members are the tensors of examples: what these add up to.
    pub sums: Option<Sums>,
}

impl GroupRequest {
    /// The request for a model.
    ///
    /// # Errors
    /// What is wrong with the clip ([`Error::Radius`], [`Error::Bounds`], [`Error::GivenNorm`]) or
    /// the decay; [`Error::SharedElements`], of a weight and another gradient too where gradients are
    /// written; [`Error::Shape`] of a weight that differs from its gradient.
    pub fn new(clip: Clip, model: &Model, decay: Option<&Decay>) -> Result<Self> {
        clip.check()?;
        let mut memories = Memories::default();
        let mut members: Vec<Member> = model
            .tensors()
            .iter()
            .map(|tensor| {
                let memory = memories.index(tensor);
                let (layout, dtype) = (*tensor.layout(), tensor.dtype());
                Member { layout, memory, dtype, companion: None }
            })
            .collect();
        let places: Vec<Place> = members.iter().map(Member::place).collect();
        if let Some((first, second)) = check_overlap(&places) {
            let name = |i: usize| model.names()[i].clone();
            return Err(Error::SharedElements { first: name(first), second: name(second) });
        }
        if let Some(decay) = decay {
            decay.check()?;
            if !model.context().is(decay.weights.context()) {
                return Err(Error::OtherContext {
                    expected: model.context().describe().to_string(),
                    found: decay.weights.context().describe().to_string(),
                });
            }
            for (member, name) in members.iter_mut().zip(model.names()) {
                let Some(weights) = decay.weights.get(name) else { continue };
                let what = "the weight that decays";
                let (expected, found) = (member.layout.shape(), weights.shape());
                let error = if expected != found {
                    let (expected, found) = (expected.to_vec(), found.to_vec());
                    Some(Error::Shape { what, expected, found })
                } else if weights.dtype() != member.dtype {
                    let (expected, found) = (member.dtype, weights.dtype());
                    Some(Error::Dtype { what, expected, found })
                } else {
                    None
                };
                if let Some(error) = error {
                    return Err(Error::Named { name: name.clone(), error: Box::new(error) });
                }
                let memory = memories.index(weights);
                let layout = *weights.layout();
                let rate = match member.dtype {
                    DType::F64 => decay.rate,
                    DType::F32 | DType::F16 | DType::BF16 => (decay.rate as f32).into(),
                };
                member.companion = Some(Companion { layout, memory, rate });
            }
        }
        let (memories, others) = (memories.bytes, Vec::new());
        let request = GroupRequest { clip, members, memories, others, sums: None };
        if let Some((gradient, weight)) = request.weight_in_a_gradient() {
            let (first, other) = (model.names()[gradient].clone(), &model.names()[weight]);
            let second = format!("the weights of {other}");
            return Err(Error::SharedElements { first, second });
        }
        Ok(request)
    }

    /// The same tensors where others, which are not here, are under the same global norm: a norm that is
    /// given ([`Clip::use_norm`]) is compared and aimed at with the room that all of them need, so that
    /// what is clipped tensor by tensor ends where it would if it were clipped at once.
    #[must_use]
    pub fn beside(self, others: Vec<(DType, usize)>) -> Self {
        GroupRequest { others, ..self }
    }

    /// All that is read or written: members, and the sums of examples.
    pub(crate) fn places(&self) -> impl Iterator<Item = &Member> {
        let sums = self.sums.iter().flat_map(|sums| &sums.tensors);
        self.members.iter().chain(sums.map(|sum| &sum.member))
    }

    /// The dtypes and elements of all that is under one global norm.
    pub(crate) fn under_one(&self) -> impl Iterator<Item = (DType, usize)> + '_ {
        let members = self.members.iter().map(|member| (member.dtype, member.layout.len()));
        members.chain(self.others.iter().copied())
    }

    /// A gradient that is written and weights, by the place of their own gradient, that share an
    /// element with it: what would be read of them depends on which thread is first. A tensor may
    /// be its own weights.
    fn weight_in_a_gradient(&self) -> Option<(usize, usize)> {
        if !self.clip.writes() {
            return None;
        }
        let gradients = self.members.len();
        let mut places: Vec<Place> = self.members.iter().map(Member::place).collect();
        let mut owners = Vec::new();
        for (owner, member) in self.members.iter().enumerate() {
            let Some(weights) = member.companion.filter(|weights| weights.rate != 0.0) else {
                continue;
            };
            if (weights.memory, weights.layout) != (member.memory, member.layout) {
                places.push((weights.memory, weights.layout, member.dtype));
                owners.push(owner);
            }
        }
        let one_of_each = |first, second| first < gradients && second >= gradients;
        let (gradient, weights) = check_overlap_where(&places, one_of_each)?;
        Some((gradient, owners[weights - gradients]))
    }

    /// Refuses what no model is asked for: the fields are everyone's.
    pub(crate) fn check(&self) -> Result<()> {
        self.clip.check()?;
        for member in self.places() {
            self.check_bounds(member.dtype)?;
            let weights = member.companion.map(|weights| (weights.memory, weights.layout));
            for (memory, layout) in [Some((member.memory, member.layout)), weights].iter().flatten()
            {
                let Some(&available) = self.memories.get(*memory) else {
                    let count = self.memories.len();
                    let reason = format!("there is no memory {memory} among {count}");
                    return Err(Error::PlanMismatch { reason });
                };
                // Memory is reached in words of 32 bits.
                let needed = member.dtype.size() as u64 * layout.end() as u64;
                let needed = needed.next_multiple_of(4);
                if !layout.is_empty() && needed > available {
                    return Err(Error::OutOfBounds { needed, available });
                }
            }
            if let Some((_, layout)) = weights.filter(|(_, w)| w.shape() != member.layout.shape()) {
                return Err(Error::Shape {
                    what: "the weight that decays",
                    expected: member.layout.shape().to_vec(),
                    found: layout.shape().to_vec(),
                });
            }
        }
        Ok(())
    }

    /// Refuses bounds of elements beyond the range of a dtype: a lower one could not be met.
    fn check_bounds(&self, dtype: DType) -> Result<()> {
        match self.clip.kind {
            Kind::Value { low, high } if low > dtype.largest() || high < -dtype.largest() => {
                Err(Error::Bounds { low, high })
            }
            _ => Ok(()),
        }
    }

    /// What is worked with on a GPU, and what results are: f64 where any tensor is, else f32.
    pub(crate) fn precision(&self) -> Precision {
        match self.places().any(|member| member.dtype.precision() == Precision::Double) {
            true => Precision::Double,
            false => Precision::Single,
        }
    }

    /// The bytes of all tensors.
    pub fn bytes(&self) -> u64 {
        self.members.iter().map(|member| (member.dtype.size() * member.layout.len()) as u64).sum()
    }

    /// The elements of all tensors.
    pub fn elements(&self) -> u64 {
        self.members.iter().map(|member| member.layout.len() as u64).sum()
    }
}

/// The distinct memories of tensors, in the order in which they are met.
#[derive(Debug, Default)]
pub(crate) struct Memories {
    known: std::collections::HashMap<crate::buffer::MemoryKey, usize>,
    pub bytes: Vec<u64>,
    pub tensors: Vec<crate::buffer::DeviceBuffer>,
}

impl Memories {
    /// The memories of a model and of the weights that decay with it.
    pub fn of(model: &Model, decay: Option<&Decay>) -> Self {
        let mut memories = Memories::default();
        for tensor in model.tensors() {
            memories.index(tensor);
        }
        if let Some(decay) = decay {
            let weights = model.names().iter().filter_map(|name| decay.weights.get(name));
            weights.for_each(|tensor| {
                memories.index(tensor);
            });
        }
        memories
    }

    /// The memories of gradients, and of the sums of their examples.
    pub fn of_examples(gradients: &Model, sums: &Model) -> Self {
        let mut memories = Memories::default();
        let found = gradients.names().iter().filter_map(|name| sums.get(name));
        for tensor in gradients.tensors().iter().chain(found) {
            memories.index(tensor);
        }
        memories
    }

    /// The number of a tensor's memory.
    pub fn index(&mut self, tensor: &crate::buffer::DeviceBuffer) -> usize {
        *self.known.entry(tensor.memory_key()).or_insert_with(|| {
            self.bytes.push(tensor.bindable_bytes());
            self.tensors.push(tensor.clone());
            self.bytes.len() - 1
        })
    }
}
