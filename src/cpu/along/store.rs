//! The second sweep: every slice by its multiple of the direction.

use super::super::memory::Memory;
use super::super::number::Number;
use super::super::tile::{At, Line, Tile};

/// What is done to the slices of a tile.
#[derive(Debug, Clone)]
pub(super) struct Moves {
    /// What a slice's direction is multiplied with before it is taken away; NaN of slices that stay.
    pub factors: Vec<f64>,
    /// What a slice itself is multiplied with: 1, or 0 where nothing but its component stays.
    pub keeps: f64,
    /// Whether elements are cut off toward zero where they are rounded.
    pub cut: bool,
}

impl Moves {
    #[inline(always)]
    fn of<T: Number>(&self, slot: usize, x: T, a: T) -> T {
        let factor = self.factors[slot];
        match factor.is_nan() {
            true => x,
            false => T::narrow(self.keeps * x.wide() - factor * a.wide(), self.cut),
        }
    }
}

pub(super) fn store<T: Number>(tile: &Tile, memory: Memory<'_, T>, along: &[T], moves: &Moves) {
    let still = moves.factors.iter().all(|factor| factor.is_nan());
    if !(still && matches!(memory, Memory::InPlace(_))) {
        sweep(tile, memory, along, moves, 0);
    }
}

/// A part whose slots count from `first`.
fn sweep<T: Number>(
    tile: &Tile,
    mut memory: Memory<'_, T>,
    along: &[T],
    moves: &Moves,
    first: usize,
) {
    match tile.halves() {
        Some((left, right, outer, middle)) if tile.is_large() => {
            let (a, b) = memory.split(&outer, middle);
            let (later, second) = (&along[middle * outer.direction..], first + middle * outer.slot);
            rayon::join(
                || sweep(&left, a, along, moves, first),
                || sweep(&right, b, later, moves, second),
            );
        }
        _ => leaf(tile.axes(), &mut memory, along, At { slot: first, ..At::default() }, moves),
    }
}

/// One thread's part.
fn leaf<T: Number>(axes: &[Line], memory: &mut Memory<'_, T>, along: &[T], at: At, moves: &Moves) {
    match axes {
        [] => run(memory.at(at), along, &Line::ONE, at.slot, moves),
        [line] => {
            let still = line.is_reduced() && moves.factors[at.slot].is_nan();
            if !(still && matches!(memory, Memory::InPlace(_))) {
                run(memory.at(at), along, line, at.slot, moves);
            }
        }
        [outer, rest @ ..] => {
            for i in 0..outer.size {
                leaf(rest, memory, &along[i * outer.direction..], at.step(outer, i), moves);
            }
        }
    }
}

/// Elements along one axis: of one slice, or each of another.
fn run<T: Number>(memory: Memory<'_, T>, along: &[T], line: &Line, slot: usize, moves: &Moves) {
    let one = |i: usize, x: T| moves.of(slot + i * line.slot, x, along[i * line.direction]);
    match memory {
        Memory::InPlace(data) => {
            let elements = data.iter_mut().step_by(line.target).take(line.size);
            elements.enumerate().for_each(|(i, x)| *x = one(i, *x));
        }
        Memory::Apart(source, target) => {
            let elements = source.iter().step_by(line.source).take(line.size);
            let places = target.iter_mut().step_by(line.target);
            places.zip(elements).enumerate().for_each(|(i, (y, &x))| *y = one(i, x));
        }
        Memory::Norms(..) => {}
    }
}
