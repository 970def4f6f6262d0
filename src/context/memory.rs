//! Tensors: from the host, of zeros, in the caller's buffers, and back.

use std::sync::Arc;

use super::{Backend, Context};
use crate::buffer::{DeviceBuffer, Storage, gather};
use crate::dtype::{DType, Element};
use crate::error::{Error, Result};
use crate::gpu::GpuBuffer;
use crate::host::HostMemory;
use crate::layout::Layout;

impl Context {
    /// Copies host data to the device, as a contiguous f32 tensor.
    ///
    /// # Errors
    /// [`Error::Length`] if the data does not fit the shape; [`Error::Rank`];
    /// [`Error::OutOfMemory`].
    pub fn upload(&self, host: &[f32], shape: impl AsRef<[usize]>) -> Result<DeviceBuffer> {
        self.upload_as(host, shape)
    }

    /// [`Context::upload`] of any dtype: f32, f64, [`f16`](crate::f16) or [`bf16`](crate::bf16).
    ///
    /// # Errors
    /// As [`Context::upload`].
    pub fn upload_as<T: Element>(
        &self,
        host: &[T],
        shape: impl AsRef<[usize]>,
    ) -> Result<DeviceBuffer> {
        let layout = Layout::contiguous(shape)?;
        if layout.len() != host.len() {
            return Err(Error::Length {
                shape: layout.shape().to_vec(),
                expected: layout.len(),
                found: host.len(),
            });
        }
        let storage = match &self.inner.backend {
            Backend::Native => Storage::host(HostMemory::copy(host)?),
            Backend::Gpu(gpu) => Storage::Device(Arc::new(gpu.upload(bytemuck::cast_slice(host))?)),
        };
        DeviceBuffer::new(self.clone(), storage, layout, T::DTYPE)
    }

    /// A contiguous f32 tensor of zeros.
    ///
    /// # Errors
    /// As [`Context::upload`].
    pub fn zeros(&self, shape: impl AsRef<[usize]>) -> Result<DeviceBuffer> {
        self.zeros_as(shape, DType::F32)
    }

    /// A contiguous tensor of zeros of any dtype.
    ///
    /// # Errors
    /// As [`Context::upload`].
    pub fn zeros_as(&self, shape: impl AsRef<[usize]>, dtype: DType) -> Result<DeviceBuffer> {
        let layout = Layout::contiguous(shape)?;
        let bytes = dtype.size() as u64 * layout.len() as u64;
        let storage = match &self.inner.backend {
            Backend::Native => Storage::host(HostMemory::zeros(bytes)?),
            Backend::Gpu(gpu) => Storage::Device(Arc::new(gpu.zeros(bytes)?)),
        };
        DeviceBuffer::new(self.clone(), storage, layout, dtype)
    }

    /// A view of the caller's buffer, without a copy. A `wgpu::Buffer` is a handle: pass a clone,
    /// once for each tensor in it, with a layout that says where in the buffer the tensor is.
    ///
    /// It must belong to this context's device. That is not checked here: the first use of a buffer
    /// of another device is refused with [`Error::Validation`]. Projecting needs `STORAGE`,
    /// [`DeviceBuffer::read`] also `COPY_SRC`, [`DeviceBuffer::write`] also `COPY_DST`.
    ///
    /// ```
    /// use normproj::{Context, Layout};
    /// let context = Context::new()?;
    /// if let Some(gpu) = context.as_gpu() {
    ///     let page = gpu.device().create_buffer(&wgpu::BufferDescriptor {
    ///         label: Some("gradients"),
    ///         size: 4 * 4096,
    ///         usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC,
    ///         mapped_at_creation: false,
    ///     });
    ///     // Offsets count elements, not bytes.
    ///     let kernel = context.wrap(page.clone(), Layout::contiguous([20, 32])?.at(64)?)?;
    ///     let bias = context.wrap(page.clone(), Layout::contiguous([32])?.at(1024)?)?;
    ///     assert!(kernel.shares_memory_with(&bias));
    /// }
    /// # Ok::<(), normproj::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Unsupported`] on the CPU backend; [`Error::Usage`] without `STORAGE`;
    /// [`Error::OutOfBounds`].
    pub fn wrap(&self, buffer: wgpu::Buffer, layout: Layout) -> Result<DeviceBuffer> {
        self.wrap_as(buffer, layout, DType::F32)
    }

    /// [`Context::wrap`] of any dtype; the offset of the layout counts its elements.
    ///
    /// # Errors
    /// As [`Context::wrap`].
    pub fn wrap_as(
        &self,
        buffer: wgpu::Buffer,
        layout: Layout,
        dtype: DType,
    ) -> Result<DeviceBuffer> {
        if self.as_gpu().is_none() {
            let what = "a wgpu buffer belongs to a GPU".to_string();
            return Err(Error::Unsupported { device: self.describe().to_string(), what });
        }
        let storage = Storage::Device(Arc::new(GpuBuffer::foreign(buffer)?));
        DeviceBuffer::new(self.clone(), storage, layout, dtype)
    }

    pub(crate) async fn read<T: Element>(
        &self,
        memory: &GpuBuffer,
        layout: &Layout,
    ) -> Result<Vec<T>> {
        let Some(gpu) = self.as_gpu() else { return Ok(Vec::new()) };
        if layout.is_empty() {
            return Ok(Vec::new());
        }
        let size = size_of::<T>() as u64;
        let (first, end) = (size * layout.offset() as u64, size * layout.end() as u64);
        // Only whole words of 32 bits can be copied.
        let (start, stop) = (first / 4 * 4, end.next_multiple_of(4));
        let bytes = gpu.read(memory, start, stop - start).await?;
        let elements: Vec<T> = bytes[(first - start) as usize..(end - start) as usize]
            .chunks_exact(size as usize)
            .map(bytemuck::pod_read_unaligned)
            .collect();
        if layout.is_contiguous() {
            return Ok(elements);
        }
        Ok(gather(&elements, &Layout::strided(layout.shape(), layout.strides(), 0)?))
    }
}
