//! Tensors in device memory.

use std::sync::{Arc, RwLock};

use crate::context::Context;
use crate::dtype::{DType, Element};
use crate::error::{Error, Result};
use crate::gpu::GpuBuffer;
use crate::host::{HostMemory, lock_read, lock_write};
use crate::layout::Layout;

/// A tensor in the memory of a [`Context`]: memory, layout and dtype.
///
/// `&DeviceBuffer` means shared and mutable, as everywhere in wgpu: a projection takes a shared
/// reference and changes the elements. A clone is another handle of the same memory.
#[derive(Debug, Clone)]
pub struct DeviceBuffer {
    context: Context,
    storage: Storage,
    layout: Layout,
    dtype: DType,
}

/// Where the elements are.
#[derive(Debug, Clone)]
pub(crate) enum Storage {
    /// Host memory behind a lock: the CPU backend.
    Host(Arc<RwLock<HostMemory>>),
    /// Memory of a GPU.
    Device(Arc<GpuBuffer>),
}

impl Storage {
    pub fn host(memory: HostMemory) -> Self {
        Storage::Host(Arc::new(RwLock::new(memory)))
    }
}

/// The identity of a memory.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum MemoryKey {
    Host(usize),
    Device(wgpu::Buffer),
}

impl DeviceBuffer {
    pub(crate) fn new(
        context: Context,
        storage: Storage,
        layout: Layout,
        dtype: DType,
    ) -> Result<Self> {
        let buffer = DeviceBuffer { context, storage, layout, dtype };
        let needed = dtype.size() as u64 * layout.end() as u64;
        let available = buffer.capacity_bytes();
        if !layout.is_empty() && needed > available {
            return Err(Error::OutOfBounds { needed, available });
        }
        Ok(buffer)
    }

    pub(crate) fn capacity_bytes(&self) -> u64 {
        match &self.storage {
            Storage::Host(memory) => lock_read(memory).bytes() as u64,
            Storage::Device(memory) => memory.bytes(),
        }
    }

    /// What of its memory can be bound: whole words of 32 bits, of which our own memory has no part.
    pub(crate) fn bindable_bytes(&self) -> u64 {
        let whole = self.capacity_bytes().next_multiple_of(4);
        match &self.storage {
            Storage::Host(_) => whole,
            Storage::Device(memory) => whole.min(memory.handle().size()),
        }
    }

    /// The context that owns the memory.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// Where the elements are.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The length of each axis.
    pub fn shape(&self) -> &[usize] {
        self.layout.shape()
    }

    /// The element type.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// The buffer on the GPU and the bytes of it that the view spans, for kernels and bindings of
    /// your own; None on the CPU backend. A binding's offset must be aligned as the device asks for:
    /// the norm, factor and flag of a whole [`Group`](crate::Group) are, those of its tensors not.
    ///
    /// ```
    /// use normproj::Context;
    /// let context = Context::cpu();
    /// assert!(context.zeros([4])?.as_wgpu().is_none());
    /// # Ok::<(), normproj::Error>(())
    /// ```
    pub fn as_wgpu(&self) -> Option<(&wgpu::Buffer, std::ops::Range<u64>)> {
        let Storage::Device(memory) = &self.storage else { return None };
        let (first, end) = (self.layout.offset() as u64, self.layout.end() as u64);
        let size = self.dtype.size() as u64;
        Some((memory.handle(), size * first..size * end))
    }

    /// Whether both are views of one memory.
    pub fn shares_memory_with(&self, other: &DeviceBuffer) -> bool {
        match (&self.storage, &other.storage) {
            (Storage::Host(a), Storage::Host(b)) => Arc::ptr_eq(a, b),
            (Storage::Device(a), Storage::Device(b)) => a.handle() == b.handle(),
            _ => false,
        }
    }

    /// What two views of one memory have in common.
    pub(crate) fn memory_key(&self) -> MemoryKey {
        match &self.storage {
            Storage::Host(memory) => MemoryKey::Host(Arc::as_ptr(memory) as usize),
            Storage::Device(memory) => MemoryKey::Device(memory.handle().clone()),
        }
    }

    pub(crate) fn storage(&self) -> &Storage {
        &self.storage
    }

    /// Another view of the same memory; its offset counts from the start of the memory.
    ///
    /// # Errors
    /// [`Error::OutOfBounds`] if it reaches past the end.
    pub fn view(&self, layout: Layout) -> Result<DeviceBuffer> {
        self.view_as(layout, self.dtype)
    }

    /// Another view of the same memory as elements of another dtype, whose offset counts those: an
    /// arena may hold tensors of several.
    ///
    /// ```
    /// use normproj::{Context, DType, Layout};
    /// let context = Context::cpu();
    /// let words = context.upload(&[1.0], [1])?;
    /// let halves = words.view_as(Layout::contiguous([2])?, DType::BF16)?;
    /// assert_eq!(halves.read_as::<normproj::bf16>()?[1].to_f32(), 1.0);
    /// # Ok::<(), normproj::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::OutOfBounds`] if it reaches past the end.
    pub fn view_as(&self, layout: Layout, dtype: DType) -> Result<DeviceBuffer> {
        DeviceBuffer::new(self.context.clone(), self.storage.clone(), layout, dtype)
    }

