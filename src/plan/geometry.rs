//! The canonical form of a request: which axes remain once unit axes are dropped and neighbours
//! are merged, and whether slices are then rows, columns or neither.

use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::layout::Layout;

/// One axis of the canonical form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Axis {
    /// Its length, 2 or more.
    pub size: usize,
    /// The distance of neighbours in the source, in elements.
    pub source: usize,
    /// The distance of neighbours in the target, in elements; in place, that of the source.
    pub target: usize,
    /// The distance of neighbours in the direction, in elements; 0 where slices share one, or have none.
    pub direction: usize,
    /// The distance of neighbours among the slices in logical (row-major) order; 0 if reduced.
    pub slice: usize,
}

/// How the elements of a slice lie in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Walk {
    /// The reduced run is contiguous.
    Rows,
    /// The kept run is contiguous and one axis is reduced.
    Columns,
    /// Neither: any set of axes.
    Strided,
}

/// A request in canonical form: kept and reduced axes, outermost first.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Geometry {
    /// The axes that are kept; their product is the number of slices.
    pub kept: Vec<Axis>,
    /// The axes that are reduced; their product is the length of a slice.
    pub reduced: Vec<Axis>,
    /// Where the first element of the source is, in elements.
    pub source_offset: usize,
    /// Where the first element of the target is, in elements.
    pub target_offset: usize,
    /// Where the first element of the direction is, in elements; none where slices have none.
    pub direction_offset: Option<usize>,
    /// Where the first element of the gradient is, in elements, whose strides are those of the source; none where
    /// nothing is updated. What an update remembers begins at the start of its memory.
    pub gradient_offset: Option<usize>,
    /// Where the first element of a copy of the weights is, in elements of 16 bits, whose strides are those of the
    /// source, and its dtype; none where there is no copy.
    pub copy: Option<(usize, DType)>,
    /// What the elements of the source are, and those of a projection's target.
    pub dtype: DType,
    /// The table whose rows the slices are, where indices name them.
    pub table: Option<Table>,
}

/// A table whose rows are slices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Table {
    /// How many rows it has.
    pub rows: usize,
    /// From one row to the next, in elements.
    pub stride: usize,
}

impl Geometry {
    /// The canonical form of a reduction of `source` over the flagged axes, with results in
    /// `target` (in place: the same layout twice). With `ordered`, slices are counted in logical
    /// order, as norms and reports need them; without, in the order of memory.
    ///
    /// # Errors
    /// [`Error::Shape`] if the two shapes differ.
    pub fn new(
        reduced: &[bool],
        source: &Layout,
        target: &Layout,
        dtype: DType,
        ordered: bool,
    ) -> Result<Self> {
        Self::with_direction(reduced, source, target, None, dtype, ordered)
    }

    /// [`Geometry::new`] of slices that move along a direction of the shape of the source, or with axes of
    /// length 1 where slices share one.
    ///
    /// # Errors
    /// [`Error::Shape`].
    pub fn with_direction(
        reduced: &[bool],
        source: &Layout,
        target: &Layout,
        direction: Option<&Layout>,
        dtype: DType,
        ordered: bool,
    ) -> Result<Self> {
        if source.shape() != target.shape() {
            return Err(Error::Shape {
                what: "the target",
                expected: source.shape().to_vec(),
                found: target.shape().to_vec(),
            });
        }
        let direction_strides = match direction {
            Some(direction) => spread(direction, source, reduced)?,
            None => vec![0; source.rank()],
        };
        let (mut kept_axes, mut reduced_axes) = (Vec::new(), Vec::new());
        let mut slice = 1;
        for d in (0..source.rank()).rev() {
            let axis = Axis {
                size: source.shape()[d],
                source: source.strides()[d],
                target: target.strides()[d],
                direction: direction_strides[d],
                slice: if reduced[d] { 0 } else { slice },
            };
            if !reduced[d] {
                slice *= axis.size;
            }
            // A unit axis never moves, whatever its stride says.
            if axis.size != 1 {
                (if reduced[d] { &mut reduced_axes } else { &mut kept_axes }).push(axis);
            }
        }
        Ok(Geometry {
            kept: merged(kept_axes, ordered),
            reduced: merged(reduced_axes, false),
            source_offset: source.offset(),
            target_offset: target.offset(),
            direction_offset: direction.map(Layout::offset),
            gradient_offset: None,
            copy: None,
            dtype,
            table: None,
        })
    }

    /// The same of slices that are rows of a table, so many as there are indices that name them.
    pub(crate) fn of_rows(self, table: &Layout, indices: usize) -> Self {
        let (rows, stride) = (table.shape()[0], table.strides()[0]);
        let axis = Axis { size: indices, source: stride, target: stride, direction: 0, slice: 1 };
        // An index names any row, so that even one is an axis.
        Geometry { kept: vec![axis], table: Some(Table { rows, stride }), ..self }
    }

    /// The number of slices.
    pub fn slices(&self) -> usize {
        self.kept.iter().map(|axis| axis.size).product()
    }

    /// The number of elements of a slice.
    pub fn length(&self) -> usize {
        self.reduced.iter().map(|axis| axis.size).product()
    }

    /// The number of elements.
    pub fn elements(&self) -> usize {
        self.slices() * self.length()
    }

    /// The bytes of all elements.
    pub fn bytes(&self) -> u64 {
        self.dtype.size() as u64 * self.elements() as u64
    }

