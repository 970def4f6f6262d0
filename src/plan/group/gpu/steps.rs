//! The dispatches of a group, and the tables that they read.

use crate::dtype::{DType, Precision};
use crate::plan::gpu::steps::ACCUMULATOR_BYTES;
use crate::plan::group::gpu::sets::Bind;
use crate::shader::group::params::{Chunk, GroupParams, SingleChunk};
use crate::shader::group::variant::GroupVariant;

/// One dispatch.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupStep {
    /// The program.
    pub variant: GroupVariant,
    /// The parameters, but for the radius.
    pub params: GroupParams,
    /// Workgroups in x and y.
    pub workgroups: [u32; 2],
    /// Which windows are bound; none where no tensor is touched.
    pub set: Option<usize>,
    /// What the elements are; where no tensor is touched, those whose norms are decided by it.
    pub dtype: DType,
}

/// The dispatches of a group, and the tables that they share.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GroupSteps {
    /// In the order in which they are recorded.
    pub steps: Vec<GroupStep>,
    /// Windows of memory that are bound together.
    pub sets: Vec<Vec<Bind>>,
    /// What workgroups take, set after set.
    pub chunks: Vec<Chunk>,
    /// The boxes of tensors that are not contiguous.
    pub boxes: Vec<u32>,
    /// First and count of the partial sums of each norm, and which rim decides about it: of all
    /// tensors, then of each.
    pub segments: Vec<[u32; 3]>,
    /// How many partial sums there are.
    pub partials: u64,
    /// What all kernels compute with.
    pub precision: Precision,
}

impl GroupSteps {
    /// The chunks of a dispatch.
    pub fn chunks_of(&self, step: &GroupStep) -> &[Chunk] {
        let first = step.params.first_chunk as usize;
        &self.chunks[first..first + step.params.chunks as usize]
    }

    /// Bytes of an accumulator: a sum, its exponent, and the largest magnitude.
    pub fn accumulator_bytes(&self) -> u64 {
        ACCUMULATOR_BYTES * u64::from(self.precision.words())
    }

    /// The table of chunks as kernels read it.
    pub(crate) fn chunk_table(&self) -> Vec<u8> {
        match self.precision {
            Precision::Single => {
                let twins: Vec<SingleChunk> = self.chunks.iter().map(SingleChunk::from).collect();
                bytemuck::cast_slice(&twins).to_vec()
            }
            Precision::Double => bytemuck::cast_slice(&self.chunks).to_vec(),
        }
    }

    /// Its bytes.
    pub fn chunk_bytes(&self) -> u64 {
        let one = match self.precision {
            Precision::Single => size_of::<SingleChunk>(),
            Precision::Double => size_of::<Chunk>(),
        };
        (one * self.chunks.len()) as u64
    }

    /// Bytes of accumulators of chunks.
    pub fn partial_bytes(&self) -> u64 {
        self.accumulator_bytes() * self.partials
    }

    /// Bytes of accumulators of norms.
    pub fn verdict_bytes(&self) -> u64 {
        self.accumulator_bytes() * self.segments.len() as u64
    }

    /// Bytes of scratch and tables that are held while the plan is prepared.
    pub fn scratch_bytes(&self) -> u64 {
        let tables = size_of_val(&self.boxes[..]) + size_of_val(&self.segments[..]);
        self.partial_bytes() + self.verdict_bytes() + self.chunk_bytes() + tables as u64
    }

    /// Bindings of tensors' memory in all sets.
    pub fn binds(&self) -> usize {
        self.sets.iter().map(Vec::len).sum()
    }
}
