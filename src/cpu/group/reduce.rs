//! The first pass: what is accumulated over each member.

use super::decide::merge;
use super::locked::Memory;
use super::pieces::{Piece, Pieces};
use super::weights::Weights;
use crate::cpu::kernel;
use crate::cpu::term::Term;
use crate::norm::Norm;

/// Elements that are gathered before they are reduced: they stay in the first cache.
const GATHERED: usize = 1024;

/// The first pass over some pieces.
pub(super) struct Reduce<'a> {
    pub norm: Norm,
    pub pieces: &'a Pieces,
    pub memories: &'a [Memory<'a>],
    pub weights: &'a [Weights<'a>],
}

impl Reduce<'_> {
    /// The sum of squares, the sum of magnitudes or the largest magnitude of each member, infinite
    /// or NaN only if an element is. What a thread adds up and the order in which parts are merged
    /// depend on the pieces alone, so that the bits are the same in every run.
    pub fn run(&self) -> Vec<f64> {
        let mut partial = vec![0.0; self.pieces.parts.len()];
        self.jobs(0..self.pieces.jobs.len(), &mut partial);
        let mut powers = vec![0.0; self.pieces.paths.len()];
        for (&member, &part) in self.pieces.parts.iter().zip(&partial) {
            powers[member] = merge(self.norm, powers[member], part);
        }
        powers
    }

    fn jobs(&self, jobs: std::ops::Range<usize>, partial: &mut [f64]) {
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
                *power = self.part(piece, member);
            }
        }
    }

    fn part(&self, piece: &Piece, member: usize) -> f64 {
        let Some(path) = &self.pieces.paths[member] else { return 0.0 };
        let data = &self.memories[piece.memory].elements()[piece.window.clone()];
        let mut power = 0.0;
        let mut gathered = [0.0; GATHERED];
        let mut count = 0;
        path.walk(&piece.window, &mut |run| {
            let addend = self.weights[member].of(&run);
            if run.stride == 1 && addend.is_none() && run.size >= GATHERED / 16 {
                let part = self.measure(&data[run.at..run.at + run.size]);
                power = merge(self.norm, power, part);
                return;
            }
            let mut done = 0;
            while done < run.size {
                let size = (run.size - done).min(GATHERED - count);
                let source = &data[run.at + done * run.stride..];
                let addend = addend.map(|addend| addend.skip(done));
                kernel::gather(source, run.stride, addend, &mut gathered[count..count + size]);
                (count, done) = (count + size, done + size);
                if count == GATHERED {
                    power = merge(self.norm, power, self.measure(&gathered));
                    count = 0;
                }
            }
        });
        merge(self.norm, power, self.measure(&gathered[..count]))
    }

    fn measure(&self, run: &[f32]) -> f64 {
        match self.norm {
            Norm::L1 => kernel::sum(Term::Magnitudes, run),
            Norm::L2 => kernel::sum(Term::Squares, run),
            Norm::Linf => kernel::sum(Term::Largest, run),
            Norm::Lp(p) => run.iter().map(|x| f64::from(x.abs()).powf(p.value())).sum(),
        }
    }
}
