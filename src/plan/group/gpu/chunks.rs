//! Parts → chunks, what one workgroup takes.

use crate::plan::group::gpu::parts::Part;
use crate::plan::group::gpu::sets::Set;
use crate::shader::group::params::Chunk;

/// Marks a chunk that is contiguous.
const NO_BOX: u32 = u32::MAX;

/// Bytes of a line of memory, at whose multiples windows begin.
pub(super) const LINE: usize = 128;

/// The chunks of a set, and the boxes that they refer to. `next` counts the partial sums of each
/// member.
pub(super) fn chunks(
    set: &Set,
    cell: usize,
    length: usize,
    verdict: &dyn Fn(&Part) -> u32,
    boxes: &mut Vec<u32>,
) -> Vec<(usize, Chunk)> {
    let mut chunks = Vec::new();
    for part in &set.parts {
        let base = Chunk { verdict: verdict(part), ..base(part, set, cell, boxes) };
        let mut done = 0;
        while done < part.len() {
            // Every chunk but the first begins with a line of memory. On an H200 (driver 580.159, 2026-11-26)
            // 300 tensors of a billion elements, clipped, then take as long as one tensor (3.14, 3.10 ms), and
            // 9% longer where chunks begin with any whole load.
            let line = LINE / set.pack.bytes() as usize;
            let past = [line, 4].map(|run| (base.first as usize + done) % run);
            let past = past.into_iter().find(|&past| past < length).unwrap_or_default();
            let most = if base.axes == NO_BOX { length - past } else { length };
            let here = most.min(part.len() - done) as u32;
            let moved = if base.axes == NO_BOX { done as u32 } else { 0 };
            let chunk = Chunk {
                first: base.first + moved,
                other_first: base.other_first + moved,
                skipped: done as u32,
                length: here,
                ..base
            };
            chunks.push((part.member, chunk));
            done += here as usize;
        }
    }
    chunks
}

/// What the chunks of a part have in common.
fn base(part: &Part, set: &Set, cell: usize, boxes: &mut Vec<u32>) -> Chunk {
    let axes = if part.is_contiguous() {
        NO_BOX
    } else {
        let at = boxes.len() as u32;
        boxes.push(part.axes.len() as u32);
        for axis in &part.axes {
            boxes.extend([axis.size as u32, axis.stride as u32, axis.other as u32]);
        }
        at
    };
    let (slot, first) = set.find(part, part.place, cell);
    let (other_slot, other_first) = set.find(part, part.other.unwrap_or(part.place), cell);
    Chunk {
        slot,
        first,
        axes,
        other_slot,
        other_first,
        rate: part.rate,
        rows: part.rows.count as u32,
        stride: if set.width == 4 { part.rows.stride / 4 } else { part.rows.stride } as u32,
        adds: u32::from(part.rows.first > 0),
        ..Chunk::default()
    }
}
