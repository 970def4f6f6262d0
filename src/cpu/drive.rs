//! Splits a tile among threads and walks its parts.

use super::found::Found;
use super::kernel::{self, STREAMS};
use super::memory::Memory;
use super::number::Number;
use super::rule::Rule;
use super::slices::{RowSlices, TileSlices};
use super::step::{Coefficients, Narrowed, Weights};
use super::tile::{At, Line, Tile};
use super::{panel, store, sums};
use crate::plan::geometry::Walk;

/// Elements of rows that are reduced before they are stored: they stay in the second cache.
const TOGETHER: usize = 1 << 14;

/// Reduces, decides and stores every slice of a tile.
///
/// The tree of halves depends on the tile alone, never on which thread was free, so that sums and
/// tallies have the same bits in every run.
pub(super) fn run<T: Number>(tile: Tile, mut memory: Memory<'_, T>, rule: &Rule) -> Found {
    // Halves of a kept axis share no slice: each goes its own way.
    if let Some((left, right, outer, middle)) = tile.halves()
        && tile.is_large()
        && !outer.is_reduced()
    {
        let (first, second) = memory.split(&outer, middle);
        let (a, b) = rayon::join(|| run(left, first, rule), || run(right, second, rule));
        return a.merge(b);
    }
    let mut found = Found::default();
    if tile.walk == Walk::Rows && !tile.is_large() {
        rows(tile.axes(), &mut memory, tile.start(), rule, &mut found);
        return found;
    }
    if let Some((matrix, width)) = tile.panels() {
        return panel::run(&tile, matrix, width, memory, rule);
    }
    let mut powers = vec![0.0; tile.slots()];
    sums::add(rule.term, &tile, memory.source(), &mut powers);
    let slices = TileSlices { tile: &tile, source: memory.source() };
    let outcomes = rule.decide(&powers, &slices);
    if rule.watches() {
        tile.each_slice(&mut |slot, index| {
            rule.note(&mut found, powers[slot], outcomes.change(slot), index);
        });
    }
    match memory {
        Memory::Norms(_, norms) => {
            norms.iter_mut().zip(powers).for_each(|(n, p)| *n = norm::<T>(rule, p));
        }
        memory => store::store(&tile, memory, &outcomes, rule.cut),
    }
    found
}

/// Elements of a part of weights that are updated and then projected: with their gradients and two moments they take half
/// of the second cache of a current core, or all of it. 8192 rows of 4096 f32 take 9.1 ms by parts of 2¹⁶ elements, 10.2 by 2¹⁴
/// (gradient descent, Zen 4, 2 threads), Adam 21.7 and 22.7. To sum squares in the loop of the update saves a read from
/// that cache, and yet took longer, maybe because loads wait for the stores before them: 9.7, 23.3, and half as long again
/// where all is cached.
const STEPPED: usize = 1 << 16;

/// As [`run`], of weights that are updated first, and copied last.
pub(super) fn run_stepped<T: Number>(
    tile: Tile,
    mut weights: Weights<'_, T>,
    copy: Narrowed<'_>,
    numbers: &Coefficients<T::Real>,
    rule: &Rule,
) -> Found {
    if let Some((left, right, outer, middle)) = tile.halves()
        && tile.elements() > STEPPED
        && !outer.is_reduced()
    {
        let (first, second) = weights.split(&outer, middle);
        let (first_copy, second_copy) = copy.split(&outer, middle);
        let (a, b) = rayon::join(
            || run_stepped(left, first, first_copy, numbers, rule),
            || run_stepped(right, second, second_copy, numbers, rule),
        );
        return a.merge(b);
    }
    weights.again().update(tile, numbers);
    let found = run(tile, Memory::InPlace(&mut *weights.weights), rule);
    copy.write(weights.weights, tile);
    found
}

/// Beyond its type a norm is infinite; NaN stays NaN.
pub(super) fn norm<T: Number>(rule: &Rule, power: f64) -> T::Real {
    T::real_of(rule.term.root(power))
}

/// Rows, each stored while it is still in the caches.
fn rows<T: Number>(
    axes: &[Line],
    memory: &mut Memory<'_, T>,
    at: At,
    rule: &Rule,
    found: &mut Found,
) {
    let (rows, run) = match axes {
        [] => (&Line::ONE, &Line::ONE),
        [run] => (&Line::ONE, run),
        [rows, run] => (rows, run),
        [outer, rest @ ..] => {
            for i in 0..outer.size {
                self::rows(rest, memory, at.step(outer, i), rule, found);
            }
            return;
        }
    };
    if let (Some(rim), Memory::InPlace(data)) = (rule.alone(), &mut *memory)
        && run.target == 1
        && (rows.target == run.size || rows.size == 1)
        && let rows = &mut data[at.target..][..rows.size * run.size]
        && kernel::scale_short_rows(rule.term, rim, rows, run.size)
    {
        return;
    }
    // Several side by side, each from a stream of its own.
    let each = rows.size / STREAMS;
    let steps = (TOGETHER / STREAMS / run.size.max(1)).clamp(1, each.max(1));
    let (mut places, mut sources, mut powers) = (Vec::new(), Vec::new(), Vec::new());
    // Where the next row of each stream is: products for each take as long as to sum a short one.
    let mut next: [At; STREAMS] = std::array::from_fn(|s| at.step(rows, s * each));
    for first in (0..each).step_by(steps) {
        places.clear();
        powers.clear();
        for _ in first..(first + steps).min(each) {
            places.extend(next);
            next = next.map(|at| at.step(rows, 1));
        }
        sources.clear();
        sources.extend(places.iter().map(|at: &At| at.source));
        kernel::row_sums(rule.term, memory.source(), &sources, run.size, &mut powers);
        finish(memory, &places, run.size, &powers, rule, found);
    }
    for i in STREAMS * each..rows.size {
        let at = at.step(rows, i);
        let power = kernel::sum(rule.term, &memory.source()[at.source..at.source + run.size]);
        finish(memory, &[at], run.size, &[power], rule, found);
    }
}

/// Decides and stores contiguous slices.
fn finish<T: Number>(
    memory: &mut Memory<'_, T>,
    places: &[At],
    length: usize,
    powers: &[f64],
    rule: &Rule,
    found: &mut Found,
) {
    let outcomes = rule.decide(powers, &RowSlices { source: memory.source(), places, length });
    if rule.watches() {
        for (slot, at) in places.iter().enumerate() {
            rule.note(found, powers[slot], outcomes.change(slot), at.slice);
        }
    }
    match memory {
        Memory::Norms(_, norms) => {
            for (at, &power) in places.iter().zip(powers) {
                norms[at.slot] = norm::<T>(rule, power);
            }
        }
        memory => store::store_rows(memory, places, length, &outcomes, rule.cut),
    }
}
