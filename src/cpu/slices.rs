//! Slices that are read a second time, where elements move by one distance.

use rayon::prelude::*;

use super::kernel::{self, Gathered, LINE, SWEPT};
use super::number::{Number, Real};
use super::outcome::Kink;
use super::rule::{Shrinkings, Slices};
use super::tile::{At, Line, Tile};

/// Contiguous slices of one length.
pub(super) struct RowSlices<'a, T> {
    pub source: &'a [T],
    pub places: &'a [At],
    pub length: usize,
}

/// Short slices that are searched side by side: the steps of one wait for their own roots and quotients. (The simplex in
/// 4096 rows of 1024 took 2.3 ms one at a time, 1.9 by four; Zen 4, 2 threads.)
const BESIDE: usize = 4;
/// The bytes of them that the first cache holds from pass to pass.
const HELD: usize = 24 << 10;

impl<'a, T: Number> RowSlices<'a, T> {
    fn slice(&self, slot: usize) -> &'a [T] {
        &self.source[self.places[slot].source..][..self.length]
    }

    /// The kinks of slices in these slots.
    fn search<const N: usize>(
        &self,
        shrinkings: Shrinkings<'_>,
        slots: &[usize; N],
        powers: &[f64],
        like: &mut Option<f64>,
        rooms: &mut [Vec<T::Real>; BESIDE],
        kinks: &mut [Kink],
    ) {
        let mut runs: [&[T::Real]; N] = [&[]; N];
        for ((run, room), &slot) in runs.iter_mut().zip(rooms).zip(slots) {
            *run = kernel::reals(self.slice(slot), room);
        }
        let found = kernel::search(runs, shrinkings.sought_in(slots, powers, *like));
        let end = |(&slot, kink): (&usize, &Kink)| (kink.most - kink.delta) / powers[slot];
        *like = Some(slots.iter().zip(&found).map(end).sum::<f64>() / N as f64);
        for (&slot, kink) in slots.iter().zip(found) {
            kinks[slot] = kink;
        }
    }
}

impl<T: Number> Slices for RowSlices<'_, T> {
    fn kinks(&self, shrinkings: Shrinkings<'_>, powers: &[f64]) -> Vec<Kink> {
        let (mut kinks, mut searched) = (vec![Kink::KEPT; powers.len()], Vec::new());
        let mut rooms: [Vec<T::Real>; BESIDE] = Default::default();
        for (slot, &power) in powers.iter().enumerate() {
            let shrinking = shrinkings.of(slot);
            if shrinking.asks(power) {
                match shrinking.known(|| kernel::reals(self.slice(slot), &mut rooms[0]), power) {
                    Some(kink) => kinks[slot] = kink,
                    None => searched.push(slot),
                }
            }
        }
        let beside = match self.length * size_of::<[T::Real; BESIDE]>() <= HELD {
            true => searched.as_chunks().0,
            false => &[],
        };
        let mut like = None;
        for slots in beside {
            self.search::<BESIDE>(shrinkings, slots, powers, &mut like, &mut rooms, &mut kinks);
        }
        for &slot in &searched[beside.as_flattened().len()..] {
            self.search(shrinkings, &[slot], powers, &mut like, &mut rooms, &mut kinks);
        }
        kinks
    }

    fn number(&self, slot: usize) -> usize {
        self.places[slot].slice
    }
}

/// The slices of a tile.
pub(super) struct TileSlices<'a, T> {
    pub tile: &'a Tile,
    pub source: &'a [T],
}

impl<T: Number> Slices for TileSlices<'_, T> {
    fn kinks(&self, shrinkings: Shrinkings<'_>, powers: &[f64]) -> Vec<Kink> {
        let mut kinks = vec![Kink::KEPT; powers.len()];
        leaf(shrinkings, self.tile.axes(), self.source, powers, &mut kinks);
        kinks
    }

    fn number(&self, slot: usize) -> usize {
        self.tile.slice_of(slot)
    }
}

/// Slices, from the first element on.
fn leaf<T: Number>(
    shrinkings: Shrinkings<'_>,
    axes: &[Line],
    source: &[T],
    powers: &[f64],
    kinks: &mut [Kink],
) {
    match axes {
        [run] if run.is_reduced() && run.source == 1 => {
            let shrinking = shrinkings.of(0);
            if shrinking.asks(powers[0]) {
                let slice = &source[..run.size];
                kinks[0] = shrinking.kink(kernel::reals(slice, &mut Vec::new()), powers[0]);
            }
        }
        [columns] if !columns.is_reduced() && columns.source == 1 => {
            let size = columns.size;
            self::columns(shrinkings, &|_| source, 1, &powers[..size], &mut kinks[..size]);
        }
        [rows, columns] if rows.is_reduced() && !columns.is_reduced() && columns.source == 1 => {
            let row = |i: usize| &source[i * rows.source..];
            let size = columns.size;
            self::columns(shrinkings, &row, rows.size, &powers[..size], &mut kinks[..size]);
        }
        [outer, rest @ ..] if !outer.is_reduced() => {
            let parts = kinks[..outer.size * outer.slot].par_chunks_mut(outer.slot).enumerate();
            parts.for_each(|(i, kinks)| {
                let (source, powers) = (&source[i * outer.source..], &powers[i * outer.slot..]);
                leaf(shrinkings.from(i * outer.slot), rest, source, powers, kinks);
            });
        }
        axes => {
            let kept = axes.iter().filter(|line| !line.is_reduced());
            let slots: usize = kept.map(|line| line.size).product();
            let pairs = kinks[..slots].par_iter_mut().zip(&powers[..slots]).enumerate();
            let asked = pairs.filter(|(slot, (_, power))| shrinkings.of(*slot).asks(**power));
            asked.for_each_init(Vec::new, |slice, (slot, (kink, &power))| {
                slice.clear();
                gather(axes, source, slot, slice);
                *kink = shrinkings.of(slot).kink(slice, power);
            });
        }
    }
}

