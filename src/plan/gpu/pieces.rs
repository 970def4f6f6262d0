//! Cuts a request into pieces that an adapter can bind: slabs of slices whose scratch is bounded,
//! and within a slab boxes whose memory fits one binding.

use std::ops::Range;

use crate::plan::geometry::{Axis, Geometry};

/// Elements that a cut of a contiguous axis is rounded to: 256 bytes of f32, so that no cut splits a
/// vector load or moves the alignment of a window.
const GRANULE: usize = 64;
/// Elements of a vector load.
const VECTOR: usize = 4;

/// A range on every axis.
pub(super) type Box = Vec<Range<usize>>;

/// A box of slices and the boxes of their elements that fit one binding each.
pub(super) struct Piece {
    pub kept: Box,
    pub reduced: Box,
    /// The rows of the table that are bound, where indices name slices.
    pub rows: Option<Range<usize>>,
}

/// Boxes of kept axes, each of `most` slices or fewer where that can be, which follow one another
/// in the order of the slices.
pub(super) fn slabs(kept: &[Axis], most: usize) -> Vec<Box> {
    let whole: Box = kept.iter().map(|axis| 0..axis.size).collect();
    let mut slabs = vec![whole];
    for d in 0..kept.len() {
        let inner: usize = kept[d + 1..].iter().map(|axis| axis.size).product();
        if inner * kept[d].size <= most {
            break;
        }
        // Either a few whole indices of this axis fit, or it is cut to single ones and the next
        // axis is cut as well.
        let part = rounded(most / inner.max(1), kept[d].source).clamp(1, kept[d].size);
        slabs = slabs.into_iter().flat_map(|slab| cut(slab, d, part)).collect();
        if part > 1 {
            break;
        }
    }
    slabs
}

fn cut(slab: Box, d: usize, part: usize) -> Vec<Box> {
    let range = slab[d].clone();
    range
        .clone()
        .step_by(part)
        .map(|start| {
            let mut cut = slab.clone();
            cut[d] = start..(start + part).min(range.end);
            cut
        })
        .collect()
}

/// The pieces of a slab: every box spans at most `most` elements of source, target and direction. None if
/// slices would have to be cut and must not be.
pub(super) fn pieces(
    geometry: &Geometry,
    slab: &Box,
    most: usize,
    may_cut_slices: bool,
) -> Option<Vec<Piece>> {
    let axes: Vec<Axis> = geometry.kept.iter().chain(&geometry.reduced).copied().collect();
    let kept = geometry.kept.len();
    let mut parts: Vec<usize> = slab
        .iter()
        .map(|range| range.len())
        .chain(geometry.reduced.iter().map(|axis| axis.size))
        .collect();
    while let Some(excess) = excess(&axes, &parts, most) {
        let widest = (0..axes.len()).filter(|&d| parts[d] > 1).max_by_key(|&d| stride(&axes[d]))?;
        if widest >= kept && !may_cut_slices {
            return None;
        }
        let stride = stride(&axes[widest]);
        let shrunk = parts[widest].saturating_sub(excess.div_ceil(stride)).max(1);
        parts[widest] = rounded(shrunk, stride);
    }
    let grid = |d: usize, range: Range<usize>| -> Vec<Range<usize>> {
        // As many parts as it takes, all of about one size: no last part that keeps nothing busy.
        let even = range.len().div_ceil(range.len().div_ceil(parts[d]).max(1)).max(1);
        let contiguous = stride(&axes[d]) == 1;
        let cuts = range.len() > parts[d] && contiguous && parts[d] > GRANULE;
        let part = if cuts { even.next_multiple_of(GRANULE) } else { even };
        let end = range.end;
        range.step_by(part).map(|start| start..(start + part).min(end)).collect()
    };
    let kept_boxes = product((0..kept).map(|d| grid(d, slab[d].clone())));
    let reduced_boxes =
        product(geometry.reduced.iter().enumerate().map(|(d, axis)| grid(kept + d, 0..axis.size)));
    let mut pieces = Vec::with_capacity(kept_boxes.len() * reduced_boxes.len());
    for reduced in &reduced_boxes {
        for kept in &kept_boxes {
            pieces.push(Piece { kept: kept.clone(), reduced: reduced.clone(), rows: None });
        }
    }
    Some(pieces)
}

