//! The first pass: what is accumulated over each member.

use super::locked::Memory;
use super::measure::Measure;
use super::path::Path;
use super::pieces::{Piece, Pieces};
use super::weights::Weights;
use crate::cpu::kernel;
use crate::cpu::number::{Number, with_number};
use crate::norm::Norm;
use crate::plan::group::{Member, Power};

/// Elements that are gathered before they are reduced: they stay in the first cache.
const GATHERED: usize = 1024;

/// The first pass over some pieces.
pub(super) struct Reduce<'a> {
    pub norm: Norm,
    pub members: &'a [Member],
    pub pieces: &'a Pieces,
    pub memories: &'a [Memory<'a>],
    pub weights: &'a [Option<Weights<'a>>],
}

impl Reduce<'_> {
    /// What is accumulated over each member. What a thread adds up and the order in which parts are
    /// merged depend on the pieces alone, so that the bits are the same in every run.
    pub fn run(&self) -> Vec<Power> {
        let mut partial = vec![Power::plain(0.0); self.pieces.parts.len()];
        self.jobs(0..self.pieces.jobs.len(), &mut partial);
        let mut powers = vec![Power::plain(0.0); self.pieces.paths.len()];
        for (&member, &part) in self.pieces.parts.iter().zip(&partial) {
            powers[member] = Power::merge(self.norm, powers[member], part);
        }
        powers
    }

    fn jobs(&self, jobs: std::ops::Range<usize>, partial: &mut [Power]) {
        if jobs.len() > 1 {
            let middle = jobs.start + jobs.len() / 2;
            let first = |job: usize| {
                let pieces = &self.pieces.pieces;
                pieces[self.pieces.jobs[job].start].parts.start
            };
            let (a, b) = partial.split_at_mut(first(middle) - first(jobs.start));
            rayon::join(|| self.jobs(jobs.start..middle, a), || self.jobs(middle..jobs.end, b));
            return;
        }
        let mut partial = partial.iter_mut();
        for piece in jobs.flat_map(|job| &self.pieces.pieces[self.pieces.jobs[job].clone()]) {
            for (&member, power) in self.pieces.parts[piece.parts.clone()].iter().zip(&mut partial)
            {
                *power =
                    with_number!(self.members[member].dtype, T => self.part::<T>(piece, member));
            }
        }
    }

    /// The part of a member that lies in a piece.
    fn part<T: Number>(&self, piece: &Piece, member: usize) -> Power {
        let Some(path) = &self.pieces.paths[member] else { return Power::plain(0.0) };
        let words = &self.memories[piece.memory].words()[piece.window.clone()];
        let part = Part::<T> {
            piece,
            path,
            weights: self.weights[member].as_ref(),
            data: bytemuck::cast_slice(words),
        };
        let plain = part.measure(Measure::new(self.norm));
        if !Measure::leaves::<T>(self.norm, plain.sum) {
            return plain;
        }
        let largest = part.measure(Measure::largest());
        match largest.sum {
            most if most == 0.0 || !most.is_finite() => largest,
            most => part.measure(Measure::near(self.norm, most)),
        }
    }
}

struct Part<'a, T> {
    piece: &'a Piece,
    path: &'a Path,
    weights: Option<&'a Weights<'a>>,
    data: &'a [T],
}

impl<T: Number> Part<'_, T> {
    fn measure(&self, measure: Measure) -> Power {
        let mut power = Power::plain(0.0);
        // Made when a run needs it: clearing it costs as much as a small tensor.
        let mut gathered = None;
        let mut count = 0;
        self.path.walk(&self.piece.elements(size_of::<T>()), &mut |run| {
            let addend = self.weights.map(|weights| weights.of::<T>(&run));
            if run.stride == 1 && addend.is_none() && run.size >= GATHERED / 16 {
                let part = measure.of(&self.data[run.at..run.at + run.size]);
                power = measure.merge(power, part);
                return;
            }
            let gathered = gathered.get_or_insert_with(|| [T::Real::default(); GATHERED]);
            let mut done = 0;
            while done < run.size {
                let size = (run.size - done).min(GATHERED - count);
                let source = &self.data[run.at + done * run.stride..];
                let addend = addend.map(|addend| addend.skip(done));
                kernel::gather(source, run.stride, addend, &mut gathered[count..count + size]);
                (count, done) = (count + size, done + size);
                if count == GATHERED {
                    power = measure.merge(power, measure.of(gathered));
                    count = 0;
                }
            }
        });
        gathered.map_or(power, |gathered| measure.merge(power, measure.of(&gathered[..count])))
    }
}