/// Appends the elements of the slice with this slot.
fn gather<T: Number>(axes: &[Line], source: &[T], slot: usize, slice: &mut Vec<T::Real>) {
    match axes {
        [] => slice.push(source[0].real()),
        [run] if run.is_reduced() => {
            let elements = source.iter().step_by(run.source).take(run.size);
            slice.extend(elements.map(|x| x.real()));
        }
        [outer, rest @ ..] if outer.is_reduced() => {
            (0..outer.size).for_each(|i| gather(rest, &source[i * outer.source..], slot, slice));
        }
        [outer, rest @ ..] => {
            let i = slot / outer.slot % outer.size;
            gather(rest, &source[i * outer.source..], slot, slice);
        }
    }
}

/// Bytes that are gathered at once: half of the second cache of a current core.
const GATHERED: usize = 4 << 20;

/// Slices side by side, of which kinks are those of slices that are kept. Those that are asked for are gathered with
/// their neighbours, whole lines of cache: alone they would drag their neighbours along all the same, at every step
/// of the search. Some lines side by side, because every row may be in another page.
pub(super) fn columns<'a, T: Number>(
    shrinkings: Shrinkings<'_>,
    row: &(dyn Fn(usize) -> &'a [T] + Sync),
    rows: usize,
    powers: &[f64],
    kinks: &mut [Kink],
) {
    let mut asked = shrinkings.asked(powers, || negative(row, rows, powers.len()));
    let mut lines = (GATHERED / (size_of::<[T::Real; LINE]>() * rows.max(1))).clamp(1, 8);
    if rows >= LONG && powers.len() >= SWEPT && !T::Real::DOUBLE {
        sweep(shrinkings, row, rows, powers, kinks, &mut asked);
        lines = 1;
    }
    let width = lines * LINE;
    let asked = asked.par_chunks(width);
    let blocks = kinks.par_chunks_mut(width).zip(powers.par_chunks(width)).zip(asked).enumerate();
    blocks.for_each_init(Gathered::default, |gathered, (index, ((kinks, powers), asked))| {
        if !asked.contains(&true) {
            return;
        }
        let own = shrinkings.from(index * width);
        let row = |i: usize| &row(i)[index * width..][..kinks.len()];
        gathered.fill(&row, rows, lines, own.of(0).magnitudes());
        let parts = kinks.chunks_mut(LINE).zip(powers.chunks(LINE)).zip(asked.chunks(LINE));
        for (line, (((kinks, powers), asked), columns)) in parts.zip(gathered.columns()).enumerate()
        {
            own.from(line * LINE).kinks(columns, asked, powers, kinks);
        }
    });
}

/// Rows of which more are swept: of fewer the lines of some columns are in a cache.
const LONG: usize = 1024;

/// Finds kinks by passes over rows as they are, where most of the columns are asked for, and asks no more for those
/// that it found.
fn sweep<'a, T: Number>(
    shrinkings: Shrinkings<'_>,
    row: &(dyn Fn(usize) -> &'a [T] + Sync),
    rows: usize,
    powers: &[f64],
    kinks: &mut [Kink],
    asked: &mut [bool],
) {
    let asked = asked.par_chunks_exact_mut(SWEPT);
    let blocks = kinks.par_chunks_exact_mut(SWEPT).zip(powers.par_chunks_exact(SWEPT)).zip(asked);
    blocks.enumerate().for_each(|(index, ((kinks, powers), asked))| {
        if asked.iter().filter(|&&asked| asked).count() < SWEPT / 2 {
            return;
        }
        let row = |i: usize| &row(i)[index * SWEPT..];
        let lines = asked.chunks(LINE).zip(powers.chunks(LINE)).enumerate();
        let own = |i: usize| shrinkings.from(index * SWEPT + i * LINE);
        let sought = lines.map(|(i, (asked, powers))| own(i).sought(asked, powers));
        let found = kernel::search_swept(&row, rows, &sought.collect::<Vec<_>>());
        for ((kink, asked), found) in kinks.iter_mut().zip(asked).zip(found) {
            if let Some(found) = found {
                (*kink, *asked) = (found, false);
            }
        }
    });
}

/// Parts that rows are looked at in, so that threads share them.
const PARTS: usize = 8;

/// Whether an element of each column is below zero: row after row, as memory is read the fastest.
fn negative<'a, T: Number>(
    row: &(dyn Fn(usize) -> &'a [T] + Sync),
    rows: usize,
    columns: usize,
) -> Vec<bool> {
    let part = rows.div_ceil(PARTS).max(1);
    let parts = (0..rows.div_ceil(part)).into_par_iter().map(|i| {
        let first = i * part;
        let row = |i: usize| &row(first + i)[..columns];
        kernel::negative_columns(&row, part.min(rows - first), columns)
    });
    let either = |a: Vec<bool>, b: Vec<bool>| a.into_iter().zip(b).map(|(a, b)| a | b).collect();
    parts.reduce(|| vec![false; columns], either)
}
