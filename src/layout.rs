//! Where the elements of a tensor are: shape, strides and offset, in elements.

use crate::error::{Error, Result};

/// The largest rank of a tensor.
pub const MAX_RANK: usize = 8;

/// Up to [`MAX_RANK`] numbers, one for each dimension, without an allocation.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Dims {
    len: u8,
    values: [usize; MAX_RANK],
}

impl Dims {
    pub(crate) fn new(values: &[usize]) -> Result<Self> {
        if values.len() > MAX_RANK {
            return Err(Error::Rank { rank: values.len(), limit: MAX_RANK });
        }
        let mut dims = Dims { len: values.len() as u8, values: [0; MAX_RANK] };
        dims.values[..values.len()].copy_from_slice(values);
        Ok(dims)
    }
}

impl std::ops::Deref for Dims {
    type Target = [usize];
    fn deref(&self) -> &[usize] {
        &self.values[..usize::from(self.len)]
    }
}

impl std::fmt::Debug for Dims {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        (**self).fmt(formatter)
    }
}

/// Shape, strides and offset of a tensor inside a buffer, all counted in elements.
///
/// Element `i` lies at `offset + Σ i[d]·strides[d]`. Rank 0 is one element. No two indices may
/// share an element, because every view can be written.
///
/// ```
/// use normproj::Layout;
/// let whole = Layout::contiguous([784, 256])?;
/// assert_eq!(&whole.strides()[..], [256, 1]);
/// // The last 128 columns of it.
/// let half = Layout::strided([784, 128], [256, 1], 128)?;
/// assert_eq!(half.end(), 784 * 256);
/// # Ok::<(), normproj::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Layout {
    shape: Dims,
    strides: Dims,
    offset: usize,
}

impl Layout {
    /// Row-major elements without gaps, from the start of the buffer.
    ///
    /// # Errors
    /// [`Error::Rank`] over [`MAX_RANK`], [`Error::TooManyElements`] if they cannot be counted.
    pub fn contiguous(shape: impl AsRef<[usize]>) -> Result<Self> {
        let shape = Dims::new(shape.as_ref())?;
        let mut strides = shape;
        let mut stride = 1usize;
        for d in (0..shape.len()).rev() {
            strides.values[d] = stride;
            // A zero-length axis must not hide an overflow of the others: strides stay meaningful.
            stride = stride.checked_mul(shape[d].max(1)).ok_or_else(|| too_many(&shape))?;
        }
        Self::checked(shape, strides, 0)
    }

    /// Any strides (0 or more), from any offset.
    ///
    /// # Errors
    /// As [`Layout::contiguous`]; [`Error::StrideCount`]; [`Error::SelfOverlap`] if two indices
    /// may share an element (a broadcast view, say).
    pub fn strided(
        shape: impl AsRef<[usize]>,
        strides: impl AsRef<[usize]>,
        offset: usize,
    ) -> Result<Self> {
        let (shape, strides) = (shape.as_ref(), strides.as_ref());
        if shape.len() != strides.len() {
            return Err(Error::StrideCount { shape: shape.to_vec(), strides: strides.len() });
        }
        Self::checked(Dims::new(shape)?, Dims::new(strides)?, offset)
    }

    /// The same view from another offset, in elements.
    ///
    /// # Errors
    /// [`Error::TooManyElements`] if its end cannot be counted.
    pub fn at(self, offset: usize) -> Result<Self> {
        Self::checked(self.shape, self.strides, offset)
    }

    fn checked(shape: Dims, strides: Dims, offset: usize) -> Result<Self> {
        let layout = Layout { shape, strides, offset };
        // Everything later is computed in bytes as u64; 2^60 elements leave room for it.
        let fits = |n: usize| (n as u64) < 1 << 60;
        let mut end = offset;
        let mut count = 1usize;
        for (&size, &stride) in shape.iter().zip(strides.iter()) {
            let reach = size.saturating_sub(1).checked_mul(stride);
            end = reach.and_then(|r| end.checked_add(r)).ok_or_else(|| too_many(&shape))?;
            count = count.checked_mul(size.max(1)).ok_or_else(|| too_many(&shape))?;
        }
        if !fits(end) || !fits(count) {
            return Err(too_many(&shape));
        }
        if !layout.is_empty() && layout.overlaps_itself() {
            return Err(Error::SelfOverlap { shape: shape.to_vec(), strides: strides.to_vec() });
        }
        Ok(layout)
    }

