//! Some columns of every row, which one thread reduces and stores while they are in its cache.

use rayon::prelude::*;

use super::kernel;
use super::part::{Apart, InPlace, Norms, Part};
use super::rule::Rule;
use super::store::narrowed;
use super::tile::{Line, Tile};
use crate::report::Tally;

/// The memory of a panel.
pub(super) trait Panel: Send {
    fn columns(&self) -> usize;

    /// A row of the source: the elements of the panel, and perhaps what follows them.
    fn row(&self, index: usize) -> &[f32];

    fn finish(self, sums: &mut [f64], rule: &Rule);
}

/// Reduces, decides and stores every slice of a matrix, panel by panel.
pub(super) fn run<P: Part>(
    tile: &Tile,
    (rows, columns): (Line, Line),
    width: usize,
    part: P,
    rule: &Rule,
) -> Tally {
    let one = |(index, panel): (usize, P::Panel)| {
        let (mut sums, mut tally) = (vec![0.0; panel.columns()], Tally::default());
        kernel::add_panel(|i| panel.row(i), rows.size, &mut sums);
        if rule.report {
            for (column, &sum) in sums.iter().enumerate() {
                rule.count(&mut tally, sum, tile.slice + (index * width + column) * columns.slice);
            }
        }
        panel.finish(&mut sums, rule);
        tally
    };
    let panels = part.panels(&rows, &columns, width);
    // Collected, then merged in order: the sum of the norms has the same bits in every run.
    let tallies: Vec<Tally> = panels.into_par_iter().enumerate().map(one).collect();
    tallies.into_iter().fold(Tally::default(), Tally::merge)
}

/// The rows of every panel, as memory that panels can write at the same time.
fn cut<'a>(
    data: &'a mut [f32],
    rows: &Line,
    columns: &Line,
    width: usize,
) -> Vec<Vec<&'a mut [f32]>> {
    let rows = data.chunks_mut(rows.target).take(rows.size);
    let mut rows: Vec<_> = rows.map(|row| row[..columns.size].chunks_mut(width)).collect();
    let panels = 0..columns.size.div_ceil(width);
    panels.map(|_| rows.iter_mut().filter_map(Iterator::next).collect()).collect()
}

/// The elements of a panel that are projected in place.
pub(super) struct PanelInPlace<'a>(Vec<&'a mut [f32]>);

/// The elements of a panel, and where they go.
pub(super) struct PanelApart<'a> {
    source: &'a [f32],
    stride: usize,
    target: Vec<&'a mut [f32]>,
}

/// The elements of a panel, and where their norms go.
pub(super) struct PanelNorms<'a> {
    source: &'a [f32],
    stride: usize,
    norms: &'a mut [f32],
}

impl<'a> InPlace<'a> {
    pub fn cut(self, rows: &Line, columns: &Line, width: usize) -> Vec<PanelInPlace<'a>> {
        cut(self.data, rows, columns, width).into_iter().map(PanelInPlace).collect()
    }
}

impl<'a> Apart<'a> {
    pub fn cut(self, rows: &Line, columns: &Line, width: usize) -> Vec<PanelApart<'a>> {
        let panels = cut(self.target, rows, columns, width).into_iter().enumerate();
        let source = |index: usize| &self.source[index * width..];
        let stride = rows.source;
        panels.map(|(index, target)| PanelApart { source: source(index), stride, target }).collect()
    }
}

impl<'a> Norms<'a> {
    pub fn cut(self, rows: &Line, width: usize) -> Vec<PanelNorms<'a>> {
        let panels = self.norms.chunks_mut(width).enumerate();
        let source = |index: usize| &self.source[index * width..];
        let stride = rows.source;
        panels.map(|(index, norms)| PanelNorms { source: source(index), stride, norms }).collect()
    }
}

impl Panel for PanelInPlace<'_> {
    fn columns(&self) -> usize {
        self.0.first().map_or(0, |row| row.len())
    }

    #[inline(always)]
    fn row(&self, index: usize) -> &[f32] {
        self.0[index]
    }

    fn finish(self, sums: &mut [f64], rule: &Rule) {
        let kinds = kernel::factors(sums, rule);
        let groups = kernel::groups(self.0.into_iter());
        match (kinds.scaled, kinds.tiny) {
            (false, _) => {}
            (true, false) => kernel::scale_panel(groups, &narrowed(sums)),
            (true, true) => kernel::scale_panel(groups, sums),
        }
    }
}

impl Panel for PanelApart<'_> {
    fn columns(&self) -> usize {
        self.target.first().map_or(0, |row| row.len())
    }

    #[inline(always)]
    fn row(&self, index: usize) -> &[f32] {
        &self.source[index * self.stride..]
    }

    fn finish(self, sums: &mut [f64], rule: &Rule) {
        let PanelApart { source, stride, target } = self;
        let rows = target.into_iter().enumerate();
        let rows = rows.map(|(i, target)| (&source[i * stride..], target));
        if kernel::factors(sums, rule).tiny {
            kernel::scale_panel_into::<f64>(rows, sums);
        } else {
            kernel::scale_panel_into::<f32>(rows, &narrowed(sums));
        }
    }
}

impl Panel for PanelNorms<'_> {
    fn columns(&self) -> usize {
        self.norms.len()
    }

    #[inline(always)]
    fn row(&self, index: usize) -> &[f32] {
        &self.source[index * self.stride..]
    }

    fn finish(self, sums: &mut [f64], _rule: &Rule) {
        kernel::roots(sums, self.norms);
    }
}
