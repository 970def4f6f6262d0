//! Boxes: every element is a slice of its own, so that nothing is accumulated or kept for later.

use super::kernel::{BLOCK, Bounds, Seen};
use super::memory::Memory;
use super::number::Number;
use super::tile::{At, Line, Tile};
use crate::plan::Plan;
use crate::plan::rule::Clamp;
use crate::report::Tally;

/// Moves every element to the nearer bound.
pub(super) fn run<T: Number>(plan: &Plan, clamp: &Clamp, memory: Memory<'_, T>) -> Tally {
    let tile = Tile::new(plan, memory.order());
    let bounds = Bounds::new(clamp, plan.policy(), plan.request().report);
    halves(&tile, memory, &bounds)
}

/// The tree of halves depends on the tile alone: tallies have the same bits in every run.
fn halves<T: Number>(tile: &Tile, mut memory: Memory<'_, T>, bounds: &Bounds<T>) -> Tally {
    match tile.halves() {
        Some((left, right, outer, middle)) if tile.is_large() => {
            let (a, b) = memory.split(&outer, middle);
            let (a, b) = rayon::join(|| halves(&left, a, bounds), || halves(&right, b, bounds));
            a.merge(b)
        }
        _ => leaf(tile.axes(), &mut memory, tile.start(), bounds),
    }
}

/// One thread's part.
fn leaf<T: Number>(axes: &[Line], memory: &mut Memory<'_, T>, at: At, bounds: &Bounds<T>) -> Tally {
    match axes {
        [] => run_of(memory.at(at), &Line::ONE, at.slice, bounds),
        [line] => run_of(memory.at(at), line, at.slice, bounds),
        [outer, rest @ ..] => {
            let parts = (0..outer.size).map(|i| leaf(rest, memory, at.step(outer, i), bounds));
            parts.fold(Tally::default(), Tally::merge)
        }
    }
}

/// A run of elements, the first of which is the slice with this number.
fn run_of<T: Number>(
    memory: Memory<'_, T>,
    line: &Line,
    slice: usize,
    bounds: &Bounds<T>,
) -> Tally {
    let mut seen = Seen::default();
    match memory {
        Memory::InPlace(data) if line.target == 1 => {
            bounds.clamp(&mut data[..line.size], &mut seen);
        }
        Memory::InPlace(data) => {
            let mut room = [T::zeroed(); BLOCK];
            for start in (0..line.size).step_by(BLOCK) {
                let room = &mut room[..BLOCK.min(line.size - start)];
                let places = || data[start * line.target..].iter().step_by(line.target);
                room.iter_mut().zip(places()).for_each(|(y, &x)| *y = x);
                bounds.clamp(room, &mut seen);
                let places = data[start * line.target..].iter_mut().step_by(line.target);
                places.zip(room).for_each(|(y, &mut x)| *y = x);
            }
        }
        Memory::Apart(source, target) => {
            let mut room = [T::zeroed(); BLOCK];
            for start in (0..line.size).step_by(BLOCK) {
                let room = &mut room[..BLOCK.min(line.size - start)];
                let elements = source[start * line.source..].iter().step_by(line.source);
                room.iter_mut().zip(elements).for_each(|(y, &x)| *y = x);
                bounds.clamp(room, &mut seen);
                let places = target[start * line.target..].iter_mut().step_by(line.target);
                places.zip(room).for_each(|(y, &mut x)| *y = x);
            }
        }
        // Norms are not clamped.
        Memory::Norms(..) => {}
    }
    seen.tally(|place| (slice + place * line.slice) as u64)
}