    /// Sufficient, not necessary: interleaved views that only happen not to collide are refused.
    fn overlaps_itself(&self) -> bool {
        let mut axes: Vec<(usize, usize)> = (0..self.rank())
            .filter(|&d| self.shape[d] > 1)
            .map(|d| (self.strides[d], self.shape[d]))
            .collect();
        axes.sort_unstable();
        let mut reach = 0;
        axes.iter().any(|&(stride, size)| {
            let collides = stride <= reach;
            reach += (size - 1) * stride;
            collides
        })
    }

    /// The length of each axis.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The distance of neighbours along each axis, in elements.
    pub fn strides(&self) -> &[usize] {
        &self.strides
    }

    /// The place of the first element, in elements.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// The number of axes.
    pub fn rank(&self) -> usize {
        self.shape.len()
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether there is no element.
    pub fn is_empty(&self) -> bool {
        self.shape.contains(&0)
    }

    /// One past the last element that the view touches; the offset if it is empty.
    pub fn end(&self) -> usize {
        if self.is_empty() {
            return self.offset;
        }
        let reach = self.shape.iter().zip(self.strides.iter()).map(|(&n, &s)| (n - 1) * s);
        self.offset + reach.sum::<usize>() + 1
    }

    /// Whether the elements lie in row-major order without gaps.
    pub fn is_contiguous(&self) -> bool {
        let mut expected = 1;
        (0..self.rank()).rev().all(|d| {
            let here = self.shape[d] == 1 || self.strides[d] == expected;
            expected *= self.shape[d].max(1);
            here
        })
    }

    /// The same view with one axis as several, as `torch.Tensor.unflatten`: heads, experts or groups of
    /// channels that share an axis become axes of their own. Nothing moves, and a projection over the
    /// parts costs what one over the whole axis does.
    ///
    /// ```
    /// use normproj::{Context, Layout, project_max_norm};
    /// // A projection onto 8 heads of 64: one norm for each head and input.
    /// let context = Context::cpu();
    /// let weights = context.upload(&[0.5; 512 * 8 * 64], [512, 8 * 64])?;
    /// let heads = weights.view(weights.layout().unflatten(1, &[8, 64])?)?;
    /// assert_eq!(heads.shape(), [512, 8, 64]);
    /// project_max_norm(&heads, 2, 1.0)?;
    /// # Ok::<(), normproj::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::AxisOutOfRange`]; [`Error::Unflatten`] if the sizes do not make up the axis;
    /// [`Error::Rank`] if there are more than [`MAX_RANK`] axes then.
    pub fn unflatten(&self, axis: usize, sizes: &[usize]) -> Result<Self> {
        let Some(&length) = self.shape.get(axis) else {
            let axis = i32::try_from(axis).unwrap_or(i32::MAX);
            return Err(Error::AxisOutOfRange { axis, shape: self.shape.to_vec() });
        };
        let product = sizes.iter().try_fold(1usize, |product, &size| product.checked_mul(size));
        if product != Some(length) {
            return Err(Error::Unflatten { axis, length, sizes: sizes.to_vec() });
        }
        let (mut shape, mut strides) = (Vec::new(), Vec::new());
        for d in 0..self.rank() {
            let parts = if d == axis { sizes } else { &self.shape[d..=d] };
            for (part, &size) in parts.iter().enumerate() {
                let inner: usize = parts[part + 1..].iter().product();
                shape.push(size);
                strides.push(self.strides[d] * inner);
            }
        }
        Self::strided(shape, strides, self.offset)
    }

    /// The same view with its axes in another order; nothing moves.
    ///
    /// # Errors
    /// [`Error::AxisOutOfRange`], [`Error::AxisTwice`], [`Error::AxisCount`].
    pub fn permuted(&self, order: &[usize]) -> Result<Self> {
        if order.len() != self.rank() {
            return Err(Error::AxisCount { count: order.len(), limit: self.rank() });
        }
        let mut seen = [false; MAX_RANK];
        let mut permuted = *self;
        for (d, &axis) in order.iter().enumerate() {
            let named = i32::try_from(axis).unwrap_or(i32::MAX);
            if axis >= self.rank() {
                return Err(Error::AxisOutOfRange { axis: named, shape: self.shape.to_vec() });
            }
            if std::mem::replace(&mut seen[axis], true) {
                return Err(Error::AxisTwice { axis: named, shape: self.shape.to_vec() });
            }
            permuted.shape.values[d] = self.shape[axis];
            permuted.strides.values[d] = self.strides[axis];
        }
        Ok(permuted)
    }
}

fn too_many(shape: &Dims) -> Error {
    Error::TooManyElements { shape: shape.to_vec() }
}
