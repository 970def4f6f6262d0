//! A plan with everything that it needs on a device but the caller's tensors.

use std::sync::Arc;

use crate::buffer::DeviceBuffer;
use crate::dtype::Precision;
use crate::error::{Error, Result};
use crate::gpu::bound::{Bound, Views};
use crate::gpu::device::Gpu;
use crate::gpu::pipeline::{Program, params_size};
use crate::gpu::scope::scoped;
use crate::indices::Indices;
use crate::operands::Operands;
use crate::plan::Plan;
use crate::plan::gpu::steps::Step;
use crate::plan::request::Task;
use crate::shader::params::SingleParams;
use crate::shader::variant::Variant;

/// A plan with its pipelines, scratch and parameters. Preparing is the only step that compiles or
/// allocates in earnest; a clone shares everything.
#[derive(Debug, Clone)]
pub struct Prepared {
    pub(super) gpu: Gpu,
    pub(super) plan: Arc<Plan>,
    pub(super) scratch: Arc<Scratch>,
    pub(super) params: wgpu::Buffer,
    pub(super) stride: u32,
    pub(super) counted: bool,
}

/// Memory that the dispatches of a plan share.
#[derive(Debug)]
pub(super) struct Scratch {
    pub partials: Option<wgpu::Buffer>,
    pub verdicts: Option<wgpu::Buffer>,
    pub states: Option<wgpu::Buffer>,
    pub summaries: Option<wgpu::Buffer>,
    /// Zeros, as wgpu makes them, and between two runs.
    pub owners: Option<wgpu::Buffer>,
    pub counters: Option<wgpu::Buffer>,
    /// What stands in for a tensor without elements: no binding may be empty.
    pub nothing: Option<wgpu::Buffer>,
}

impl Prepared {
    pub(super) fn new(gpu: &Gpu, plan: &Plan, counted: bool) -> Result<Self> {
        if plan.profile() != gpu.profile() {
            let (planned, here) = (&plan.profile().name, &gpu.profile().name);
            let reason = format!("it was made for {planned}, not for {here}");
            return Err(Error::PlanMismatch { reason });
        }
        let steps = plan.steps();
        // Compiled now, so that recording never compiles; binding does so only for a target in the
        // source's own buffer, which needs another program.
        let program = |step: &Step| {
            let counted = counted && step.variant.kernel.touches_tensor();
            Program::Slices(Variant { counted, ..step.variant })
        };
        gpu.compile(steps.steps.iter().map(program))?;
        let storage = |label: &str, size: u64| -> Result<Option<wgpu::Buffer>> {
            let usage = wgpu::BufferUsages::STORAGE
                | wgpu::BufferUsages::COPY_SRC
                | wgpu::BufferUsages::COPY_DST;
            (size > 0).then(|| gpu.buffer(label, size, usage)).transpose()
        };
        let scratch = Scratch {
            partials: storage("partials", steps.partial_bytes)?,
            verdicts: storage("verdicts", steps.verdict_bytes)?,
            states: storage("states", steps.state_bytes)?,
            summaries: storage("summaries", steps.summary_bytes)?,
            owners: storage("owners", steps.owner_bytes)?,
            counters: storage("counters", if counted { 8 } else { 0 })?,
            nothing: storage("nothing", if plan.geometry().is_empty() { 16 } else { 0 })?,
        };
        let stride = stride(gpu, params_size(plan.request().dtype.precision()));
        let params = params(gpu, plan, stride)?;
        let (gpu, plan, scratch) = (gpu.clone(), Arc::new(plan.clone()), Arc::new(scratch));
        Ok(Prepared { gpu, plan, scratch, params, stride, counted })
    }

    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The same projection onto a set of another radius: another small uniform buffer, the same
    /// pipelines and scratch.
    ///
    /// # Errors
    /// [`Error::Radius`]; [`Error::PlanMismatch`] if norms are computed, which have no radius.
    pub fn with_radius(&self, radius: f64) -> Result<Self> {
        let Task::Project(projection) = self.plan.request().task else {
            return Err(Error::PlanMismatch { reason: "norms have no radius".to_string() });
        };
        let plan = self.plan.with_projection(projection.with_radius(radius))?;
        let params = params(&self.gpu, &plan, self.stride)?;
        Ok(Prepared { plan: Arc::new(plan), params, ..self.clone() })
    }

