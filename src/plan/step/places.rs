//! Names, layouts and memories of the tensors of a model: numbers, no handle.

use std::collections::HashSet;

use crate::buffer::DeviceBuffer;
use crate::error::{Error, Result};
use crate::model::{Clip, Model, Place};
use crate::plan::group::{GroupRequest, Member, Memories};
use crate::plan::step::Form;

/// Where the tensors of a model are.
#[derive(Debug)]
pub(crate) struct Places {
    pub names: Vec<String>,
    /// Where each is.
    pub places: Vec<Place>,
    /// The bytes of each memory.
    bytes: Vec<u64>,
}

impl Places {
    /// Tensors that are each in a memory of their own.
    pub fn apart<N: Into<String>>(
        tensors: impl IntoIterator<Item = (N, impl Into<Form>)>,
    ) -> Result<Self> {
        let (names, forms): (Vec<String>, Vec<Form>) =
            tensors.into_iter().map(|(name, form)| (name.into(), form.into())).unzip();
        let mut seen = HashSet::new();
        if let Some(name) = names.iter().find(|name| !seen.insert(*name)) {
            return Err(Error::SameName { name: name.clone() });
        }
        let bytes = |form: &Form| form.dtype.size() as u64 * form.layout.end() as u64;
        let bytes = forms.iter().map(|form| bytes(form).next_multiple_of(4)).collect();
        let place = |(memory, form): (usize, Form)| (memory, form.layout, form.dtype);
        Ok(Places { names, places: forms.into_iter().enumerate().map(place).collect(), bytes })
    }

    /// The tensors of a model.
    pub fn of(model: &Model) -> Self {
        let mut memories = Memories::default();
        let place =
            |tensor: &DeviceBuffer| (memories.index(tensor), *tensor.layout(), tensor.dtype());
        let places = model.tensors().iter().map(place).collect();
        Places { names: model.names().to_vec(), places, bytes: memories.bytes }
    }

    /// The request to clip some of the tensors, whose memories are counted as they are met.
    pub fn group(&self, clip: Clip, tensors: &[usize]) -> Result<GroupRequest> {
        clip.check()?;
        let mut known: Vec<usize> = Vec::new();
        let members = tensors.iter().map(|&i| {
            let (memory, layout, dtype) = self.places[i];
            let met = known.iter().position(|&other| other == memory);
            let memory = met.unwrap_or_else(|| {
                known.push(memory);
                known.len() - 1
            });
            Member { layout, memory, dtype, companion: None }
        });
        let members = members.collect();
        let memories = known.iter().map(|&memory| self.bytes[memory]).collect();
        Ok(GroupRequest { clip, members, memories, others: Vec::new(), sums: None })
    }
}
