//! The weights that decay with a member.

use std::borrow::Cow;

use super::path::Run;
use crate::cpu::kernel::Addend;
use crate::cpu::number::Number;
use crate::dtype::DType;
use crate::plan::group::Companion;

/// The words that weights lie in, and their rate.
#[derive(Debug)]
pub(super) struct Weights<'a> {
    words: Cow<'a, [u64]>,
    /// Elements before the first weight.
    skipped: usize,
    rate: f64,
}

impl<'a> Weights<'a> {
    pub fn new(words: Cow<'a, [u64]>, dtype: DType, companion: &Companion) -> Self {
        let skipped = companion.layout.offset() % (8 / dtype.size());
        Weights { words, skipped, rate: companion.rate }
    }

    /// Those beside a run.
    pub fn of<T: Number>(&self, run: &Run) -> Addend<'_, T> {
        let weights: &[T] = bytemuck::cast_slice(&self.words);
        Addend {
            weights: &weights[self.skipped + run.weight..],
            stride: run.weight_stride,
            rate: T::real_of(self.rate),
        }
    }
}