    /// Binds a tensor that is projected in place.
    ///
    /// # Errors
    /// [`Error::PlanMismatch`] for another layout or form than was planned, [`Error::NoDirection`],
    /// [`Error::OtherContext`], [`Error::Validation`].
    pub fn bind(&self, tensor: &DeviceBuffer) -> Result<Bound> {
        self.bind_into(tensor, tensor)
    }

    /// Binds a tensor that is read and one that is written: the target of a projection, or the
    /// buffer of norms.
    ///
    /// # Errors
    /// As [`Prepared::bind`].
    pub fn bind_into(&self, source: &DeviceBuffer, target: &DeviceBuffer) -> Result<Bound> {
        self.bind_operands(source, target, Operands::default())
    }

    /// [`Prepared::bind_into`] with the radii of a request that has some
    /// ([`Request::with_radii`](crate::Request::with_radii)); a tensor in place is source and target.
    ///
    /// ```
    /// use normproj::{Context, Projection, Request};
    /// let context = Context::new()?;
    /// if let Some(gpu) = context.as_gpu() {
    ///     let weights = context.upload(&[3.0, 4.0, 6.0, 8.0], [2, 2])?;
    ///     let radii = context.upload(&[1.0, 2.0], [2])?;
    ///     let request = Request::in_place(Projection::max_norm(1.0, 1), *weights.layout());
    ///     let plan = context.plan(&request.with_radii(*radii.layout()))?;
    ///     let bound = gpu.prepare(&plan)?.bind_with(&weights, &weights, Some(&radii))?;
    ///     // In every step: `bound.record(&mut pass)`; what `radii` holds then is what counts.
    ///     drop(bound);
    /// }
    /// # Ok::<(), normproj::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Prepared::bind`]; [`Error::Overlap`] if the target overlaps the radii.
    pub fn bind_with(
        &self,
        source: &DeviceBuffer,
        target: &DeviceBuffer,
        radii: Option<&DeviceBuffer>,
    ) -> Result<Bound> {
        self.bind_operands(source, target, Operands { radii, ..Operands::default() })
    }

    /// [`Prepared::bind_into`] with the lower and upper limits of a request that has some
    /// ([`Request::with_limits`](crate::Request::with_limits)); a tensor in place is source and target.
    ///
    /// # Errors
    /// As [`Prepared::bind`]; [`Error::Overlap`] if the target overlaps a limit.
    pub fn bind_with_limits(
        &self,
        source: &DeviceBuffer,
        target: &DeviceBuffer,
        low: &DeviceBuffer,
        high: &DeviceBuffer,
    ) -> Result<Bound> {
        self.bind_operands(source, target, Operands::limits(low, high))
    }

    /// [`Prepared::bind_into`] of a projection along a direction
    /// ([`Request::along`](crate::Request::along)); a tensor in place is source and target.
    ///
    /// # Errors
    /// As [`Prepared::bind`]; [`Error::UnusedDirection`]; [`Error::Overlap`] if the target overlaps it.
    pub fn bind_along(
        &self,
        source: &DeviceBuffer,
        target: &DeviceBuffer,
        direction: &DeviceBuffer,
    ) -> Result<Bound> {
        self.bind_operands(source, target, Operands::along(direction))
    }

    /// [`Prepared::bind_along`] with the offsets of a request that has some in device memory
    /// ([`Request::with_radii`](crate::Request::with_radii)).
    ///
    /// # Errors
    /// As [`Prepared::bind_along`]; [`Error::Overlap`] if the target overlaps the offsets.
    pub fn bind_along_with(
        &self,
        source: &DeviceBuffer,
        target: &DeviceBuffer,
        direction: &DeviceBuffer,
        radii: Option<&DeviceBuffer>,
    ) -> Result<Bound> {
        self.bind_operands(source, target, Operands { radii, ..Operands::along(direction) })
    }

