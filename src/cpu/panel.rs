//! Some columns of every row, which one thread reduces and stores while they are in its cache.

use rayon::prelude::*;

use super::drive::norm;
use super::found::Found;
use super::kernel;
use super::memory::Memory;
use super::number::Number;
use super::outcome::{Kink, Outcomes, with_outcomes};
use super::rule::{Rule, Shrinkings, Slices};
use super::slices;
use super::tile::{Line, Tile};

/// The memory of a panel.
enum Panel<'a, T: Number> {
    /// Rows that are rewritten.
    InPlace(Vec<&'a mut [T]>),
    /// A source whose rows are `stride` apart, and the rows that it goes to.
    Apart(&'a [T], usize, Vec<&'a mut [T]>),
    /// A source, and the norms of its columns.
    Norms(&'a [T], usize, &'a mut [T::Real]),
}

/// Reduces, decides and stores every slice of a matrix, panel by panel.
pub(super) fn run<T: Number>(
    tile: &Tile,
    (rows, columns): (Line, Line),
    width: usize,
    memory: Memory<'_, T>,
    rule: &Rule,
) -> Found {
    let one = |(index, panel): (usize, Panel<'_, T>)| {
        let mut found = Found::default();
        let mut powers = vec![0.0; panel.columns()];
        kernel::add_panel(rule.term, &|i| panel.row(i), rows.size, &mut powers);
        let first = tile.slice + index * width * columns.slice;
        let slices = PanelSlices { panel: &panel, rows: rows.size, first, step: columns.slice };
        let outcomes = rule.decide(&powers, &slices);
        if rule.watches() {
            for (column, &power) in powers.iter().enumerate() {
                rule.note(&mut found, power, outcomes.change(column), slices.number(column));
            }
        }
        panel.store(&powers, &outcomes, rule);
        found
    };
    let panels = panels(memory, &rows, &columns, width);
    // Collected, then merged in order: the sum of the norms has the same bits in every run.
    let found: Vec<Found> = panels.into_par_iter().enumerate().map(one).collect();
    found.into_iter().fold(Found::default(), Found::merge)
}

/// The memory of panels of `width` columns.
fn panels<'a, T: Number>(
    memory: Memory<'a, T>,
    rows: &Line,
    columns: &Line,
    width: usize,
) -> Vec<Panel<'a, T>> {
    let stride = rows.source;
    match memory {
        Memory::InPlace(data) => {
            cut(data, rows, columns, width).into_iter().map(Panel::InPlace).collect()
        }
        Memory::Apart(source, target) => {
            let panels = cut(target, rows, columns, width).into_iter().enumerate();
            panels.map(|(i, rows)| Panel::Apart(&source[i * width..], stride, rows)).collect()
        }
        Memory::Norms(source, norms) => {
            let panels = norms.chunks_mut(width).enumerate();
            panels.map(|(i, norms)| Panel::Norms(&source[i * width..], stride, norms)).collect()
        }
    }
}

/// The rows of every panel, as memory that panels can write at the same time.
fn cut<'a, T>(
    data: &'a mut [T],
    rows: &Line,
    columns: &Line,
    width: usize,
) -> Vec<Vec<&'a mut [T]>> {
    let rows = data.chunks_mut(rows.target).take(rows.size);
    let mut rows: Vec<_> = rows.map(|row| row[..columns.size].chunks_mut(width)).collect();
    let panels = 0..columns.size.div_ceil(width);
    panels.map(|_| rows.iter_mut().filter_map(Iterator::next).collect()).collect()
}

impl<T: Number> Panel<'_, T> {
    fn columns(&self) -> usize {
        match self {
            Panel::InPlace(rows) | Panel::Apart(_, _, rows) => {
                rows.first().map_or(0, |row| row.len())
            }
            Panel::Norms(_, _, norms) => norms.len(),
        }
    }

    /// A row of the source: the elements of the panel, and perhaps what follows them.
    fn row(&self, index: usize) -> &[T] {
        match self {
            Panel::InPlace(rows) => rows[index],
            Panel::Apart(source, stride, _) | Panel::Norms(source, stride, _) => {
                &source[index * stride..]
            }
        }
    }

    fn store(self, powers: &[f64], outcomes: &Outcomes<T::Real>, rule: &Rule) {
        match self {
            Panel::InPlace(rows) => {
                let mut groups = kernel::groups(rows.into_iter());
                with_outcomes!(
                    outcomes,
                    list => kernel::rewrite_panel(&mut groups, list, rule.cut),
                    kept => ()
                );
            }
            Panel::Apart(source, stride, target) => {
                let rows = target.into_iter().enumerate();
                let mut rows = rows.map(|(i, target)| (&source[i * stride..], target));
                with_outcomes!(
                    outcomes,
                    list => kernel::rewrite_panel_into(&mut rows, list, rule.cut),
                    kept => rows.for_each(|(source, target)| {
                        target.copy_from_slice(&source[..target.len()]);
                    })
                );
            }
            Panel::Norms(_, _, norms) => {
                norms.iter_mut().zip(powers).for_each(|(n, &power)| *n = norm::<T>(rule, power));
            }
        }
    }
}

/// The columns of a panel.
struct PanelSlices<'a, 'm, T: Number> {
    panel: &'a Panel<'m, T>,
    rows: usize,
    /// The number of the first slice, and the distance of the next.
    first: usize,
    step: usize,
}

impl<T: Number> Slices for PanelSlices<'_, '_, T> {
    fn kinks(&self, shrinkings: Shrinkings<'_>, powers: &[f64]) -> Vec<Kink> {
        let mut kinks = vec![Kink::KEPT; powers.len()];
        let row = |i: usize| self.panel.row(i);
        slices::columns(shrinkings, &row, self.rows, powers, &mut kinks);
        kinks
    }

    fn number(&self, slot: usize) -> usize {
        self.first + slot * self.step
    }
}
