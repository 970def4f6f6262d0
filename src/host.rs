//! Memory of the CPU backend.

use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::dtype::Element;
use crate::error::{Error, Result};

/// Bytes, aligned for every dtype: like a buffer of a GPU, it does not know what its elements are.
#[derive(Debug)]
pub(crate) struct HostMemory {
    words: Vec<u64>,
    bytes: usize,
}

impl HostMemory {
    /// Zeros. Too much of it is an error, as on a GPU, and no abort.
    pub fn zeros(bytes: u64) -> Result<Self> {
        let out = |message: String| Error::OutOfMemory { message };
        let bytes = usize::try_from(bytes).map_err(|error| out(format!("{bytes}: {error}")))?;
        let count = bytes.div_ceil(8);
        let mut words = Vec::new();
        words.try_reserve_exact(count).map_err(|error| out(format!("{bytes} bytes: {error}")))?;
        words.resize(count, 0);
        Ok(HostMemory { words, bytes })
    }

    /// A copy of host data.
    pub fn copy<T: Element>(host: &[T]) -> Result<Self> {
        let mut memory = Self::zeros(size_of_val(host) as u64)?;
        memory.of_mut::<T>().copy_from_slice(host);
        Ok(memory)
    }

    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The memory as elements of a type; what is left over at the end belongs to none.
    pub fn of<T: Element>(&self) -> &[T] {
        &bytemuck::cast_slice(&self.words)[..self.bytes / size_of::<T>()]
    }

    /// The memory in words of 8 bytes, in which elements of every dtype are whole; those of the last may
    /// be more than there are bytes.
    pub fn words(&self) -> &[u64] {
        &self.words
    }

    pub fn words_mut(&mut self) -> &mut [u64] {
        &mut self.words
    }

    pub fn of_mut<T: Element>(&mut self) -> &mut [T] {
        &mut bytemuck::cast_slice_mut(&mut self.words)[..self.bytes / size_of::<T>()]
    }
}

/// A lock is poisoned only if a thread panicked while it wrote; the elements are still elements.
pub(crate) fn lock_read(memory: &RwLock<HostMemory>) -> RwLockReadGuard<'_, HostMemory> {
    memory.read().unwrap_or_else(PoisonError::into_inner)
}

/// As [`lock_read`].
pub(crate) fn lock_write(memory: &RwLock<HostMemory>) -> RwLockWriteGuard<'_, HostMemory> {
    memory.write().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_as_any_dtype() {
        let mut memory = HostMemory::copy(&[1.0f32, 2.0, 3.0]).unwrap();
        assert_eq!((memory.bytes(), memory.of::<f64>().len()), (12, 1));
        assert_eq!(memory.of::<half::bf16>()[1].to_f32(), 1.0);
        memory.of_mut::<f32>()[2] = 4.0;
        assert_eq!(memory.of::<f32>(), [1.0, 2.0, 4.0]);
        assert!(HostMemory::zeros(u64::MAX).is_err());
    }
}
