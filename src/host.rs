//! Memory of the CPU backend.

use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::dtype::Element;
use crate::error::{Error, Result};

/// Bytes, aligned for every dtype: like a buffer of a GPU, it does not know what its elements are.
#[derive(Debug)]
pub(crate) struct HostMemory {
    words: Words,
    bytes: usize,
}

impl HostMemory {
    /// Zeros. Too much of it is an error, as on a GPU, and no abort.
    pub fn zeros(bytes: u64) -> Result<Self> {
        let out = |message: String| Error::OutOfMemory { message };
        let bytes = usize::try_from(bytes).map_err(|error| out(format!("{bytes}: {error}")))?;
        let words =
            zeros(bytes.div_ceil(8)).map_err(|message| out(format!("{bytes} bytes: {message}")))?;
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
        &bytemuck::cast_slice(self.words())[..self.bytes / size_of::<T>()]
    }

    /// The memory in words of 8 bytes, in which elements of every dtype are whole; those of the last may
    /// be more than there are bytes.
    pub fn words(&self) -> &[u64] {
        match &self.words {
            Words::Heap(words) => words,
            #[cfg(target_os = "linux")]
            Words::Mapped(bytes) => bytemuck::cast_slice(bytes),
        }
    }

    pub fn words_mut(&mut self) -> &mut [u64] {
        match &mut self.words {
            Words::Heap(words) => words,
            #[cfg(target_os = "linux")]
            Words::Mapped(bytes) => bytemuck::cast_slice_mut(bytes),
        }
    }

    pub fn of_mut<T: Element>(&mut self) -> &mut [T] {
        let bytes = self.bytes;
        &mut bytemuck::cast_slice_mut(self.words_mut())[..bytes / size_of::<T>()]
    }
}

#[derive(Debug)]
enum Words {
    Heap(Vec<u64>),
    /// Whole pages.
    #[cfg(target_os = "linux")]
    Mapped(memmap2::MmapMut),
}

/// Words from which on memory is mapped: some huge pages.
#[cfg(target_os = "linux")]
const MAPPED: usize = (8 << 20) / 8;

/// Zeros, in huge pages where there may be: in others a line of a column, each in another page, waits for the address
/// of its page longer than for itself. Of 16384 × 4096 f32 (Xeon under KVM, two threads) rows that are all scaled took
/// 13.4 and then 11.9 ms, columns 24 and 21.4, an L1 ball of columns 56 and 51; a clip of an arena of 120 MB 14.3 and
/// 11.4.
fn zeros(count: usize) -> std::result::Result<Words, String> {
    #[cfg(target_os = "linux")]
    if count >= MAPPED {
        let bytes = count.checked_mul(8).ok_or("beyond the address space")?;
        let map = memmap2::MmapMut::map_anon(bytes).map_err(|error| error.to_string())?;
        // A kernel without huge pages refuses, and the memory is as good as any.
        let _ = map.advise(memmap2::Advice::HugePage);
        return Ok(Words::Mapped(map));
    }
    let mut words = Vec::new();
    words.try_reserve_exact(count).map_err(|error| error.to_string())?;
    words.resize(count, 0);
    Ok(Words::Heap(words))
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

    #[test]
    fn large_memory_is_as_small_memory() {
        let host: Vec<f32> = (0..(9 << 18) + 1).map(|i| i as f32).collect();
        let memory = HostMemory::copy(&host).unwrap();
        assert_eq!((memory.bytes(), memory.of::<f32>()), (4 * host.len(), &host[..]));
        let mut zeros = HostMemory::zeros((9 << 20) + 2).unwrap();
        assert!(zeros.of::<half::bf16>().iter().all(|x| x.to_bits() == 0));
        zeros.of_mut::<half::bf16>()[9 << 19] = half::bf16::from_bits(7);
        assert_eq!(zeros.words()[9 << 17], 7);
        assert!(HostMemory::zeros(u64::MAX / 4).is_err());
    }
}
