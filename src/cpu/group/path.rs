//! The elements of a member in the order of memory, and of the weights beside them.

use std::ops::Range;

use crate::layout::MAX_RANK;
use crate::plan::group::Member;

/// One axis: how far a step along it goes in the member, and in the weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Line {
    size: usize,
    stride: usize,
    weight: usize,
}

/// Axes in memory order, outermost first; axes that follow each other without a gap are one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Path {
    start: usize,
    lines: [Line; MAX_RANK],
    count: usize,
}

/// Elements at equal distances: `at` counts from the start of the window, `weight` from the first
/// weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    pub at: usize,
    pub weight: usize,
    pub size: usize,
    pub stride: usize,
    pub weight_stride: usize,
}

impl Path {
    /// The path of a member; none if it is empty.
    pub fn new(member: &Member) -> Option<Self> {
        let layout = &member.layout;
        if layout.is_empty() {
            return None;
        }
        let mut axes = [Line::default(); MAX_RANK];
        let mut rank = 0;
        for d in (0..layout.rank()).filter(|&d| layout.shape()[d] > 1) {
            let weight = member.companion.map_or(0, |companion| companion.layout.strides()[d]);
            axes[rank] = Line { size: layout.shape()[d], stride: layout.strides()[d], weight };
            rank += 1;
        }
        axes[..rank].sort_unstable_by_key(|line| std::cmp::Reverse(line.stride));
        let mut path =
            Path { start: layout.offset(), lines: [Line::default(); MAX_RANK], count: 0 };
        for line in &axes[..rank] {
            match path.lines[..path.count].last_mut() {
                Some(outer)
                    if outer.stride == line.size * line.stride
                        && outer.weight == line.size * line.weight =>
                {
                    *outer = Line { size: outer.size * line.size, ..*line };
                }
                _ => {
                    path.lines[path.count] = *line;
                    path.count += 1;
                }
            }
        }
        Some(path)
    }

    /// Visits the elements whose places in memory are in a window.
    #[inline(always)]
    pub fn walk(&self, window: &Range<usize>, visit: &mut impl FnMut(Run)) {
        let run = Run { at: self.start, weight: 0, size: 1, stride: 1, weight_stride: 1 };
        descend(&self.lines[..self.count], run, window, visit);
    }
}

/// The steps along an axis from `at` whose reach, `reach` elements from the first, meets a window.
fn steps(line: &Line, at: usize, reach: usize, window: &Range<usize>) -> Range<usize> {
    let first = (window.start + 1).saturating_sub(at + reach).div_ceil(line.stride);
    let end = window.end.saturating_sub(at).div_ceil(line.stride);
    first..end.min(line.size)
}

fn descend(lines: &[Line], run: Run, window: &Range<usize>, visit: &mut impl FnMut(Run)) {
    match lines {
        [] => {
            if window.contains(&run.at) {
                visit(Run { at: run.at - window.start, ..run });
            }
        }
        [line] => {
            let steps = steps(line, run.at, 1, window);
            if !steps.is_empty() {
                visit(Run {
                    at: run.at + steps.start * line.stride - window.start,
                    weight: run.weight + steps.start * line.weight,
                    size: steps.len(),
                    stride: line.stride,
                    weight_stride: line.weight,
                });
            }
        }
        [line, rest @ ..] => {
            // Strides nest: a step along an axis goes further than all axes inside it reach.
            let reach = 1 + rest.iter().map(|line| (line.size - 1) * line.stride).sum::<usize>();
            for i in steps(line, run.at, reach, window) {
                let (at, weight) = (run.at + i * line.stride, run.weight + i * line.weight);
                descend(rest, Run { at, weight, ..run }, window, visit);
            }
        }
    }
}
