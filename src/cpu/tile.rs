//! A part of a request: its axes in memory order, so that halving the outermost one halves memory.

use crate::layout::MAX_RANK;
use crate::plan::Plan;
use crate::plan::geometry::{Axis, Walk};
use crate::plan::profile::DeviceKind;
use crate::plan::schedule::Schedule;

/// No thread adds more elements to one sum, which the margin relies on.
const MOST: usize = 1 << 20;

/// One axis: how far a step along it goes in the source, the target, the direction, the sums of the tile
/// and the slices in row-major order. The last two are 0 if it is reduced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Line {
    pub size: usize,
    pub source: usize,
    pub target: usize,
    pub direction: usize,
    pub slot: usize,
    pub slice: usize,
}

impl Line {
    /// The only axis of a single element.
    pub const ONE: Line = Line { size: 1, source: 1, target: 1, direction: 0, slot: 0, slice: 0 };

    pub fn is_reduced(&self) -> bool {
        self.slice == 0
    }

    pub fn is_contiguous(&self) -> bool {
        self.source == 1 && self.target == 1
    }
}

/// A place in the source, the target, the sums of a tile and the slices in row-major order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct At {
    pub source: usize,
    pub target: usize,
    pub slot: usize,
    pub slice: usize,
}

impl At {
    /// `i` steps along an axis.
    #[inline(always)]
    pub fn step(self, line: &Line, i: usize) -> At {
        At {
            source: self.source + i * line.source,
            target: self.target + i * line.target,
            slot: self.slot + i * line.slot,
            slice: self.slice + i * line.slice,
        }
    }
}

/// Whose memory order the axes follow: what is split for writing must be in order of the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Source,
    Target,
}

/// Axes in memory order, outermost first, and how they are walked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tile {
    lines: [Line; MAX_RANK],
    first: usize,
    end: usize,
    /// The first slice, in row-major order of the kept axes.
    pub slice: usize,
    pub walk: Walk,
    /// Columns of a panel; 0 where a matrix is swept twice instead.
    panel: usize,
    /// Elements that one thread works on alone.
    grain: usize,
}

impl Tile {
    pub fn new(plan: &Plan, order: Order) -> Self {
        let geometry = plan.geometry();
        let mut lines = [Line::ONE; MAX_RANK];
        let mut end = 0;
        // Never more than MAX_RANK: a layout has no more axes than that.
        for (line, axis) in lines.iter_mut().zip(geometry.kept.iter().chain(&geometry.reduced)) {
            let Axis { size, source, target, direction, slice } = *axis;
            *line = Line { size, source, target, direction, slot: 0, slice };
            end += 1;
        }
        lines[..end].sort_by_key(|line| match order {
            Order::Source => std::cmp::Reverse(line.source),
            Order::Target => std::cmp::Reverse(line.target),
        });
        let mut slots = 1;
        for line in lines[..end].iter_mut().rev().filter(|line| !line.is_reduced()) {
            line.slot = slots;
            slots *= line.size;
        }
        let (walk, panel) = match plan.schedule() {
            Schedule::Native { walk, panel } => (walk, panel as usize),
            _ => (Walk::Strided, 0),
        };
        let grain = match plan.profile().kind {
            DeviceKind::Native { cache_bytes, .. } => {
                (cache_bytes / plan.request().dtype.size()).min(MOST)
            }
            DeviceKind::Gpu(_) => MOST,
        };
        Tile { lines, first: 0, end, slice: 0, walk, panel, grain }
    }

    /// The axes, outermost first.
    pub fn axes(&self) -> &[Line] {
        &self.lines[self.first..self.end]
    }

    pub fn elements(&self) -> usize {
        self.axes().iter().map(|line| line.size).product()
    }

    /// The number of slices.
    pub fn slots(&self) -> usize {
        self.axes().iter().filter(|line| !line.is_reduced()).map(|line| line.size).product()
    }

    /// Whether memory holds its slices in row-major order of the kept axes.
    pub fn is_in_order(&self) -> bool {
        self.axes().iter().all(|line| line.slot == line.slice)
    }

    /// The slice of a slot, in row-major order of the kept axes.
    pub fn slice_of(&self, slot: usize) -> usize {
        let kept = self.axes().iter().filter(|line| !line.is_reduced());
        self.slice + kept.map(|line| slot / line.slot % line.size * line.slice).sum::<usize>()
    }

    /// Visits every slot with the number of its slice, in row-major order of the kept axes.
    pub fn each_slice(&self, visit: &mut impl FnMut(usize, usize)) {
        each_slice(self.axes(), self.start(), visit);
    }

    /// Whether it is more than one thread should work on alone. Waking a second thread costs what
    /// it saves on less: 784×256 (0.8 MB) takes 17 µs by one thread, 22 µs by two (Xeon; 36 and
    /// 49 µs where every column is scaled).
    pub fn is_large(&self) -> bool {
        self.elements() > self.grain
    }

    /// Where its first element is, counted from the start of its part of memory.
    pub fn start(&self) -> At {
        At { slice: self.slice, ..At::default() }
    }

    /// The two halves of the outermost axis, that axis, and where the second half starts on it.
    pub fn halves(&self) -> Option<(Tile, Tile, Line, usize)> {
        let outer = *self.axes().first()?;
        let middle = outer.size / 2;
        if middle == 0 {
            return None;
        }
        let (mut left, mut right) = (*self, *self);
        left.resize_outer(middle);
        right.resize_outer(outer.size - middle);
        right.slice += middle * outer.slice;
        Some((left, right, outer, middle))
    }

    /// Rows and columns of a matrix that is to be walked in panels, and their width.
    pub fn panels(&self) -> Option<((Line, Line), usize)> {
        match *self.axes() {
            [rows, columns]
                if rows.is_reduced()
                    && columns.is_contiguous()
                    && self.panel > 0
                    && self.is_large() =>
            {
                Some(((rows, columns), self.panel))
            }
            _ => None,
        }
    }

    /// Two matrices side by side of one that has many columns, and the column between them.
    pub fn cut_between_columns(&self, wide: usize) -> Option<(Tile, Tile, usize)> {
        let [rows, columns] = self.axes() else { return None };
        if !rows.is_reduced() || columns.source != 1 || columns.size <= wide {
            return None;
        }
        let cut = columns.size / 2;
        let (mut left, mut right) = (*self, *self);
        left.lines[self.end - 1].size = cut;
        right.lines[self.end - 1].size = columns.size - cut;
        Some((left, right, cut))
    }

    /// An axis of one step vanishes, so that the next one can be halved.
    fn resize_outer(&mut self, size: usize) {
        self.lines[self.first].size = size;
        if size == 1 {
            self.first += 1;
        }
    }
}

fn each_slice(axes: &[Line], at: At, visit: &mut impl FnMut(usize, usize)) {
    match axes {
        [] => visit(at.slot, at.slice),
        [line, rest @ ..] if line.is_reduced() => each_slice(rest, at, visit),
        [line, rest @ ..] => {
            (0..line.size).for_each(|i| each_slice(rest, at.step(line, i), visit));
        }
    }
}
