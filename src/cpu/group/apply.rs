//! The second pass: what is written to each member.

use std::ops::Range;

use super::decide::Effect;
use super::locked::Memory;
use super::path::Run;
use super::pieces::{Piece, Pieces};
use super::weights::Weights;
use crate::cpu::kernel::{self, Addend, Clamp, Fill, OverInfinity, Same, Twice};
use crate::cpu::number::{Number, Real, with_number};
use crate::cpu::outcome::{Map, Times, Wide, fits_f32};
use crate::plan::group::Member;

/// The second pass over some pieces.
pub(super) struct Apply<'a> {
    pub members: &'a [Member],
    pub pieces: &'a Pieces,
    pub weights: &'a [Option<Weights<'a>>],
    /// What becomes of each member.
    pub effects: &'a [Effect],
    /// Whether elements of 16 bits are cut off toward zero where they are rounded.
    pub cut: bool,
}

impl Apply<'_> {
    /// Does to each member what its effect says.
    pub fn run(&self, memories: &mut [Memory<'_>]) {
        let decays = self.weights.iter().map(|weights| weights.is_some());
        if !self.effects.iter().zip(decays).any(|(effect, decays)| effect.writes(decays)) {
            return;
        }
        let mut windows = self.windows(memories);
        self.jobs(0..self.pieces.jobs.len(), &mut windows);
    }

    /// The memory of each piece.
    fn windows<'m>(&self, memories: &'m mut [Memory<'_>]) -> Vec<&'m mut [u64]> {
        let mut windows = Vec::with_capacity(self.pieces.pieces.len());
        let mut pieces = self.pieces.pieces.iter().peekable();
        for (index, memory) in memories.iter_mut().enumerate() {
            let Memory::Write(words) = memory else { continue };
            let (mut rest, mut at): (&mut [u64], usize) = (words, 0);
            while let Some(piece) = pieces.next_if(|piece| piece.memory == index) {
                let (_, from) = rest.split_at_mut(piece.window.start - at);
                let (window, after) = from.split_at_mut(piece.window.len());
                windows.push(window);
                (rest, at) = (after, piece.window.end);
            }
        }
        windows
    }

    fn jobs(&self, jobs: Range<usize>, windows: &mut [&mut [u64]]) {
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
                with_number!(self.members[member].dtype, T => self.part::<T>(piece, member, window));
            }
        }
    }

    fn part<T: Number>(&self, piece: &Piece, member: usize, words: &mut [u64]) {
        let (effect, weights) = (self.effects[member], self.weights[member].as_ref());
        let Some(path) = &self.pieces.paths[member] else { return };
        if !effect.writes(weights.is_some()) {
            return;
        }
        let data: &mut [T] = bytemuck::cast_slice_mut(words);
        path.walk(&piece.elements(size_of::<T>()), &mut |run| {
            let addend = weights.map(|weights| weights.of::<T>(&run));
            Target { data: &mut data[run.at..], run, addend, cut: self.cut }.write(effect);
        });
    }
}

/// The elements of a run, to be written.
struct Target<'a, T: Number> {
    data: &'a mut [T],
    run: Run,
    addend: Option<Addend<'a, T>>,
    cut: bool,
}

impl<T: Number> Target<'_, T> {
    fn write(self, effect: Effect) {
        let real = T::real_of;
        match effect {
            Effect::Leave => {}
            Effect::Inside => self.rewrite(Same),
            Effect::Scale(factor) if T::Real::DOUBLE && factor.exponent != 0 => {
                let [first, second] = factor.halves().map(real);
                self.rewrite(Twice(first, second));
            }
            Effect::Scale(factor) => match factor.number() {
                factor if T::Real::DOUBLE || fits_f32(factor) => self.rewrite(Times(real(factor))),
                factor => self.rewrite(Wide(factor)),
            },
            Effect::Fill(value) => Target { addend: None, ..self }.rewrite(Fill(real(value))),
            Effect::OverInfinity => self.rewrite(OverInfinity),
            // What is inside keeps its bits: narrowing what was widened would quiet a NaN.
            Effect::Clamp(low, high) if self.addend.is_none() => {
                kernel::clamp(self.data, self.run.stride, self.run.size, [low, high].map(real));
            }
            Effect::Clamp(low, high) => self.rewrite(Clamp(real(low), real(high))),
        }
    }

    fn rewrite(self, map: impl Map<T::Real>) {
        let Run { stride, size, .. } = self.run;
        kernel::rewrite_with(self.data, stride, size, self.addend, map, self.cut);
    }
}
