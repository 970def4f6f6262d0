//! What a tile reads and writes, in the three forms of a request.

use super::factor::{Factor, fits_f32};
use super::kernel;
use super::panel::{Panel, PanelApart, PanelInPlace, PanelNorms};
use super::rule::Rule;
use super::store::{self, Store};
use super::tile::{At, Line, Tile};

/// The memory of a tile. Parts of a split share no element that is written.
pub(super) trait Part: Send + Sized {
    /// The memory of some columns of every row.
    type Panel: Panel;

    fn source(&self) -> &[f32];

    /// The memory of the two halves of the outermost axis.
    fn split(self, outer: &Line, middle: usize) -> (Self, Self);

    /// The memory of panels of `width` columns.
    fn panels(self, rows: &Line, columns: &Line, width: usize) -> Vec<Self::Panel>;

    /// Finishes a slice that is one contiguous run and still in cache, by its factor or the mark
    /// that it is kept.
    fn finish_row(&mut self, at: At, length: usize, sum: f64, factor: f64);

    /// Finishes every slice of a tile, by all threads if it is large.
    fn finish(self, tile: &Tile, sums: &mut [f64], rule: &Rule);
}

/// The result goes over the source.
pub(super) struct InPlace<'a> {
    pub data: &'a mut [f32],
}

/// The result goes to other memory.
pub(super) struct Apart<'a> {
    pub source: &'a [f32],
    pub target: &'a mut [f32],
}

/// The result is the norm of each slice, in the order of the tile.
pub(super) struct Norms<'a> {
    pub source: &'a [f32],
    pub norms: &'a mut [f32],
}

impl<'a> Part for InPlace<'a> {
    type Panel = PanelInPlace<'a>;

    fn source(&self) -> &[f32] {
        self.data
    }

    fn split(self, outer: &Line, middle: usize) -> (Self, Self) {
        let (a, b) = self.data.split_at_mut(middle * outer.target);
        (InPlace { data: a }, InPlace { data: b })
    }

    fn panels(self, rows: &Line, columns: &Line, width: usize) -> Vec<Self::Panel> {
        self.cut(rows, columns, width)
    }

    #[inline(always)]
    fn finish_row(&mut self, at: At, length: usize, _sum: f64, factor: f64) {
        if factor.keeps() {
            return;
        }
        let row = &mut self.data[at.target..at.target + length];
        if fits_f32(factor) {
            kernel::scale_each(row, factor as f32);
        } else {
            kernel::scale_each(row, factor);
        }
    }

    fn finish(self, tile: &Tile, sums: &mut [f64], rule: &Rule) {
        let kinds = kernel::factors(sums, rule);
        // Nothing is read a second time where nothing violates.
        if kinds.scaled {
            store::store(tile, self, sums, kinds);
        }
    }
}

impl<'a> Part for Apart<'a> {
    type Panel = PanelApart<'a>;

    fn source(&self) -> &[f32] {
        self.source
    }

    fn split(self, outer: &Line, middle: usize) -> (Self, Self) {
        let (a, b) = self.target.split_at_mut(middle * outer.target);
        let rest = &self.source[middle * outer.source..];
        (Apart { source: self.source, target: a }, Apart { source: rest, target: b })
    }

    fn panels(self, rows: &Line, columns: &Line, width: usize) -> Vec<Self::Panel> {
        self.cut(rows, columns, width)
    }

    #[inline(always)]
    fn finish_row(&mut self, at: At, length: usize, _sum: f64, factor: f64) {
        let source = &self.source[at.source..at.source + length];
        let target = &mut self.target[at.target..at.target + length];
        if factor.keeps() {
            target.copy_from_slice(source);
        } else if fits_f32(factor) {
            kernel::scale_each_into(source, target, factor as f32);
        } else {
            kernel::scale_each_into(source, target, factor);
        }
    }

    fn finish(self, tile: &Tile, sums: &mut [f64], rule: &Rule) {
        let kinds = kernel::factors(sums, rule);
        store::store(tile, self, sums, kinds);
    }
}

impl<'a> Part for Norms<'a> {
    type Panel = PanelNorms<'a>;

    fn source(&self) -> &[f32] {
        self.source
    }

    fn split(self, outer: &Line, middle: usize) -> (Self, Self) {
        let (a, b) = self.norms.split_at_mut(middle * outer.slot);
        let rest = &self.source[middle * outer.source..];
        (Norms { source: self.source, norms: a }, Norms { source: rest, norms: b })
    }

    fn panels(self, rows: &Line, _columns: &Line, width: usize) -> Vec<Self::Panel> {
        self.cut(rows, width)
    }

    #[inline(always)]
    fn finish_row(&mut self, at: At, _length: usize, sum: f64, _factor: f64) {
        // Beyond f32 this is infinite, as the contract says; NaN stays NaN.
        self.norms[at.slot] = sum.sqrt() as f32;
    }

    fn finish(self, _tile: &Tile, sums: &mut [f64], _rule: &Rule) {
        kernel::roots(sums, self.norms);
    }
}

impl Store for InPlace<'_> {
    fn run<F: Factor>(&mut self, at: At, run: &Line, factor: F) {
        if factor.keeps() {
            return;
        }
        let data = &mut self.data[at.target..];
        if run.target == 1 {
            kernel::scale(&mut data[..run.size], factor);
        } else {
            let elements = data.iter_mut().step_by(run.target).take(run.size);
            elements.for_each(|x| *x = factor.scaled(*x));
        }
    }

    fn across<F: Factor>(&mut self, at: At, run: &Line, factors: &[F]) {
        let elements = self.data[at.target..].iter_mut().step_by(run.target);
        for (x, factor) in elements.zip(factors).filter(|(_, factor)| !factor.keeps()) {
            *x = factor.scaled(*x);
        }
    }

    fn columns<F: Factor>(&mut self, at: At, rows: &Line, factors: &[F]) {
        kernel::scale_columns(&mut self.data[at.target..], rows, factors);
    }
}

impl Store for Apart<'_> {
    fn run<F: Factor>(&mut self, at: At, run: &Line, factor: F) {
        let (source, target) = (&self.source[at.source..], &mut self.target[at.target..]);
        if run.is_contiguous() {
            let (source, target) = (&source[..run.size], &mut target[..run.size]);
            if factor.keeps() {
                target.copy_from_slice(source);
            } else {
                kernel::scale_into(source, target, factor);
            }
        } else {
            let elements = source.iter().step_by(run.source).take(run.size);
            let places = target.iter_mut().step_by(run.target);
            places.zip(elements).for_each(|(y, &x)| *y = factor.scaled(x));
        }
    }

    fn across<F: Factor>(&mut self, at: At, run: &Line, factors: &[F]) {
        let elements = self.source[at.source..].iter().step_by(run.source);
        let places = self.target[at.target..].iter_mut().step_by(run.target);
        for ((y, &x), factor) in places.zip(elements).zip(factors) {
            *y = factor.scaled(x);
        }
    }

    fn columns<F: Factor>(&mut self, at: At, rows: &Line, factors: &[F]) {
        let (source, target) = (&self.source[at.source..], &mut self.target[at.target..]);
        kernel::scale_columns_into(source, target, rows, factors);
    }
}
