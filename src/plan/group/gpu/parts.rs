//! Members → parts: boxes of axes that lie in one cell of memory, contiguous wherever they can be.
//!
//! Memory is divided into cells as large as a binding may be, and every part lies in one cell (the
//! weights that decay with it in another). Windows that are bound therefore never overlap.

use crate::layout::Layout;
use crate::plan::group::request::Member;
use crate::shader::variant::Pack;

/// One axis of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PartAxis {
    pub size: usize,
    pub stride: usize,
    /// The stride of the weights that decay.
    pub other: usize,
}

/// Where a part's elements begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub memory: usize,
    pub first: usize,
}

/// Examples of the other tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Rows {
    pub first: usize,
    pub count: usize,
    pub stride: usize,
}

/// A box of elements of one member.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Part {
    pub member: usize,
    pub pack: Pack,
    pub place: Place,
    pub other: Option<Place>,
    pub rate: f64,
    /// Of a sum: the examples that its other tensor has here, from which one on, and how far apart.
    pub rows: Rows,
    /// Outermost first; none for one element.
    pub axes: Vec<PartAxis>,
}

impl Part {
    /// The parts of a member; `cell` counts bytes.
    pub fn of(index: usize, member: &Member, pack: Pack, cell: usize) -> Vec<Part> {
        Self::of_rows(index, member, pack, cell, Rows::default())
    }

    /// The parts of the sum of some examples, of which the companion is the first.
    pub fn of_rows(
        index: usize,
        member: &Member,
        pack: Pack,
        cell: usize,
        rows: Rows,
    ) -> Vec<Part> {
        if member.layout.is_empty() {
            return Vec::new();
        }
        // Without a rate nothing decays, and the weights need not be bound.
        let companion = member.companion.filter(|companion| companion.rate != 0.0);
        let other = companion.map(|c| Place { memory: c.memory, first: c.layout.offset() });
        let whole = Part {
            member: index,
            pack,
            place: Place { memory: member.memory, first: member.layout.offset() },
            other,
            rate: companion.map_or(0.0, |companion| companion.rate),
            rows,
            axes: merged(&member.layout, companion.map(|companion| companion.layout).as_ref()),
        };
        let mut parts = Vec::new();
        whole.divide(cell / pack.bytes() as usize, &mut parts);
        parts
    }

    /// The cell of a place, whose size counts bytes.
    pub fn cell_of(&self, place: Place, cell: usize) -> usize {
        self.pack.bytes() as usize * place.first / cell
    }

    /// How many elements there are.
    pub fn len(&self) -> usize {
        self.axes.iter().map(|axis| axis.size).product()
    }

    /// Whether the elements lie side by side, and those of the weights too.
    pub fn is_contiguous(&self) -> bool {
        match self.axes[..] {
            [] => true,
            [axis] => axis.stride == 1 && (axis.other == 1 || self.other.is_none()),
            _ => false,
        }
    }

    /// The last element, and that of the weights.
    pub fn last(&self) -> (usize, Option<usize>) {
        let reach = |stride: fn(&PartAxis) -> usize| -> usize {
            self.axes.iter().map(|axis| (axis.size - 1) * stride(axis)).sum()
        };
        let Rows { count, stride, .. } = self.rows;
        let rows = count.saturating_sub(1) * stride;
        let other = self.other.map(|place| place.first + rows + reach(|axis| axis.other));
        (self.place.first + reach(|axis| axis.stride), other)
    }

    /// Whether the elements begin or end amid a word of 32 bits, whose other half belongs to others.
    pub fn shares_words(&self) -> bool {
        let per_word = 4 / self.pack.bytes() as usize;
        let end = self.last().0 + 1;
        !self.place.first.is_multiple_of(per_word) || !end.is_multiple_of(per_word)
    }

    fn fits(&self, cell: usize) -> bool {
        let (last, other_last) = self.last();
        let one = |first: usize, last: usize| first / cell == last / cell;
        let other = self.other.zip(other_last).is_none_or(|(place, last)| one(place.first, last));
        one(self.place.first, last) && other
    }

    fn own_fits(&self, cell: usize) -> bool {
        self.place.first / cell == self.last().0 / cell
    }

    fn divide(self, cell: usize, parts: &mut Vec<Part>) {
        if self.fits(cell) {
            return parts.push(self);
        }
        if self.rows.count > 1 && self.own_fits(cell) {
            let half = self.rows.count / 2;
            let (mut left, mut right) = (self.clone(), self);
            left.rows.count = half;
            right.rows.count -= half;
            right.rows.first += half;
            if let Some(other) = &mut right.other {
                other.first += half * right.rows.stride;
            }
            left.divide(cell, parts);
            return right.divide(cell, parts);
        }
        // One element fits, so that there is an axis of more.
        let Some(d) = self.axes.iter().position(|axis| axis.size > 1) else {
            return parts.push(self);
        };
        let axis = self.axes[d];
        let cut = if self.is_contiguous() {
            // At the end of a cell, where a load of four ends too.
            let here = cell - self.place.first % cell;
            let there = self.other.map_or(usize::MAX, |place| cell - place.first % cell);
            here.min(there)
        } else {
            axis.size / 2
        };
        let (mut left, mut right) = (self.clone(), self);
        left.axes[d].size = cut;
        right.axes[d].size -= cut;
        right.place.first += cut * axis.stride;
        if let Some(other) = &mut right.other {
            other.first += cut * axis.other;
        }
        left.divide(cell, parts);
        right.divide(cell, parts);
    }
}

/// The axes of a layout in the order of memory, merged where they are contiguous in both layouts.
/// The order of elements does not matter to a norm of all of them.
fn merged(layout: &Layout, other: Option<&Layout>) -> Vec<PartAxis> {
    let axis = |d: usize| PartAxis {
        size: layout.shape()[d],
        stride: layout.strides()[d],
        other: other.map_or(layout.strides()[d], |other| other.strides()[d]),
    };
    let mut axes: Vec<PartAxis> =
        (0..layout.rank()).map(axis).filter(|axis| axis.size > 1).collect();
    axes.sort_by_key(|axis| std::cmp::Reverse(axis.stride));
    let mut merged: Vec<PartAxis> = Vec::new();
    for axis in axes {
        match merged.last_mut() {
            Some(outer)
                if outer.stride == axis.size * axis.stride
                    && outer.other == axis.size * axis.other =>
            {
                *outer = PartAxis { size: outer.size * axis.size, ..axis };
            }
            _ => merged.push(axis),
        }
    }
    merged
}
