//! What a plan must know of a device: numbers, no handle.

use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::plan::request::Request;

/// The kind of device and its limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeviceKind {
    /// A device that runs WGSL.
    Gpu(GpuLimits),
    /// The native CPU backend.
    Native {
        /// Threads that work at once.
        threads: usize,
        /// The bytes that a thread can read twice while memory is read once (its second cache).
        cache_bytes: usize,
    },
}

/// The limits of a device that runs WGSL, as WebGPU names them, and what tuning needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct GpuLimits {
    /// The largest workgroup.
    pub invocations: u32,
    /// Bytes of memory that a workgroup shares.
    pub workgroup_memory: u32,
    /// The largest number of workgroups in one dimension.
    pub workgroups: u32,
    /// The largest storage binding, in bytes.
    pub binding_bytes: u64,
    /// The largest buffer, in bytes.
    pub buffer_bytes: u64,
    /// How many storage buffers a dispatch can bind.
    pub storage_buffers: u32,
    /// What the offset of a storage binding must be a multiple of, in bytes.
    pub storage_alignment: u32,
    /// What the offset of a uniform binding must be a multiple of, in bytes.
    pub uniform_alignment: u32,
    /// The most bytes that one dispatch should touch, so that a slow adapter's watchdog stays quiet.
    pub dispatch_bytes: u64,
    /// The most windows of tensors' memory that a dispatch should choose among.
    pub windows: u32,
    /// How many workgroups keep the whole device busy.
    pub busy_workgroups: u32,
    /// Whether kernels can compute in f64: with `SHADER_F64`, and `SHADER_INT64` for its bits.
    pub doubles: bool,
}

/// What a plan is made for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DeviceProfile {
    /// A name to print.
    pub name: String,
    /// The kind of device and its limits.
    pub kind: DeviceKind,
}

/// What the smallest device must grant: the lanes and workgroups of the small dispatches, and
/// windows that hold more than their alignment wastes.
const LEAST: GpuLimits =
    GpuLimits { invocations: 64, workgroups: 64, binding_bytes: 4096, ..GpuLimits::BROWSER };
/// Workgroup memory of so many lanes of columns, whose accumulators are of four words at most.
const LEAST_MEMORY: u64 = 64 * 68 + 8;
/// The most memory that a plan is made for: 1 TiB.
const MOST_BYTES: u64 = 1 << 40;

impl DeviceProfile {
    /// Refuses a device whose limits are too small to plan anything for, and memory that no device
    /// has: the dispatches for it could not be counted up.
    pub(crate) fn check(&self, request: &Request) -> Result<()> {
        let DeviceKind::Gpu(_) = &self.kind else { return Ok(()) };
        self.check_limits()?;
        self.check_end(request.source.end(), request.dtype)?;
        self.check_end(request.target().end(), request.target_dtype())
    }

    /// Refuses a view that ends beyond the memory that a plan is made for.
    pub(crate) fn check_end(&self, end: usize, dtype: DType) -> Result<()> {
        match (dtype.size() as u64).saturating_mul(end as u64) {
            bytes if bytes > MOST_BYTES => {
                self.refuse(format!("a view that ends at {bytes} bytes (at most {MOST_BYTES})"))
            }
            _ => Ok(()),
        }
    }

    fn refuse(&self, what: String) -> Result<()> {
        Err(Error::Unsupported { device: self.name.clone(), what })
    }

    /// Refuses a device whose limits are too small to plan anything for.
    pub(crate) fn check_limits(&self) -> Result<()> {
        let DeviceKind::Gpu(limits) = &self.kind else { return Ok(()) };
        let binding = LEAST.binding_bytes.max(4 * u64::from(limits.storage_alignment));
        for (what, found, least) in [
            ("invocations", limits.invocations.into(), LEAST.invocations.into()),
            ("bytes of workgroup memory", limits.workgroup_memory.into(), LEAST_MEMORY),
            ("workgroups", limits.workgroups.into(), LEAST.workgroups.into()),
            ("storage buffers", limits.storage_buffers.into(), LEAST.storage_buffers.into()),
            ("bytes in a binding", limits.binding_bytes, binding),
            ("bytes in a dispatch", limits.dispatch_bytes, binding),
        ] {
            if found < least {
                return self.refuse(format!("it has {found} {what}, and {least} are needed"));
            }
        }
        Ok(())
    }

    /// The native CPU backend with that many threads, each with 1 MiB of cache.
    pub fn native(threads: usize) -> Self {
        DeviceProfile {
            name: format!("native CPU, {threads} threads"),
            kind: DeviceKind::Native { threads, cache_bytes: 1 << 20 },
        }
    }

    /// WebGPU's default limits: what a browser grants without asking.
    pub fn browser() -> Self {
        DeviceProfile { name: "browser".to_string(), kind: DeviceKind::Gpu(GpuLimits::BROWSER) }
    }

    /// An NVIDIA H200 under Vulkan.
    pub fn h200() -> Self {
        let limits = GpuLimits {
            invocations: 1024,
            workgroup_memory: 48 << 10,
            binding_bytes: (1 << 31) - 1,
            buffer_bytes: (1 << 32) - 1,
            storage_buffers: 1 << 20,
            storage_alignment: 32,
            uniform_alignment: 64,
            dispatch_bytes: 1 << 40,
            busy_workgroups: 256,
            doubles: true,
            ..GpuLimits::BROWSER
        };
        DeviceProfile { name: "NVIDIA H200".to_string(), kind: DeviceKind::Gpu(limits) }
    }
}

impl GpuLimits {
    /// WebGPU's defaults.
    pub const BROWSER: GpuLimits = GpuLimits {
        invocations: 256,
        workgroup_memory: 16 << 10,
        workgroups: 65_535,
        binding_bytes: 128 << 20,
        buffer_bytes: 256 << 20,
        storage_buffers: 8,
        storage_alignment: 256,
        uniform_alignment: 256,
        dispatch_bytes: 128 << 20,
        windows: 32,
        busy_workgroups: 256,
        doubles: false,
    };
}
