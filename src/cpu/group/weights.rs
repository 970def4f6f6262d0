//! The weights that decay with a member.

use std::borrow::Cow;

use super::path::Run;
use crate::cpu::kernel::Addend;

/// Weights from the first of their view on, and their rate; none where nothing decays.
#[derive(Debug)]
pub(super) struct Weights<'a> {
    pub values: Option<Cow<'a, [f32]>>,
    pub rate: f32,
}

impl Weights<'_> {
    /// Those beside a run.
    pub fn of(&self, run: &Run) -> Option<Addend<'_>> {
        let weights = &self.values.as_deref()?[run.weight..];
        Some(Addend { weights, stride: run.weight_stride, rate: self.rate })
    }
}