/// How far a step along an axis goes, at most.
fn stride(axis: &Axis) -> usize {
    axis.source.max(axis.target).max(axis.direction)
}

/// How many elements the largest box spans beyond `most`, in the source, the target or the direction.
fn excess(axes: &[Axis], parts: &[usize], most: usize) -> Option<usize> {
    let span = |stride: fn(&Axis) -> usize| {
        axes.iter()
            .zip(parts)
            .map(|(axis, part)| part.saturating_sub(1) * stride(axis))
            .sum::<usize>()
            + 1
    };
    let span =
        span(|axis| axis.source).max(span(|axis| axis.target)).max(span(|axis| axis.direction));
    (span > most).then(|| span - most)
}

/// A cut of a contiguous axis keeps whole granules, or if it has none, whole vectors.
fn rounded(part: usize, stride: usize) -> usize {
    match part {
        _ if stride != 1 => part,
        0..VECTOR => part,
        VECTOR..GRANULE => part / VECTOR * VECTOR,
        _ => part / GRANULE * GRANULE,
    }
}

fn product(axes: impl Iterator<Item = Vec<Range<usize>>>) -> Vec<Box> {
    axes.fold(vec![Vec::new()], |boxes, ranges| {
        let extend = |done: &Box| -> Vec<Box> {
            ranges
                .iter()
                .map(|range| [done.as_slice(), std::slice::from_ref(range)].concat())
                .collect()
        };
        boxes.iter().flat_map(extend).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dtype::DType;
    use crate::layout::Layout;

    fn geometry(shape: &[usize], axes: &[usize]) -> Geometry {
        let layout = Layout::contiguous(shape).unwrap();
        let reduced: Vec<bool> = (0..shape.len()).map(|d| axes.contains(&d)).collect();
        Geometry::new(&reduced, &layout, &layout, DType::F32, true).unwrap()
    }

    fn elements(piece: &Piece) -> usize {
        piece.kept.iter().chain(&piece.reduced).map(|range| range.len()).product()
    }

    #[test]
    fn every_element_is_in_one_piece_and_every_piece_fits() {
        for (shape, axes) in [
            (vec![1 << 20], vec![0]),
            (vec![1000, 3000], vec![0]),
            (vec![1000, 3000], vec![1]),
            (vec![3, 1 << 18], vec![0]),
            (vec![7, 11, 130, 64, 3], vec![0, 2, 4]),
        ] {
            let geometry = geometry(&shape, &axes);
            for most_slices in [1 << 30, 1000, 1] {
                let mut total = 0;
                let mut next = 0;
                for slab in slabs(&geometry.kept, most_slices) {
                    let slices: usize = slab.iter().map(|range| range.len()).product();
                    assert!(slices <= most_slices);
                    next += slices;
                    for piece in pieces(&geometry, &slab, 50_000, true).unwrap() {
                        total += elements(&piece);
                        let boxes = piece.kept.iter().chain(&piece.reduced);
                        let axes = geometry.kept.iter().chain(&geometry.reduced);
                        let reach: usize =
                            boxes.zip(axes).map(|(b, a)| (b.len() - 1) * a.source).sum();
                        assert!(reach < 50_000, "{shape:?}");
                    }
                }
                assert_eq!(next, geometry.slices(), "{shape:?}");
                assert_eq!(total, geometry.elements(), "{shape:?}");
            }
        }
    }

    #[test]
    fn a_resident_slice_is_never_cut() {
        let columns = geometry(&[4, 1 << 18], &[0]);
        let slab = slabs(&columns.kept, usize::MAX).remove(0);
        assert!(pieces(&columns, &slab, 1 << 17, false).is_none());
        let rows = geometry(&[1 << 10, 1 << 10], &[1]);
        let slab = slabs(&rows.kept, usize::MAX).remove(0);
        assert_eq!(pieces(&rows, &slab, 1 << 17, false).unwrap().len(), 8);
    }
}
