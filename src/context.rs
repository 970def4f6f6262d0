//! Where work runs: the entry point of the library.

mod along;
mod limits;
mod open;
mod rows;

use std::sync::Arc;

use crate::axes::Axes;
use crate::buffer::{DeviceBuffer, Storage, gather};
use crate::cpu;
use crate::dtype::{DType, Element};
use crate::error::{Error, Result};
use crate::gpu::{Gpu, GpuBuffer, Prepared};
use crate::host::HostMemory;
use crate::layout::Layout;
use crate::norm::Norm;
use crate::operands::Operands;
use crate::pending::PendingReport;
use crate::plan::Plan;
use crate::plan::profile::DeviceProfile;
use crate::plan::request::Request;
use crate::projection::Projection;

/// Where work runs: a GPU through wgpu, or the native CPU backend. A clone is another handle of
/// the same context.
///
/// ```
/// use normproj::Context;
/// let context = Context::new()?; // the best GPU; the native CPU backend if there is none
/// println!("{}", context.describe());
/// # Ok::<(), normproj::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Context {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    backend: Backend,
    profile: DeviceProfile,
    description: String,
}

#[derive(Debug)]
enum Backend {
    Native,
    Gpu(Gpu),
}

impl Context {
    /// What was picked, and why.
    pub fn describe(&self) -> &str {
        &self.inner.description
    }

    /// The numbers that plans are made from.
    pub fn profile(&self) -> &DeviceProfile {
        &self.inner.profile
    }

    /// The GPU side, where plans are prepared, bound and recorded; None on the CPU backend.
    pub fn as_gpu(&self) -> Option<&Gpu> {
        match &self.inner.backend {
            Backend::Gpu(gpu) => Some(gpu),
            Backend::Native => None,
        }
    }

