//! Names, layouts and memories of the tensors of a model: numbers, no handle.

use std::collections::HashSet;

use crate::buffer::DeviceBuffer;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::layout::Layout;
use crate::model::{Clip, Model, Place};
use crate::plan::group::{GroupRequest, Member, Memories};

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
    /// Tensors of f32 that are each in a memory of their own.
    pub fn apart<N: Into<String>>(tensors: impl IntoIterator<Item = (N, Layout)>) -> Result<Self> {
        let (names, layouts): (Vec<String>, Vec<Layout>) =
            tensors.into_iter().map(|(name, layout)| (name.into(), layout)).unzip();
        let mut seen = HashSet::new();
        if let Some(name) = names.iter().find(|name| !seen.insert(*name)) {
            return Err(Error::SameName { name: name.clone() });
        }
        let bytes = |layout: &Layout| DType::F32.size() as u64 * layout.end() as u64;
        let bytes = layouts.iter().map(bytes).collect();
        let place = |(memory, layout)| (memory, layout, DType::F32);
        Ok(Places { names, places: layouts.into_iter().enumerate().map(place).collect(), bytes })
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
        Ok(GroupRequest { clip, members, memories })
    }
}
