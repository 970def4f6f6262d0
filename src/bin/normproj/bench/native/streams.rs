//! What memory gives to all threads: copies and reads.

use std::hint::black_box;
use std::time::Instant;

use rayon::prelude::*;

use super::memory::Memory;
use crate::bench::clock::{median, milliseconds};
use crate::bench::measurement::Times;
use crate::bench::streams::Ceilings;
use crate::failure::Result;

/// Elements that a thread moves at a time: 1 MiB.
const PIECE: usize = 1 << 18;
const RUNS: usize = 15;
/// Bytes that are copied or read for the ceilings.
const MOST: f64 = (1u64 << 30) as f64;

/// Copies and reads 512 MiB.
pub fn ceilings() -> Result<Ceilings> {
    let gbps = |bytes: f64, writes| -> Result<f64> {
        let mut same = Same::new(bytes, writes)?;
        Ok(bytes / median((0..RUNS).map(|_| same.run()).collect()) * 1e-6)
    };
    Ok(Ceilings { copy_gbps: gbps(MOST, true)?, read_gbps: gbps(MOST / 2.0, false)? })
}

/// A copy that moves as many bytes as a kernel, or a read of them where nothing is written.
pub struct Same {
    memory: Memory,
    writes: bool,
}

impl Same {
    pub fn new(bytes: f64, writes: bool) -> Result<Self> {
        let mut memory = Memory::new((bytes / 4.0) as usize)?;
        memory.all().fill(1.0);
        Ok(Same { memory, writes })
    }

    /// Milliseconds of one. All of its memory is written before, as a tensor is that is restored: what a cache holds
    /// then has to be written back meanwhile.
    pub fn time(&mut self) -> f64 {
        self.memory.all().fill(1.0);
        self.run()
    }

    fn run(&mut self) -> f64 {
        let all = self.memory.all();
        let start = Instant::now();
        match self.writes {
            true => {
                let (source, sink) = all.split_at_mut(all.len() / 2);
                copy(source, sink);
            }
            false => read(all),
        }
        milliseconds(start.elapsed())
    }
}

impl Times {
    /// Medians of runs of a kernel, which tell their milliseconds, and of the same bytes in turns with them.
    pub fn beside(
        same: &mut Same,
        rounds: usize,
        mut run: impl FnMut() -> Result<f64>,
    ) -> Result<Self> {
        let (mut kernel, mut copies) = (vec![], vec![]);
        for _ in 0..rounds {
            kernel.push(run()?);
            copies.push(same.time());
        }
        let ms = median(kernel);
        Ok(Times { ms, wall_ms: ms, copy_ms: Some(median(copies)), record_us: 0.0 })
    }
}

fn copy(source: &[f32], sink: &mut [f32]) {
    let pieces = sink.par_chunks_mut(PIECE).zip(source.par_chunks(PIECE));
    pieces.for_each(|(sink, source)| sink[..source.len()].copy_from_slice(source));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_copies_and_takes_time() {
        let mut same = Same::new(80.0, true).expect("memory");
        same.memory.all()[..10].fill(3.0);
        assert!(same.run() > 0.0 && same.memory.all()[10..20] == [3.0; 10]);
        assert!(same.time() > 0.0 && same.memory.all()[..20] == [1.0; 20]);
        let mut same = Same::new(4.0 * 1024.0, false).expect("memory");
        assert!(same.time() > 0.0);
    }
}