    /// Whether two handles are of one context.
    pub fn is(&self, other: &Context) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }

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

    /// The plan of a request on this device.
    ///
    /// # Errors
    /// As [`Plan::new`].
    pub fn plan(&self, request: &Request) -> Result<Plan> {
        Plan::new(request, self.profile())
    }

    /// Projects in place. On a GPU the work is queued and the host does not wait.
    ///
    /// # Errors
    /// As [`Plan::new`]; [`Error::OtherContext`].
    pub fn project(&self, projection: &Projection, buffer: &DeviceBuffer) -> Result<()> {
        let request = Request::in_place(*projection, *buffer.layout()).of(buffer.dtype());
        self.carry_out(&request, buffer, buffer, Operands::default()).map(drop)
    }

    /// [`Context::project`] with a report that can be waited for, any time later.
    ///
    /// # Errors
    /// As [`Context::project`].
    pub fn project_reported(
        &self,
        projection: &Projection,
        buffer: &DeviceBuffer,
    ) -> Result<PendingReport> {
        let request = Request::in_place(*projection, *buffer.layout()).of(buffer.dtype());
        let request = request.with_report();
        self.carry_out(&request, buffer, buffer, Operands::default())
    }

    /// [`Context::project`] with radii in device memory, one for each slice or one for all, which are read
    /// there: [`Request::with_radii`](crate::Request::with_radii) says what they mean.
    ///
    /// ```
    /// use normproj::{Context, Projection};
    /// let context = Context::cpu();
    /// let weights = context.upload(&[3.0, 4.0, 6.0, 8.0], [2, 2])?;
    /// let radii = context.upload(&[1.0, f32::INFINITY], [2])?;
    /// context.project_with_radii(&Projection::max_norm(1.0, 1), &weights, &radii)?;
    /// let host = weights.read()?;
    /// assert!((host[1] - 0.8).abs() < 1e-6);
    /// assert_eq!(host[2..], [6.0, 8.0]);
    /// # Ok::<(), normproj::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Context::project`]; [`Error::NoRadii`] for sets that take none; [`Error::RadiusCount`];
    /// [`Error::Dtype`]; [`Error::Overlap`] if the tensor overlaps them.
    pub fn project_with_radii(
        &self,
        projection: &Projection,
        buffer: &DeviceBuffer,
        radii: &DeviceBuffer,
    ) -> Result<()> {
        let request = Request::in_place(*projection, *buffer.layout()).of(buffer.dtype());
        self.carry_out(&request, buffer, buffer, Operands::radii(radii)).map(drop)
    }

    /// [`Context::project_with_radii`] with a report.
    ///
    /// # Errors
    /// As [`Context::project_with_radii`].
    pub fn project_with_radii_reported(
        &self,
        projection: &Projection,
        buffer: &DeviceBuffer,
        radii: &DeviceBuffer,
    ) -> Result<PendingReport> {
        let request = Request::in_place(*projection, *buffer.layout()).of(buffer.dtype());
        self.carry_out(&request.with_report(), buffer, buffer, Operands::radii(radii))
    }

    /// [`Context::project_into`] with radii in device memory, as [`Context::project_with_radii`].
    ///
    /// # Errors
    /// As both.
    pub fn project_into_with_radii(
        &self,
        projection: &Projection,
        source: &DeviceBuffer,
        target: &DeviceBuffer,
        radii: &DeviceBuffer,
    ) -> Result<()> {
        let request =
            Request::into(*projection, *source.layout(), *target.layout()).of(source.dtype());
        self.carry_out(&request, source, target, Operands::radii(radii)).map(drop)
    }

    /// Projects `source` into `target`, of the same shape; the source keeps its bits.
    ///
    /// # Errors
    /// As [`Context::project`]; [`Error::Shape`], [`Error::Overlap`].
    pub fn project_into(
        &self,
        projection: &Projection,
        source: &DeviceBuffer,
        target: &DeviceBuffer,
    ) -> Result<()> {
        let request =
            Request::into(*projection, *source.layout(), *target.layout()).of(source.dtype());
        self.carry_out(&request, source, target, Operands::default()).map(drop)
    }

    /// Writes the norm of each slice into `norms`, a contiguous buffer of as many elements as
    /// there are slices, in row-major order of the kept axes: of f32, or of f64 for tensors of f64.
    /// The norm of a slice with a NaN is NaN; one beyond that dtype, or of a slice with an infinity, is
    /// infinite.
    ///
    /// # Errors
    /// As [`Context::project`]; [`Error::Length`] if `norms` has another length.
    pub fn norms(
        &self,
        norm: Norm,
        axes: impl Into<Axes>,
        source: &DeviceBuffer,
        norms: &DeviceBuffer,
    ) -> Result<()> {
        let request =
            Request::norms(norm, axes, *source.layout(), *norms.layout()).of(source.dtype());
        self.carry_out(&request, source, norms, Operands::default()).map(drop)
    }

    /// Carries out a request, with its plan and bindings from the last time if it is repeated.
    fn carry_out(
        &self,
        request: &Request,
        source: &DeviceBuffer,
        target: &DeviceBuffer,
        operands: Operands<'_>,
    ) -> Result<PendingReport> {
        self.check([source, target].into_iter().chain(operands.each()))?;
        let request = &operands.of(request);
        match (&self.inner.backend, source.storage(), target.storage()) {
            (Backend::Gpu(gpu), Storage::Device(memory), Storage::Device(_)) => {
                let prepare = || gpu.prepare(&self.plan(request)?);
                let bind = |prepared: &Prepared| prepared.bind_operands(source, target, operands);
                gpu.submit(&memory.bound(request, prepare, bind)?)
            }
            _ => self.run_operands(&self.plan(request)?, source, target, operands),
        }
    }

    /// Carries out a plan: `source` is read, `target` written (the same buffer in place).
    ///
    /// # Errors
    /// [`Error::PlanMismatch`] if the buffers are not those of the plan's request;
    /// [`Error::OtherContext`]; [`Error::Overlap`].
    pub fn run(
        &self,
        plan: &Plan,
        source: &DeviceBuffer,
        target: &DeviceBuffer,
    ) -> Result<PendingReport> {
        self.run_operands(plan, source, target, Operands::default())
    }

    /// [`Context::run`] with the radii of a plan that has some.
    ///
    /// # Errors
    /// As [`Context::run`].
    pub fn run_with_radii(
        &self,
        plan: &Plan,
        source: &DeviceBuffer,
        target: &DeviceBuffer,
        radii: Option<&DeviceBuffer>,
    ) -> Result<PendingReport> {
        self.run_operands(plan, source, target, Operands { radii, ..Operands::default() })
    }

    fn run_operands(
        &self,
        plan: &Plan,
        source: &DeviceBuffer,
        target: &DeviceBuffer,
        operands: Operands<'_>,
    ) -> Result<PendingReport> {
        let Operands { radii, direction, limits, rows } = operands;
        self.check([source, target].into_iter().chain(operands.each()))?;
        plan.check_views(source, target)?;
        plan.check_radii(radii, target)?;
        plan.check_direction(direction, target)?;
        plan.check_limits(limits, target)?;
        plan.check_rows(rows, target)?;
        if plan.profile() != self.profile() {
            let (planned, here) = (&plan.profile().name, &self.profile().name);
            let reason = format!("it was made for {planned}, not for {here}");
            return Err(Error::PlanMismatch { reason });
        }
        let (Storage::Host(from), Storage::Host(to)) = (source.storage(), target.storage()) else {
            let Some(gpu) = self.as_gpu() else { return Err(self.other(source)) };
            return gpu.submit(&gpu.prepare(plan)?.bind_operands(source, target, operands)?);
        };
        let at = |operand: &'_ DeviceBuffer| (operand.storage().clone(), *operand.layout());
        let tally = match (direction.map(at), rows) {
            (Some((Storage::Host(along), layout)), _) => {
                cpu::along::run(plan, from, to, (&along, &layout))?
            }
            (_, Some(rows)) => cpu::touched::run(plan, to, &rows.host_words()),
            _ => {
                // Read before the others are locked: they may be in one memory.
                let radii = radii.map(DeviceBuffer::host_numbers).unwrap_or_default();
                let limits = limits.map(|both| both.map(DeviceBuffer::host_numbers));
                let limits = limits.unwrap_or_default();
                cpu::run(plan, from, to, &cpu::Numbers { radii, limits })?
            }
        };
        Ok(PendingReport::ready(plan.request().report.then(|| tally.report(&plan.rule()))))
    }

    fn check<'a>(&self, mut buffers: impl Iterator<Item = &'a DeviceBuffer>) -> Result<()> {
        match buffers.find(|buffer| !self.is(buffer.context())) {
            Some(buffer) => Err(self.other(buffer)),
            None => Ok(()),
        }
    }

    fn other(&self, buffer: &DeviceBuffer) -> Error {
        Error::OtherContext {
            expected: self.describe().to_string(),
            found: buffer.context().describe().to_string(),
        }
    }
}
