//! The tensors, and which rows of them a rank has.

use std::ops::Range;

/// Columns of every tensor: its slices.
pub const COLUMNS: usize = 32;

/// How a tensor is spread over ranks.
#[derive(Clone, Copy, PartialEq)]
pub enum Spread {
    /// Each rank has other rows; rank 1 has none.
    Cut,
    /// Every rank has all of them; rank 0 counts.
    Copied,
}

pub struct Tensor {
    pub name: &'static str,
    pub spread: Spread,
    pub rows: usize,
    pub elements: Vec<f32>,
}

impl Tensor {
    fn new(name: &'static str, spread: Spread, rows: usize) -> Self {
        let value = |i: usize| ((i * 7919 + 13) % 2003) as f32 / 1001.5 - 1.0;
        // Columns grow, so that some are inside the radius and some are not.
        let element = |i: usize| value(i) * (0.05 + (i % COLUMNS) as f32 / 8.0);
        Tensor { name, spread, rows, elements: (0..rows * COLUMNS).map(element).collect() }
    }

    /// The part of a rank, and its rows.
    pub fn part(&self, rank: usize, ranks: usize) -> (&[f32], Range<usize>) {
        let rows = match self.spread {
            Spread::Cut => first_row(rank, ranks, self.rows)..first_row(rank + 1, ranks, self.rows),
            Spread::Copied => 0..self.rows,
        };
        (&self.elements[rows.start * COLUMNS..rows.end * COLUMNS], rows)
    }
}

/// The same on every rank.
pub fn tensors() -> [Tensor; 3] {
    let mut broken = Tensor::new("broken", Spread::Cut, 203);
    // In the last row, and so on the last rank.
    broken.elements[202 * COLUMNS] = f32::INFINITY;
    [Tensor::new("weights", Spread::Cut, 1009), Tensor::new("bias", Spread::Copied, 5), broken]
}

/// Parts are uneven: rank k has k + 1 shares, but rank 1 has none. The last one has what is left.
fn first_row(rank: usize, ranks: usize, rows: usize) -> usize {
    let shares =
        |rank: usize| (0..rank).filter(|&k| k != 1 || ranks == 2).map(|k| k + 1).sum::<usize>();
    rows * shares(rank) / shares(ranks).max(1)
}
