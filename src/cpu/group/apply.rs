//! The second pass: what is written to each member.

use std::ops::Range;

use super::decide::Effect;
use super::locked::Memory;
use super::path::Run;
use super::pieces::{Piece, Pieces};
use super::weights::Weights;
use crate::cpu::kernel::{self, Addend, Clamp, Fill, OverInfinity, Same};
use crate::cpu::outcome::{Times, Wide, fits_f32};

/// The second pass over some pieces.
pub(super) struct Apply<'a> {
    pub pieces: &'a Pieces,
    pub weights: &'a [Weights<'a>],
    /// What becomes of each member.
    pub effects: &'a [Effect],
}

impl Apply<'_> {
    /// Does to each member what its effect says.
    pub fn run(&self, memories: &mut [Memory<'_>]) {
        let decays = self.weights.iter().map(|weights| weights.values.is_some());
        if !self.effects.iter().zip(decays).any(|(effect, decays)| effect.writes(decays)) {
            return;
        }
        let mut windows = self.windows(memories);
        self.jobs(0..self.pieces.jobs.len(), &mut windows);
    }

    /// The memory of each piece.
    fn windows<'m>(&self, memories: &'m mut [Memory<'_>]) -> Vec<&'m mut [f32]> {
        let mut windows = Vec::with_capacity(self.pieces.pieces.len());
        let mut pieces = self.pieces.pieces.iter().peekable();
        for (index, memory) in memories.iter_mut().enumerate() {
            let Memory::Write(elements) = memory else { continue };
            let (mut rest, mut at): (&mut [f32], usize) = (elements, 0);
            while let Some(piece) = pieces.next_if(|piece| piece.memory == index) {
                let (_, from) = rest.split_at_mut(piece.window.start - at);
                let (window, after) = from.split_at_mut(piece.window.len());
                windows.push(window);
                (rest, at) = (after, piece.window.end);
            }
        }
        windows
    }

    fn jobs(&self, jobs: Range<usize>, windows: &mut [&mut [f32]]) {
        let pieces = |job: usize| self.pieces.jobs[job].clone();
        if jobs.len() > 1 {
            let middle = jobs.start + jobs.len() / 2;
            let (a, b) = windows.split_at_mut(pieces(middle).start - pieces(jobs.start).start);
            // Backward: what was read last is the most likely to be in cache still.
            rayon::join(|| self.jobs(middle..jobs.end, b), || self.jobs(jobs.start..middle, a));
            return;
        }
        let pieces = jobs.flat_map(pieces).map(|piece| &self.pieces.pieces[piece]);
        for (piece, window) in pieces.zip(windows) {
            for &member in &self.pieces.parts[piece.parts.clone()] {
                self.part(piece, member, window);
            }
        }
    }

    fn part(&self, piece: &Piece, member: usize, data: &mut [f32]) {
        let (effect, weights) = (self.effects[member], &self.weights[member]);
        let Some(path) = &self.pieces.paths[member] else { return };
        if effect.writes(weights.values.is_some()) {
            path.walk(&piece.window, &mut |run| write(effect, data, &run, weights.of(&run)));
        }
    }
}

fn write(effect: Effect, data: &mut [f32], run: &Run, addend: Option<Addend<'_>>) {
    let data = &mut data[run.at..];
    let (stride, size) = (run.stride, run.size);
    match effect {
        Effect::Leave => {}
        Effect::Inside => kernel::rewrite_with(data, stride, size, addend, Same),
        Effect::Scale(factor) if fits_f32(factor) => {
            kernel::rewrite_with(data, stride, size, addend, Times(factor as f32));
        }
        Effect::Scale(factor) => kernel::rewrite_with(data, stride, size, addend, Wide(factor)),
        Effect::Fill(value) => kernel::rewrite_with(data, stride, size, None, Fill(value)),
        Effect::OverInfinity => kernel::rewrite_with(data, stride, size, addend, OverInfinity),
        Effect::Clamp(low, high) if stride == 1 && addend.is_none() => {
            kernel::clamp(&mut data[..size], Clamp(low, high));
        }
        Effect::Clamp(low, high) => {
            kernel::rewrite_with(data, stride, size, addend, Clamp(low, high));
        }
    }
}
