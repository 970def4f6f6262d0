//! The second sweep over a tile: every slice by its outcome.

use super::kernel;
use super::memory::Memory;
use super::number::Number;
use super::outcome::{Outcome, Outcomes, with_outcomes};
use super::tile::{At, Line, Tile};
use crate::plan::geometry::Walk;

/// Elements that are copied before they are rewritten: they stay in the first cache.
const COPIED: usize = 4096;

/// Stores slices by their outcomes.
pub(super) fn store<T: Number>(
    tile: &Tile,
    memory: Memory<'_, T>,
    outcomes: &Outcomes<T::Real>,
    cut: bool,
) {
    with_outcomes!(outcomes, list => sweep(tile, memory, list, cut), kept => copy(tile, memory));
}

/// Copies every slice to other memory.
fn copy<T: Number>(tile: &Tile, memory: Memory<'_, T>) {
    if matches!(memory, Memory::Apart(..)) {
        sweep(tile, memory, &vec![AllKept; tile.slots()], false);
    }
}

/// The outcome of slices that are copied.
#[derive(Debug, Clone, Copy)]
struct AllKept;

impl<R> super::outcome::Map<R> for AllKept {
    #[inline(always)]
    fn of(self, x: R) -> R {
        x
    }
}

impl<R> Outcome<R> for AllKept {
    #[inline(always)]
    fn keeps(self) -> bool {
        true
    }
}

fn sweep<T: Number, O: Outcome<T::Real>>(
    tile: &Tile,
    mut memory: Memory<'_, T>,
    outcomes: &[O],
    cut: bool,
) {
    match tile.halves() {
        Some((left, right, outer, middle)) if tile.is_large() => {
            let (a, b) = memory.split(&outer, middle);
            let there = &outcomes[middle * outer.slot..];
            rayon::join(|| sweep(&left, a, outcomes, cut), || sweep(&right, b, there, cut));
        }
        _ => leaf(tile.axes(), tile.walk, &mut memory, At::default(), outcomes, cut),
    }
}

/// One thread's part.
fn leaf<T: Number, O: Outcome<T::Real>>(
    axes: &[Line],
    walk: Walk,
    memory: &mut Memory<'_, T>,
    at: At,
    outcomes: &[O],
    cut: bool,
) {
    match axes {
        [] => run(memory.at(at), &Line::ONE, outcomes[at.slot], cut),
        [line] if line.is_reduced() => run(memory.at(at), line, outcomes[at.slot], cut),
        [line] if line.is_contiguous() => {
            let outcomes = &outcomes[at.slot..at.slot + line.size];
            columns(memory.at(at), &Line::ONE, outcomes, cut);
        }
        [line] => across(memory.at(at), line, &outcomes[at.slot..at.slot + line.size], cut),
        [rows, line] if walk == Walk::Columns && rows.is_reduced() => {
            columns(memory.at(at), rows, &outcomes[at.slot..at.slot + line.size], cut);
        }
        [outer, rest @ ..] => {
            for i in 0..outer.size {
                leaf(rest, walk, memory, at.step(outer, i), outcomes, cut);
            }
        }
    }
}

/// A run that belongs to one slice.
fn run<T: Number, O: Outcome<T::Real>>(memory: Memory<'_, T>, line: &Line, outcome: O, cut: bool) {
    let rewritten = |x: T| T::rounded(outcome.of(x.real()), cut);
    match memory {
        Memory::InPlace(_) if outcome.keeps() => {}
        Memory::InPlace(data) if line.target == 1 => {
            kernel::rewrite_rows(data, &[0], line.size, &[outcome], cut);
        }
        Memory::InPlace(data) => {
            let elements = data.iter_mut().step_by(line.target).take(line.size);
            elements.for_each(|x| *x = rewritten(*x));
        }
        Memory::Apart(source, target) if line.is_contiguous() => {
            let (source, target) = (&source[..line.size], &mut target[..line.size]);
            for (target, source) in target.chunks_mut(COPIED).zip(source.chunks(COPIED)) {
                target.copy_from_slice(source);
                kernel::rewrite_rows(target, &[0], source.len(), &[outcome], cut);
            }
        }
        Memory::Apart(source, target) => {
            let elements = source.iter().step_by(line.source).take(line.size);
            let pairs = target.iter_mut().step_by(line.target).zip(elements);
            pairs.for_each(|(y, &x)| *y = if outcome.keeps() { x } else { rewritten(x) });
        }
        Memory::Norms(..) => {}
    }
}

/// A run each of whose elements belongs to another slice.
fn across<T: Number, O: Outcome<T::Real>>(
    memory: Memory<'_, T>,
    line: &Line,
    outcomes: &[O],
    cut: bool,
) {
    let one = |outcome: O, x: T| match outcome.keeps() {
        true => x,
        false => T::rounded(outcome.of(x.real()), cut),
    };
    match memory {
        Memory::InPlace(data) => {
            let elements = data.iter_mut().step_by(line.target);
            elements.zip(outcomes).for_each(|(x, &outcome)| *x = one(outcome, *x));
        }
        Memory::Apart(source, target) => {
            let elements = source.iter().step_by(line.source).zip(outcomes);
            let places = target.iter_mut().step_by(line.target);
            places.zip(elements).for_each(|(y, (&x, &outcome))| *y = one(outcome, x));
        }
        Memory::Norms(..) => {}
    }
}

/// Rows of contiguous elements, each of which belongs to another slice.
fn columns<T: Number, O: Outcome<T::Real>>(
    memory: Memory<'_, T>,
    rows: &Line,
    outcomes: &[O],
    cut: bool,
) {
    match memory {
        Memory::InPlace(data) => kernel::rewrite_columns(data, rows, outcomes, cut),
        Memory::Apart(source, target) => {
            kernel::rewrite_columns_into(source, target, rows, outcomes, cut);
        }
        Memory::Norms(..) => {}
    }
}

/// Stores contiguous slices of one length by their outcomes.
pub(super) fn store_rows<T: Number>(
    memory: &mut Memory<'_, T>,
    places: &[At],
    length: usize,
    outcomes: &Outcomes<T::Real>,
    cut: bool,
) {
    let target = match memory {
        Memory::InPlace(data) => data,
        Memory::Apart(source, target) => {
            for at in places {
                let source = &source[at.source..at.source + length];
                target[at.target..at.target + length].copy_from_slice(source);
            }
            target
        }
        Memory::Norms(..) => return,
    };
    let targets = || places.iter().map(|at| at.target).collect::<Vec<usize>>();
    with_outcomes!(
        outcomes,
        list => kernel::rewrite_rows(target, &targets(), length, list, cut),
        kept => ()
    );
}
