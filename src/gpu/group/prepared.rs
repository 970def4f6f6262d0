//! A group's plan with everything that it needs on a device but the tensors.

use std::sync::Arc;

use crate::buffer::DeviceBuffer;
use crate::dtype::Precision;
use crate::error::{Error, Result};
use crate::gpu::device::Gpu;
use crate::gpu::group::bound::BoundGroup;
use crate::gpu::pipeline::Program;
use crate::gpu::prepared::{stride, uniforms};
use crate::gpu::scope::scoped;
use crate::model::{GivenNorm, Kind};
use crate::plan::gpu::steps::Window;
use crate::plan::group::{GroupPlan, GroupStep};
use crate::shader::group::params::{GroupParams, SingleGroupParams};
use crate::shader::group::variant::GroupVariant;

/// A group's plan with its pipelines, tables, scratch and parameters; a clone shares everything.
#[derive(Debug, Clone)]
pub struct PreparedGroup {
    pub(super) gpu: Gpu,
    pub(super) plan: Arc<GroupPlan>,
    pub(super) scratch: Arc<Scratch>,
    pub(super) params: wgpu::Buffer,
    pub(super) stride: u32,
    pub(super) counted: bool,
}

/// Memory that the dispatches of a plan share.
#[derive(Debug)]
pub(super) struct Scratch {
    pub chunks: wgpu::Buffer,
    pub boxes: wgpu::Buffer,
    pub segments: wgpu::Buffer,
    pub partials: wgpu::Buffer,
    pub verdicts: wgpu::Buffer,
    pub counters: wgpu::Buffer,
}

impl PreparedGroup {
    pub(crate) fn new(
        gpu: &Gpu,
        plan: &Arc<GroupPlan>,
        given: Option<&DeviceBuffer>,
        counted: bool,
    ) -> Result<Self> {
        if plan.profile() != gpu.profile() {
            let (planned, here) = (&plan.profile().name, &gpu.profile().name);
            let reason = format!("it was made for {planned}, not for {here}");
            return Err(Error::PlanMismatch { reason });
        }
        let steps = plan.steps();
        gpu.compile(steps.steps.iter().map(|step| Program::Group(variant(step, counted))))?;
        let usage = wgpu::BufferUsages::STORAGE
            | wgpu::BufferUsages::COPY_SRC
            | wgpu::BufferUsages::COPY_DST;
        let table = |label: &str, bytes: &[u8]| -> Result<wgpu::Buffer> {
            let buffer = gpu.buffer(label, bytes.len() as u64, usage)?;
            scoped(gpu.device(), || gpu.queue().write_buffer(&buffer, 0, bytes))?;
            Ok(buffer)
        };
        let scratch = Scratch {
            chunks: table("chunks", &steps.chunk_table())?,
            boxes: table("boxes", bytemuck::cast_slice(&steps.boxes))?,
            segments: table("segments", bytemuck::cast_slice(&steps.segments))?,
            partials: gpu.buffer("partials", steps.partial_bytes(), usage)?,
            verdicts: gpu.buffer("verdicts", steps.verdict_bytes(), usage)?,
            counters: gpu.buffer("counters", 8, usage)?,
        };
        let stride = stride(gpu, GroupParams::size(steps.precision));
        let params = params(gpu, plan, given, stride)?;
        let (gpu, plan, scratch) = (gpu.clone(), Arc::clone(plan), Arc::new(scratch));
        Ok(PreparedGroup { gpu, plan, scratch, params, stride, counted })
    }

    /// The plan.
    pub fn plan(&self) -> &GroupPlan {
        &self.plan
    }

    /// The same tables and scratch under a plan that differs in nothing but its radius.
    pub(crate) fn with_plan(
        &self,
        plan: &Arc<GroupPlan>,
        given: Option<&DeviceBuffer>,
    ) -> Result<Self> {
        let params = params(&self.gpu, plan, given, self.stride)?;
        Ok(PreparedGroup { plan: Arc::clone(plan), params, ..self.clone() })
    }

    /// Binds memories, in the order of the request's.
    pub(crate) fn bind(
        &self,
        memories: &[DeviceBuffer],
        names: Arc<[String]>,
        given: Option<&DeviceBuffer>,
        results: &DeviceBuffer,
    ) -> Result<BoundGroup> {
        BoundGroup::new(self, memories, names, given, results)
    }
}

pub(super) fn variant(step: &GroupStep, counted: bool) -> GroupVariant {
    GroupVariant { counted: counted && step.variant.kernel.touches_tensors(), ..step.variant }
}

/// The part of a buffer that ends with a norm: it begins where the device lets a binding begin.
pub(super) fn given_window(gpu: &Gpu, norm: &DeviceBuffer) -> Window {
    let alignment = u64::from(gpu.device().limits().min_storage_buffer_offset_alignment);
    let size = norm.dtype().size() as u64;
    let byte = size * norm.layout().offset() as u64;
    let offset = byte / alignment * alignment;
    Window { offset, size: byte + size - offset }
}

/// One buffer of parameters, written once and never again: two recordings in one submission would
/// both see the later value.
fn params(
    gpu: &Gpu,
    plan: &GroupPlan,
    given: Option<&DeviceBuffer>,
    stride: u32,
) -> Result<wgpu::Buffer> {
    let clip = &plan.request().clip;
    let precision = plan.steps().precision;
    let place = |norm| given_window(gpu, norm).size / u64::from(4 * precision.words()) - 1;
    let given_at = given.map_or(0, |norm| place(norm) as u32);
    let of_step = |step: &GroupStep| {
        let rim = plan.rim_of(step.dtype);
        let params = step.params.with_rim(&rim, clip.policy(), clip.rounds(), precision);
        let params = match clip.given() {
            Some(GivenNorm::Host(norm)) => params.with_given(norm, precision),
            Some(GivenNorm::Device) => GroupParams { given_at, ..params },
            None => params,
        };
        match clip.kind {
            Kind::Value { low, high } => params.with_bounds(low, high, step.dtype, precision),
            _ => params,
        }
    };
    let params = plan.steps().steps.iter().map(of_step);
    match precision {
        Precision::Single => {
            uniforms(gpu, stride, params.map(|params| SingleGroupParams::from(&params)))
        }
        Precision::Double => uniforms(gpu, stride, params),
    }
}
