//! The native CPU backend: its ceilings, and what is measured beside them.

pub mod clip;
pub mod projection;
pub mod step;

use std::hint::black_box;
use std::time::Instant;

use rayon::prelude::*;

use crate::bench::cases::uniform;
use crate::bench::clock::{median, milliseconds};
use crate::bench::streams::Ceilings;

/// Elements that a thread moves at a time: 1 MiB.
const PIECE: usize = 1 << 18;
const RUNS: usize = 15;

/// Copies and reads 512 MiB with all threads.
pub fn ceilings() -> Ceilings {
    let source = uniform(1 << 27);
    let mut sink = vec![0.0; source.len()];
    let gbps = |bytes: usize, ms: f64| bytes as f64 / ms * 1e-6;
    let copied = median_of(|| copy(&source, &mut sink));
    let read = median_of(|| read(&source));
    Ceilings { copy_gbps: gbps(8 * source.len(), copied), read_gbps: gbps(4 * source.len(), read) }
}

fn median_of(mut run: impl FnMut()) -> f64 {
    let time = |_| {
        let start = Instant::now();
        run();
        milliseconds(start.elapsed())
    };
    median((0..RUNS).map(time).collect())
}

fn copy(source: &[f32], sink: &mut [f32]) {
    let pieces = sink.par_chunks_mut(PIECE).zip(source.par_chunks(PIECE));
    pieces.for_each(|(sink, source)| sink.copy_from_slice(source));
    black_box(sink);
}

fn read(source: &[f32]) {
    let parity = |piece: &[f32]| {
        let mut lanes = [0; 64];
        for chunk in piece.as_chunks::<64>().0 {
            lanes.iter_mut().zip(chunk).for_each(|(lane, x)| *lane ^= x.to_bits());
        }
        lanes.into_iter().fold(0, |all, lane| all ^ lane)
    };
    black_box(source.par_chunks(PIECE).map(parity).reduce(|| 0, |a, b| a ^ b));
}

/// A radius that this fraction of slices of these norms exceeds.
pub fn radius(mut norms: Vec<f64>, violating: f64) -> f64 {
    norms.sort_unstable_by(f64::total_cmp);
    let inside = ((1.0 - violating) * norms.len() as f64).round() as usize;
    let norm = |index: usize| norms.get(index).copied().unwrap_or(1.0);
    match inside {
        0 => 0.5 * norm(0),
        all if all >= norms.len() => 2.0 * norm(norms.len().saturating_sub(1)),
        some => 0.5 * (norm(some - 1) + norm(some)),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_radius_leaves_the_fraction_that_was_asked_for_outside() {
        let norms: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        for (violating, outside) in [(0.0, 0), (0.01, 1), (0.1, 10), (1.0, 100)] {
            let radius = super::radius(norms.clone(), violating);
            assert_eq!(norms.iter().filter(|&&n| n > radius).count(), outside);
        }
    }
}
