//! Row numbers in device memory.

use crate::buffer::DeviceBuffer;
use crate::context::Context;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::layout::Layout;

/// Row numbers in device memory, i32 or u32, for [`Context::project_rows`]. Any may be there more than once;
/// what is negative or beyond the last row names none.
///
/// ```
/// use normproj::{Context, Indices};
/// let context = Context::cpu();
/// let indices = Indices::upload(&context, &[3i32, -1, 3])?;
/// assert_eq!(indices.len(), 3);
/// # Ok::<(), normproj::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Indices {
    words: DeviceBuffer,
}

/// An integer that names a row: i32 or u32.
pub trait Index: bytemuck::Pod + sealed::Sealed {}

mod sealed {
    pub trait Sealed {}
    impl Sealed for i32 {}
    impl Sealed for u32 {}
}

impl Index for i32 {}
impl Index for u32 {}

impl Indices {
    /// Copies host data to the device.
    ///
    /// # Errors
    /// As [`Context::upload`].
    pub fn upload<I: Index>(context: &Context, host: &[I]) -> Result<Self> {
        let words: &[f32] = bytemuck::cast_slice(host);
        Self::of(&context.upload(words, [words.len()])?)
    }

    /// The words of 32 bits of a contiguous tensor of one axis, whatever dtype it says that they have: a view
    /// of the caller's own buffer ([`Context::wrap`]).
    ///
    /// # Errors
    /// [`Error::Dtype`] for elements of other sizes; [`Error::Unsupported`] for a view of more axes, or with
    /// gaps.
    pub fn of(words: &DeviceBuffer) -> Result<Self> {
        if words.dtype() != DType::F32 {
            let (expected, found) = (DType::F32, words.dtype());
            return Err(Error::Dtype { what: "the view of indices", expected, found });
        }
        if words.layout().rank() != 1 || !words.layout().is_contiguous() {
            let what = format!("indices in {:?}, which is not one contiguous axis", words.layout());
            return Err(Error::Unsupported {
                device: words.context().describe().to_string(),
                what,
            });
        }
        Ok(Indices { words: words.clone() })
    }

    /// Overwrites the indices, as [`DeviceBuffer::write`].
    ///
    /// # Errors
    /// As [`DeviceBuffer::write`].
    pub fn write<I: Index>(&self, host: &[I]) -> Result<()> {
        self.words.write::<f32>(bytemuck::cast_slice(host))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.words.layout().len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Where they are, in words.
    pub fn layout(&self) -> &Layout {
        self.words.layout()
    }

    pub(crate) fn words(&self) -> &DeviceBuffer {
        &self.words
    }
}
