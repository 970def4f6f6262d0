//! Whether tensors share elements.

use crate::dtype::DType;
use crate::layout::Layout;

/// Where a tensor is: the number of its memory, and its elements there.
pub(crate) type Place = (usize, Layout, DType);

/// Two tensors of one memory that share an element, by their numbers in `places`, if there are
/// any. Exact for interleaved views too (columns of one matrix, say), at the price of listing the
/// contiguous runs of those that stand between each other.
pub(crate) fn check(places: &[Place]) -> Option<(usize, usize)> {
    check_where(places, |_, _| true)
}

/// [`check`] of those pairs, the smaller number first, that must not share an element.
pub(crate) fn check_where(
    places: &[Place],
    apart: impl Fn(usize, usize) -> bool,
) -> Option<(usize, usize)> {
    let first = |i: usize| places[i].2.size() * places[i].1.offset();
    let end = |i: usize| places[i].2.size() * places[i].1.end();
    let mut ranges: Vec<(usize, usize)> =
        (0..places.len()).filter(|&i| !places[i].1.is_empty()).map(|i| (places[i].0, i)).collect();
    ranges.sort_unstable_by_key(|&(memory, i)| (memory, first(i)));
    // The views so far whose ranges reach furthest; those that end before the next are done with.
    let mut open: Vec<usize> = Vec::new();
    for (place, &(memory, i)) in ranges.iter().enumerate() {
        if place > 0 && ranges[place - 1].0 != memory {
            open.clear();
        }
        open.retain(|&j| end(j) > first(i));
        let shared = |&&j: &&usize| apart(i.min(j), i.max(j)) && share(&places[j], &places[i]);
        if let Some(&j) = open.iter().find(shared) {
            return Some((i.min(j), i.max(j)));
        }
        open.push(i);
    }
    None
}

/// Whether two views whose ranges meet share a byte.
fn share(a: &Place, b: &Place) -> bool {
    let (mut left, mut right) = (runs(a), runs(b));
    left.sort_unstable();
    right.sort_unstable();
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    while let (Some(&(l, l_end)), Some(&(r, r_end))) = (left.peek(), right.peek()) {
        if l < r_end && r < l_end {
            return true;
        }
        if l_end <= r {
            left.next()
        } else {
            right.next()
        };
    }
    false
}

/// The contiguous runs of a view, as ranges of bytes, along its axis of stride 1.
fn runs((_, layout, dtype): &Place) -> Vec<(usize, usize)> {
    let size = dtype.size();
    let axes = || layout.shape().iter().copied().zip(layout.strides().iter().copied());
    let inner = axes().position(|(size, stride)| size > 1 && stride == 1);
    let length = inner.map_or(1, |d| layout.shape()[d]);
    let mut starts = vec![layout.offset()];
    for (d, (size, stride)) in axes().enumerate() {
        if Some(d) != inner && size != 1 {
            starts = starts
                .iter()
                .flat_map(|&start| (0..size).map(move |i| start + i * stride))
                .collect();
        }
    }
    starts.into_iter().map(|start| (size * start, size * (start + length))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strided(shape: &[usize], strides: &[usize], offset: usize) -> Place {
        (0, Layout::strided(shape, strides, offset).unwrap(), DType::F32)
    }

    #[test]
    fn neighbours_and_interleaved_views_share_nothing() {
        let left = strided(&[4, 3], &[8, 1], 0);
        let right = strided(&[4, 5], &[8, 1], 3);
        assert_eq!(check(&[left, right]), None);
        let even = strided(&[8], &[2], 0);
        let odd = strided(&[8], &[2], 1);
        assert_eq!(check(&[even, odd]), None);
        let elsewhere = (1, even.1, DType::F32);
        assert_eq!(check(&[even, elsewhere]), None);
        let empty = strided(&[0, 3], &[8, 1], 1);
        assert_eq!(check(&[left, empty]), None);
    }

    #[test]
    fn elements_of_another_size_share_bytes() {
        let halves = |offset| (0, Layout::strided([5], [1], offset).unwrap(), DType::F16);
        let words = strided(&[4], &[1], 2);
        assert_eq!(check(&[words, halves(11)]), Some((0, 1)));
        assert_eq!(check(&[words, halves(12), halves(17)]), None);
        assert_eq!(check(&[halves(0), words]), Some((0, 1)));
    }

    #[test]
    fn one_shared_element_is_found() {
        let left = strided(&[4, 3], &[8, 1], 0);
        let right = strided(&[4, 6], &[8, 1], 2);
        let far = strided(&[2], &[1], 100);
        assert_eq!(check(&[far, left, right]), Some((1, 2)));
        assert_eq!(check(&[right, right]), Some((0, 1)));
        // A long view before a short one that does not reach as far.
        let whole = strided(&[64], &[1], 0);
        let near = strided(&[2], &[1], 1);
        let last = strided(&[2], &[1], 60);
        assert_eq!(check(&[near, last]), None);
        assert_eq!(check(&[last, whole]), Some((0, 1)));
    }
}