    /// Binds a table and the indices that name its rows: see
    /// [`Context::project_rows`](crate::Context::project_rows).
    ///
    /// ```
    /// use normproj::{Context, Indices, Projection, Request};
    /// let context = Context::new()?;
    /// if let Some(gpu) = context.as_gpu() {
    ///     let table = context.zeros([1000, 64])?;
    ///     let indices = Indices::upload(&context, &[3u32, 14, 15])?;
    ///     let request = Request::in_place(Projection::max_norm(1.0, 1), *table.layout());
    ///     let plan = context.plan(&request.rows(*indices.layout()))?;
    ///     let bound = gpu.prepare(&plan)?.bind_rows(&table, &indices)?;
    ///     // In every step: `bound.record(&mut pass)`; what `indices` names then is projected.
    ///     drop(bound);
    /// }
    /// # Ok::<(), normproj::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Prepared::bind`]; [`Error::Overlap`] if the table overlaps the indices.
    pub fn bind_rows(&self, table: &DeviceBuffer, indices: &Indices) -> Result<Bound> {
        self.bind_operands(table, table, Operands::rows(indices))
    }

    pub(crate) fn bind_operands(
        &self,
        source: &DeviceBuffer,
        target: &DeviceBuffer,
        operands: Operands<'_>,
    ) -> Result<Bound> {
        self.plan.check_views(source, target)?;
        self.plan.check_radii(operands.radii, target)?;
        self.plan.check_direction(operands.direction, target)?;
        self.plan.check_limits(operands.limits, target)?;
        self.plan.check_rows(operands.rows, target)?;
        let views = Views::new(&self.gpu, source, target, operands)?;
        Bound::new(self, views)
    }
}

/// One buffer of parameters, written once and never again: two recordings in one submission would
/// both see the later value.
fn params(gpu: &Gpu, plan: &Plan, stride: u32) -> Result<wgpu::Buffer> {
    let (rule, request) = (plan.rule(), plan.request());
    let precision = request.dtype.precision();
    let lines = plan.rims().and_then(|rims| rims.lines());
    let plane = plan.rims().and_then(|rims| rims.plane());
    let of_step = |step: &Step| {
        let params = step.params.with_rule(plan, &rule);
        let params = lines.as_ref().map_or(params, |lines| params.with_lines(lines, precision));
        let params = plane.as_ref().map_or(params, |plane| params.with_plane(plane, precision));
        params.with_bounds_of(request.dtype)
    };
    let params = plan.steps().steps.iter().map(of_step);
    match precision {
        Precision::Single => {
            uniforms(gpu, stride, params.map(|params| SingleParams::from(&params)))
        }
        Precision::Double => uniforms(gpu, stride, params),
    }
}

/// From the parameters of one dispatch to those of the next, as a dynamic offset allows.
pub(super) fn stride(gpu: &Gpu, bytes: u64) -> u32 {
    let alignment = gpu.device().limits().min_uniform_buffer_offset_alignment;
    (bytes as u32).next_multiple_of(alignment)
}

/// The parameters of some dispatches, `stride` bytes apart.
pub(super) fn uniforms<P: bytemuck::Pod>(
    gpu: &Gpu,
    stride: u32,
    params: impl ExactSizeIterator<Item = P>,
) -> Result<wgpu::Buffer> {
    let mut bytes = vec![0u8; params.len() * stride as usize];
    for (slot, params) in bytes.chunks_exact_mut(stride as usize).zip(params) {
        slot[..size_of::<P>()].copy_from_slice(bytemuck::bytes_of(&params));
    }
    let usage = wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST;
    let buffer = gpu.buffer("params", bytes.len() as u64, usage)?;
    scoped(gpu.device(), || gpu.queue().write_buffer(&buffer, 0, &bytes))?;
    Ok(buffer)
}