    /// Overwrites the elements of a contiguous view. On a GPU this is queued: it comes after all work
    /// that was submitted before, and before what is submitted later, recorded already or not.
    ///
    /// # Errors
    /// [`Error::Dtype`]; [`Error::Length`]; [`Error::Unsupported`] for a view that is not contiguous;
    /// [`Error::Misaligned`] for a 16-bit view on a GPU that shares a word of 32 bits with other
    /// elements; [`Error::Usage`] if the caller's buffer lacks `COPY_DST`.
    pub fn write<T: Element>(&self, host: &[T]) -> Result<()> {
        self.check_dtype(T::DTYPE)?;
        let (expected, found) = (self.layout.len(), host.len());
        if expected != found {
            return Err(Error::Length { shape: self.layout.shape().to_vec(), expected, found });
        }
        if !self.layout.is_contiguous() {
            let what = "writing to a view that is not contiguous".to_string();
            return Err(Error::Unsupported { device: self.context.describe().to_string(), what });
        }
        match (&self.storage, self.context.as_gpu()) {
            (Storage::Device(memory), Some(gpu)) => {
                let first = self.dtype.size() as u64 * self.layout.offset() as u64;
                gpu.write(memory, first, bytemuck::cast_slice(host))
            }
            (Storage::Host(memory), _) if found > 0 => {
                let first = self.layout.offset();
                lock_write(memory).of_mut::<T>()[first..first + found].copy_from_slice(host);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Copies f32 elements to the host in row-major order; waits for all work queued before.
    ///
    /// # Errors
    /// [`Error::Dtype`] for a tensor of another dtype: see [`DeviceBuffer::read_as`];
    /// [`Error::Usage`] if the caller's buffer lacks `COPY_SRC`, [`Error::DeviceLost`].
    pub fn read(&self) -> Result<Vec<f32>> {
        self.read_as()
    }

    /// [`DeviceBuffer::read`] as a future. On the web it yields to the event loop; natively it polls
    /// the device until the work is done.
    ///
    /// # Errors
    /// As [`DeviceBuffer::read`].
    pub async fn read_async(&self) -> Result<Vec<f32>> {
        self.read_as_async().await
    }

    /// Copies the elements to the host in row-major order; waits for all work queued before.
    ///
    /// ```
    /// use normproj::{Context, f16};
    /// let context = Context::cpu();
    /// let x = context.upload_as(&[f16::ONE, f16::MAX], [2])?;
    /// assert_eq!(x.read_as::<f16>()?[1], f16::MAX);
    /// assert!(x.read().is_err()); // not f32
    /// # Ok::<(), normproj::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`DeviceBuffer::read`].
    pub fn read_as<T: Element>(&self) -> Result<Vec<T>> {
        pollster::block_on(self.read_as_async())
    }

    /// [`DeviceBuffer::read_as`] as a future, see [`DeviceBuffer::read_async`].
    ///
    /// # Errors
    /// As [`DeviceBuffer::read`].
    pub async fn read_as_async<T: Element>(&self) -> Result<Vec<T>> {
        self.check_dtype(T::DTYPE)?;
        match &self.storage {
            Storage::Host(memory) => Ok(gather(lock_read(memory).of(), &self.layout)),
            Storage::Device(memory) => self.context.read(memory, &self.layout).await,
        }
    }

    /// The words of a contiguous view of f32, whatever they are; none of a GPU's memory.
    pub(crate) fn host_words(&self) -> Vec<u32> {
        let Storage::Host(memory) = &self.storage else { return Vec::new() };
        let memory = lock_read(memory);
        let range = self.layout.offset()..self.layout.end();
        memory.of::<f32>()[range].iter().map(|word| word.to_bits()).collect()
    }

    /// The elements in row-major order as f64, on the CPU backend.
    pub(crate) fn host_numbers(&self) -> Vec<f64> {
        let Storage::Host(memory) = &self.storage else { return Vec::new() };
        let memory = lock_read(memory);
        match self.dtype {
            DType::F64 => widened::<f64>(memory.of(), &self.layout),
            DType::F32 => widened::<f32>(memory.of(), &self.layout),
            DType::F16 => widened::<half::f16>(memory.of(), &self.layout),
            DType::BF16 => widened::<half::bf16>(memory.of(), &self.layout),
        }
    }

    /// Refuses elements at the end of a caller's buffer whose word of 32 bits is not all there: it
    /// cannot be bound.
    pub(crate) fn check_words(&self) -> Result<()> {
        let Some((buffer, range)) = self.as_wgpu() else { return Ok(()) };
        let (needed, available) = (range.end.next_multiple_of(4), buffer.size());
        if !self.layout.is_empty() && needed > available {
            return Err(Error::OutOfBounds { needed, available });
        }
        Ok(())
    }

    fn check_dtype(&self, expected: DType) -> Result<()> {
        if self.dtype == expected {
            return Ok(());
        }
        Err(Error::Dtype { what: "the tensor", expected, found: self.dtype })
    }
}

fn widened<T: Element>(elements: &[T], layout: &Layout) -> Vec<f64> {
    gather(elements, layout).into_iter().map(Into::into).collect()
}

/// The elements of a view in row-major order. `elements` starts at element 0 of the buffer.
pub(crate) fn gather<T: Element>(elements: &[T], layout: &Layout) -> Vec<T> {
    if layout.is_contiguous() && !layout.is_empty() {
        return elements[layout.offset()..layout.end()].to_vec();
    }
    let mut index = vec![0; layout.rank()];
    (0..layout.len())
        .map(|_| {
            let place: usize = index.iter().zip(layout.strides()).map(|(i, s)| i * s).sum();
            for d in (0..index.len()).rev() {
                index[d] += 1;
                if index[d] < layout.shape()[d] {
                    break;
                }
                index[d] = 0;
            }
            elements[layout.offset() + place]
        })
        .collect()
}
