//! Bounds of elements that are tensors in memory.

use crate::layout::Layout;

/// A tensor that is spread over the shape of another, as NumPy does: axes of length 1, and those that it
/// has not, are the same everywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spread {
    /// Lengths of the axes of the other, outermost first, and how far a step goes in this one; those that
    /// go on where the next ends are one.
    pub axes: Vec<(usize, usize)>,
}

impl Spread {
    /// None if it does not spread.
    pub fn new(tensor: &Layout, shape: &[usize]) -> Option<Self> {
        let missing = shape.len().checked_sub(tensor.rank())?;
        let mut axes: Vec<(usize, usize)> = Vec::new();
        for (d, &size) in shape.iter().enumerate() {
            let own =
                d.checked_sub(missing).map_or((1, 0), |d| (tensor.shape()[d], tensor.strides()[d]));
            let stride = match own {
                (1, _) => 0,
                (length, stride) if length == size => stride,
                _ => return None,
            };
            match axes.last_mut() {
                _ if size == 1 => {}
                Some(outer) if outer.1 == size * stride => *outer = (outer.0 * size, stride),
                _ => axes.push((size, stride)),
            }
        }
        Some(Spread { axes })
    }

    /// Where the element is that belongs to the `index`-th in row-major order, from the first on.
    pub fn place(&self, mut index: usize) -> usize {
        let mut place = 0;
        for &(size, stride) in self.axes.iter().rev() {
            place += index % size * stride;
            index /= size;
        }
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spread(tensor: &[usize], shape: &[usize]) -> Option<Spread> {
        Spread::new(&Layout::contiguous(tensor).unwrap(), shape)
    }

    #[test]
    fn what_spreads_goes_everywhere() {
        let places = |tensor: &[usize], shape: &[usize]| -> Vec<usize> {
            let spread = spread(tensor, shape).unwrap();
            (0..shape.iter().product()).map(|i| spread.place(i)).collect()
        };
        assert_eq!(places(&[], &[2, 2]), [0; 4]);
        assert_eq!(places(&[3], &[2, 3]), [0, 1, 2, 0, 1, 2]);
        assert_eq!(places(&[2, 1], &[2, 3]), [0, 0, 0, 1, 1, 1]);
        assert_eq!(places(&[2, 1, 2], &[2, 2, 2]), [0, 1, 0, 1, 2, 3, 2, 3]);
        assert_eq!(spread(&[4, 5], &[4, 5]).unwrap().axes, [(20, 1)]);
        assert!(spread(&[2], &[3]).is_none() && spread(&[1, 3], &[3]).is_none());
    }
}
