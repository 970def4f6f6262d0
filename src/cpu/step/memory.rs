//! The memory of a step.

use super::kernel::{self, Coefficients};
use crate::cpu::number::Number;
use crate::cpu::tile::{Line, Tile};

/// Weights and what stands beside them, with the same strides. Where nothing is remembered it is empty.
#[derive(Debug)]
pub(in crate::cpu) struct Weights<'a, T> {
    pub weights: &'a mut [T],
    pub gradient: &'a [T],
    pub first: &'a mut [T],
    pub second: &'a mut [T],
}

impl<T: Number> Weights<'_, T> {
    /// The same for a while.
    pub fn again(&mut self) -> Weights<'_, T> {
        Weights {
            weights: self.weights,
            gradient: self.gradient,
            first: self.first,
            second: self.second,
        }
    }

    /// How many numbers are remembered of each.
    pub fn memories(&self) -> usize {
        usize::from(!self.first.is_empty()) + usize::from(!self.second.is_empty())
    }

    /// From an element on.
    #[inline(always)]
    pub fn at(&mut self, place: usize) -> Weights<'_, T> {
        Weights {
            weights: &mut self.weights[place..],
            gradient: &self.gradient[place..],
            first: from(self.first, place),
            second: from(self.second, place),
        }
    }

    /// Updates every element of a tile, by all threads if it is large.
    pub fn update(mut self, tile: Tile, numbers: &Coefficients<T::Real>) {
        if let Some((left, right, outer, middle)) = tile.halves()
            && tile.is_large()
        {
            let (first, second) = self.split(&outer, middle);
            rayon::join(|| first.update(left, numbers), || second.update(right, numbers));
            return;
        }
        self.walk(tile.axes(), numbers);
    }

    fn walk(&mut self, axes: &[Line], numbers: &Coefficients<T::Real>) {
        match axes {
            [] => kernel::update(self.again(), 1, numbers),
            [run] if run.target == 1 => kernel::update(self.again(), run.size, numbers),
            [rows, run] if run.target == 1 && rows.target == run.size => {
                kernel::update(self.again(), rows.size * run.size, numbers);
            }
            [outer, rest @ ..] => {
                for i in 0..outer.size {
                    self.at(i * outer.target).walk(rest, numbers);
                }
            }
        }
    }
}

impl<'a, T: Number> Weights<'a, T> {
    /// The memory of the two halves of the outermost axis.
    pub fn split(self, outer: &Line, middle: usize) -> (Self, Self) {
        let place = middle * outer.target;
        let (weights, later) = self.weights.split_at_mut(place);
        let [(first, later_first), (second, later_second)] =
            [self.first, self.second].map(|memory| {
                let place = place.min(memory.len());
                memory.split_at_mut(place)
            });
        let gradient = self.gradient;
        (
            Weights { weights, gradient, first, second },
            Weights {
                weights: later,
                gradient: &gradient[place..],
                first: later_first,
                second: later_second,
            },
        )
    }
}

/// From a place on, where there is anything.
#[inline(always)]
fn from<T>(memory: &mut [T], place: usize) -> &mut [T] {
    let place = place.min(memory.len());
    &mut memory[place..]
}