    /// The fastest walk that fits.
    pub fn walk(&self) -> Walk {
        let contiguous = |axis: Option<&Axis>| axis.is_some_and(|a| a.source == 1 && a.target == 1);
        match self.reduced.as_slice() {
            [run] if contiguous(Some(run)) => Walk::Rows,
            [] | [_] if self.table.is_none() && contiguous(self.kept.last()) => Walk::Columns,
            _ => Walk::Strided,
        }
    }

    /// Whether there is no element.
    pub fn is_empty(&self) -> bool {
        self.elements() == 0 || self.table.is_some_and(|table| table.rows == 0)
    }

    /// Whether the slices, in the order of the kept axes, are in logical order.
    pub fn slices_in_order(&self) -> bool {
        let mut expected = 1;
        self.kept.iter().rev().all(|axis| {
            let here = axis.slice == expected;
            expected *= axis.size;
            here
        })
    }

    /// The logical (row-major) index of the slice that the canonical order counts as `index`.
    pub fn logical_slice(&self, mut index: usize) -> usize {
        let mut logical = 0;
        for axis in self.kept.iter().rev() {
            logical += index % axis.size * axis.slice;
            index /= axis.size;
        }
        logical
    }
}

/// The strides of a direction, 0 along axes whose slices share it.
fn spread(direction: &Layout, source: &Layout, reduced: &[bool]) -> Result<Vec<usize>> {
    let (expected, found) = (source.shape(), direction.shape());
    let fits = |d: usize| expected[d] == found[d] || (found[d] == 1 && !reduced[d]);
    if expected.len() != found.len() || !(0..expected.len()).all(fits) {
        let (expected, found) = (expected.to_vec(), found.to_vec());
        return Err(Error::Shape { what: "the direction", expected, found });
    }
    Ok((0..expected.len())
        .map(|d| if found[d] == 1 { 0 } else { direction.strides()[d] })
        .collect())
}

/// Sorts by stride, or keeps the order of the slices, outermost first; and merges what is
/// contiguous in source, target, direction and slices.
fn merged(mut axes: Vec<Axis>, ordered: bool) -> Vec<Axis> {
    if ordered {
        axes.reverse();
    } else {
        axes.sort_by_key(|axis| std::cmp::Reverse((axis.source, axis.target, axis.size)));
    }
    let mut merged: Vec<Axis> = Vec::with_capacity(axes.len());
    for axis in axes {
        match merged.last_mut() {
            Some(outer)
                if outer.source == axis.size * axis.source
                    && outer.target == axis.size * axis.target
                    && outer.direction == axis.size * axis.direction
                    && outer.slice == axis.size * axis.slice =>
            {
                *outer = Axis { size: outer.size * axis.size, ..axis };
            }
            _ => merged.push(axis),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    fn geometry(shape: &[usize], axes: &[usize]) -> Geometry {
        let layout = Layout::contiguous(shape).unwrap();
        let reduced: Vec<bool> = (0..shape.len()).map(|d| axes.contains(&d)).collect();
        Geometry::new(&reduced, &layout, &layout, DType::F32, false).unwrap()
    }

    #[test]
    fn a_convolution_over_its_receptive_field_is_columns() {
        let form = geometry(&[3, 3, 512, 512], &[0, 1, 2]);
        assert_eq!((form.walk(), form.slices(), form.length()), (Walk::Columns, 512, 4608));
        assert_eq!((form.kept.len(), form.reduced.len()), (1, 1));
    }

    #[test]
    fn filters_of_torch_are_rows() {
        let form = geometry(&[64, 32, 3, 3], &[1, 2, 3]);
        assert_eq!((form.walk(), form.slices(), form.length()), (Walk::Rows, 64, 288));
    }

    #[test]
    fn unit_axes_vanish() {
        let form = geometry(&[1, 7, 1, 5, 1], &[0, 1, 4]);
        assert_eq!((form.walk(), form.slices(), form.length()), (Walk::Columns, 5, 7));
        assert_eq!(geometry(&[1, 50], &[1]).walk(), Walk::Rows);
        assert_eq!(geometry(&[50, 1], &[0]).walk(), Walk::Rows);
        assert_eq!(geometry(&[50, 1], &[1]).walk(), Walk::Columns);
    }

    #[test]
    fn every_other_axis_is_strided() {
        let form = geometry(&[2, 3, 4, 5, 6], &[0, 2, 4]);
        assert_eq!((form.walk(), form.slices(), form.length()), (Walk::Strided, 15, 48));
    }

    #[test]
    fn a_batch_of_columns_stays_columns() {
        let form = geometry(&[8, 100, 64], &[1]);
        assert_eq!((form.walk(), form.kept.len(), form.reduced.len()), (Walk::Columns, 2, 1));
    }

    #[test]
    fn logical_slices_of_a_transposed_view() {
        let layout = Layout::contiguous([4, 3, 5]).unwrap().permuted(&[2, 1, 0]).unwrap();
        // Shape [5, 3, 4]; slices over axis 2 are counted as 5 × 3, but memory orders them 3 × 5.
        let form =
            Geometry::new(&[false, false, true], &layout, &layout, DType::F32, false).unwrap();
        assert!(!form.slices_in_order());
        let mut seen: Vec<usize> = (0..15).map(|i| form.logical_slice(i)).collect();
        assert_eq!(&seen[..3], [0, 3, 6]);
        seen.sort_unstable();
        assert_eq!(seen, (0..15).collect::<Vec<_>>());
        let ordered =
            Geometry::new(&[false, false, true], &layout, &layout, DType::F32, true).unwrap();
        assert!(ordered.slices_in_order());
    }
}
