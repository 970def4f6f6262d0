//! The adapters of this machine, and which one is best.

use std::sync::{Mutex, PoisonError};

use crate::error::{Error, Result};
use crate::plan::profile::GpuLimits;

/// An adapter of this machine.
#[derive(Debug, Clone)]
pub struct Adapter {
    /// What the driver calls it.
    pub name: String,
    /// The API that it is reached through: Vulkan, Metal, Dx12, Gl.
    pub backend: String,
    /// The driver and its version.
    pub driver: String,
    /// Discrete, integrated, virtual, software or other.
    pub kind: String,
    /// The features that it offers.
    pub features: Vec<String>,
    /// Its limits.
    pub limits: GpuLimits,
    pub(super) handle: wgpu::Adapter,
}

impl Adapter {
    fn new(handle: wgpu::Adapter) -> Self {
        let info = handle.get_info();
        Adapter {
            name: info.name.clone(),
            backend: format!("{:?}", info.backend),
            driver: format!("{} {}", info.driver, info.driver_info).trim().to_string(),
            kind: match info.device_type {
                wgpu::DeviceType::DiscreteGpu => "discrete",
                wgpu::DeviceType::IntegratedGpu => "integrated",
                wgpu::DeviceType::VirtualGpu => "virtual",
                wgpu::DeviceType::Cpu => "software",
                wgpu::DeviceType::Other => "other",
            }
            .to_string(),
            features: handle.features().iter_names().map(|(name, _)| name.to_string()).collect(),
            limits: limits(&handle.limits(), handle.features(), info.device_type),
            handle,
        }
    }

    /// Whether it is hardware, so that it is preferred to the CPU backend.
    pub fn is_hardware(&self) -> bool {
        matches!(self.kind.as_str(), "discrete" | "integrated" | "virtual")
    }

    /// Better adapters sort first: hardware before software, discrete before integrated, and the
    /// explicit APIs before OpenGL.
    fn rank(&self) -> (u8, bool) {
        let kind = match self.kind.as_str() {
            "discrete" => 0,
            "integrated" => 1,
            "virtual" => 2,
            "software" => 4,
            _ => 3,
        };
        (kind, self.backend == "Gl")
    }
}

impl std::fmt::Display for Adapter {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Adapter { name, backend, driver, kind, .. } = self;
        write!(formatter, "{name} ({kind}, {backend}, {driver})")
    }
}

/// What a plan needs to know of a device's limits.
pub(super) fn limits(
    limits: &wgpu::Limits,
    features: wgpu::Features,
    kind: wgpu::DeviceType,
) -> GpuLimits {
    let software = matches!(kind, wgpu::DeviceType::Cpu);
    GpuLimits {
        invocations: limits
            .max_compute_invocations_per_workgroup
            .min(limits.max_compute_workgroup_size_x),
        workgroup_memory: limits.max_compute_workgroup_storage_size,
        workgroups: limits.max_compute_workgroups_per_dimension,
        binding_bytes: limits.max_storage_buffer_binding_size,
        buffer_bytes: limits.max_buffer_size,
        storage_buffers: limits.max_storage_buffers_per_shader_stage,
        storage_alignment: limits.min_storage_buffer_offset_alignment,
        uniform_alignment: limits.min_uniform_buffer_offset_alignment,
        // Half a second at 256 MB/s, which every software adapter reaches.
        dispatch_bytes: if software { 128 << 20 } else { 1 << 40 },
        // A software adapter runs all cases of a switch, masked: 300 tensors in buffers of their own
        // and 30 million elements take 57, 71, 85, 135, 211 ms with 2, 4, 8, 16, 32 windows on
        // lavapipe (2 cores; 56 ms in an arena), and 301, 151, 77, 39, 23 dispatches. On an H200 a
        // billion elements take 1.32 ms with 32 windows and 21 dispatches, and 0.93 ms in an arena;
        // more windows are not measured.
        windows: if software { 8 } else { 32 },
        busy_workgroups: match kind {
            wgpu::DeviceType::Cpu => 32,
            // Two for each multiprocessor of an H200 (driver 580.159, 2026-11-26): columns of 4096² take
            // 0.029 ms with 256 workgroups, 0.032 with 512, 0.036 with 832, 0.035 with 128; columns of
            // 3×3×512×512 take 0.017 with 288, 0.023 with 576, 0.018 with 144.
            _ => 256,
        },
        doubles: features.contains(DOUBLES),
    }
}

/// What kernels of f64 need.
pub(super) const DOUBLES: wgpu::Features =
    wgpu::Features::SHADER_F64.union(wgpu::Features::SHADER_INT64);

/// The adapters of this machine, best first. They are looked up once in a process.
pub fn adapters() -> Vec<Adapter> {
    pollster::block_on(adapters_async())
}

/// [`adapters`] without blocking.
pub async fn adapters_async() -> Vec<Adapter> {
    // Once, because loading drivers takes tens of milliseconds, and because every OpenGL adapter of
    // an instance shares one context but not its lock: wgpu panics if two of them work at once.
    static FOUND: Mutex<Option<Vec<Adapter>>> = Mutex::new(None);
    let found = || FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    // Natively the look-up never waits, so the lock is held over it; the web has one thread.
    #[cfg(not(target_arch = "wasm32"))]
    return found().get_or_insert_with(|| pollster::block_on(look_up())).clone();
    #[cfg(target_arch = "wasm32")]
    {
        let adapters = look_up().await;
        found().get_or_insert(adapters).clone()
    }
}

async fn look_up() -> Vec<Adapter> {
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
    let found = instance.enumerate_adapters(wgpu::Backends::all()).await;
    let compute = wgpu::DownlevelFlags::COMPUTE_SHADERS;
    let mut adapters: Vec<Adapter> = found
        .into_iter()
        .filter(|adapter| adapter.get_downlevel_capabilities().flags.contains(compute))
        .map(Adapter::new)
        .collect();
    adapters.sort_by_key(Adapter::rank);
    adapters
}

/// The best adapter; of software too, if asked for.
pub(crate) async fn best(software: bool) -> Result<Adapter> {
    let adapters = adapters_async().await;
    let found: Vec<String> = adapters.iter().map(ToString::to_string).collect();
    let reason = match found.as_slice() {
        [] => "none was found; is a driver installed?".to_string(),
        found => format!("only software was found: {}", found.join(", ")),
    };
    let fits = |adapter: &Adapter| software || adapter.is_hardware();
    adapters.into_iter().find(fits).ok_or(Error::NoAdapter { reason })
}

/// The best adapter whose name or backend contains `name`, in any case.
pub(crate) async fn named(name: &str) -> Result<Adapter> {
    let adapters = adapters_async().await;
    let found: Vec<String> = adapters.iter().map(ToString::to_string).collect();
    let part = name.to_lowercase();
    let fits = |adapter: &Adapter| {
        adapter.name.to_lowercase().contains(&part)
            || adapter.backend.to_lowercase().contains(&part)
    };
    adapters.into_iter().find(fits).ok_or_else(|| Error::NoAdapter {
        reason: format!("none is named `{name}`; found: {}", found.join(", ")),
    })
}
