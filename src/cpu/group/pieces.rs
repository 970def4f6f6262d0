//! How the memories of a group are cut among threads.

use std::ops::Range;

use super::path::Path;
use crate::plan::group::{GroupPlan, Member};
use crate::plan::profile::DeviceKind;

/// A window of one memory, in words of 8 bytes. Windows share no word, so that threads can write them at
/// once, however the views in them are interleaved and whatever their dtypes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    pub memory: usize,
    pub window: Range<usize>,
    /// The members that reach into it.
    pub parts: Range<usize>,
}

impl Piece {
    /// The window in elements of so many bytes.
    pub fn elements(&self, size: usize) -> Range<usize> {
        let each = 8 / size;
        each * self.window.start..each * self.window.end
    }
}

/// Every element of every member in exactly one piece, in the order of memory.
#[derive(Debug)]
pub(crate) struct Pieces {
    /// The path of each member; none of an empty one.
    pub(super) paths: Vec<Option<Path>>,
    pub(super) pieces: Vec<Piece>,
    /// The member of each part.
    pub(super) parts: Vec<usize>,
    /// What one thread works on alone: pieces in a row. Small tensors share a job.
    pub(super) jobs: Vec<Range<usize>>,
}

/// A member's place in memory, in words.
struct Placed {
    memory: usize,
    start: usize,
    end: usize,
    member: usize,
}

impl Pieces {
    pub(crate) fn new(plan: &GroupPlan) -> Self {
        let members = &plan.request().members;
        let place = |(member, m): (usize, &Member)| {
            let size = m.dtype.size();
            let (start, end) = (size * m.layout.offset() / 8, (size * m.layout.end()).div_ceil(8));
            Placed { memory: m.memory, start, end, member }
        };
        let filled = members.iter().enumerate().filter(|(_, m)| !m.layout.is_empty());
        let mut placed: Vec<Placed> = filled.map(place).collect();
        placed.sort_unstable_by_key(|placed| (placed.memory, placed.start, placed.member));
        let grain = grain(plan);
        let mut pieces = Pieces {
            paths: members.iter().map(Path::new).collect(),
            pieces: Vec::new(),
            parts: Vec::new(),
            jobs: Vec::new(),
        };
        for memory in placed.chunk_by(|a, b| a.memory == b.memory) {
            pieces.cut(memory, grain);
        }
        pieces.share(grain);
        pieces
    }

    /// Cuts the members of one memory, in the order of their first elements.
    fn cut(&mut self, members: &[Placed], grain: usize) {
        let mut rest = members.iter().peekable();
        // Those that reach past the last window.
        let mut open: Vec<&Placed> = Vec::new();
        let mut start = 0;
        loop {
            match rest.peek() {
                Some(next) if open.is_empty() => start = next.start,
                None if open.is_empty() => return,
                _ => {}
            }
            let limit = start + grain;
            while let Some(next) = rest.next_if(|next| next.start < limit) {
                open.push(next);
            }
            let reach = open.iter().map(|placed| placed.end).max();
            let end = reach.map_or(limit, |reach| reach.min(limit));
            let first = self.parts.len();
            self.parts.extend(open.iter().map(|placed| placed.member));
            let parts = first..self.parts.len();
            self.pieces.push(Piece { memory: members[0].memory, window: start..end, parts });
            open.retain(|placed| placed.end > end);
            start = end;
        }
    }

    /// Gathers pieces into jobs.
    fn share(&mut self, grain: usize) {
        let (mut first, mut words) = (0, 0);
        for (index, piece) in self.pieces.iter().enumerate() {
            words += piece.window.len();
            if words >= grain || index + 1 == self.pieces.len() {
                self.jobs.push(first..index + 1);
                (first, words) = (index + 1, 0);
            }
        }
    }
}

/// Words of a window: what fits the cache of a thread, or more where every thread gets many all
/// the same. Xeon, 2 threads, 30 million elements, windows of 2^15 to 2^20, best of 41: 8.9 to
/// 7.8 ms read, 10.9 to 9.5 ms where all are scaled. Whether the second pass goes forward or
/// backward makes no difference there (its third cache holds everything).
fn grain(plan: &GroupPlan) -> usize {
    let DeviceKind::Native { threads, cache_bytes } = plan.profile().kind else { return MOST };
    let many = plan.request().bytes() / (8 * 16 * threads.max(1) as u64);
    (many as usize).max(cache_bytes / 8).clamp(1, MOST)
}

/// No thread has more in one sum, which the margin relies on: it adds every 32nd element of a run up.
const MOST: usize = 1 << 19;
