//! The ways to a context.

use std::sync::Arc;

use super::{Backend, Context, Inner};
use crate::error::Result;
use crate::gpu::{self, Adapter, Gpu};
use crate::plan::profile::DeviceProfile;

impl Context {
    /// The best hardware GPU; the native CPU backend if there is none or it cannot be opened, which
    /// [`Context::describe`] says.
    ///
    /// # Errors
    /// None natively.
    pub fn new() -> Result<Self> {
        pollster::block_on(Self::new_async())
    }

    /// [`Context::new`] without blocking.
    ///
    /// # Errors
    /// As [`Context::new`].
    pub async fn new_async() -> Result<Self> {
        let opened = match gpu::best(false).await {
            Ok(adapter) => Self::on_async(&adapter).await,
            Err(error) => Err(error),
        };
        Ok(opened.unwrap_or_else(|error| Self::native(&format!(" ({error})"))))
    }

    /// The best adapter, software included.
    ///
    /// # Errors
    /// [`NoAdapter`](crate::Error::NoAdapter).
    pub fn gpu() -> Result<Self> {
        pollster::block_on(Self::gpu_async())
    }

    /// [`Context::gpu`] without blocking.
    ///
    /// # Errors
    /// As [`Context::gpu`].
    pub async fn gpu_async() -> Result<Self> {
        Self::on_async(&gpu::best(true).await?).await
    }

    /// The native CPU backend.
    pub fn cpu() -> Self {
        Self::native("")
    }

    /// The best adapter whose name or backend contains `name`, in any case; `cpu` is the native
    /// backend, and so is a part of `native CPU` if no adapter is called so.
    ///
    /// # Errors
    /// [`NoAdapter`](crate::Error::NoAdapter), which lists those that there are.
    pub fn named(name: &str) -> Result<Self> {
        if name.eq_ignore_ascii_case("cpu") {
            return Ok(Self::cpu());
        }
        let found = pollster::block_on(gpu::named(name));
        if found.is_err() && "native cpu".contains(&name.to_lowercase()) {
            return Ok(Self::cpu());
        }
        Self::on(&found?)
    }

    /// An adapter of [`adapters`](crate::adapters).
    ///
    /// # Errors
    /// [`NoAdapter`](crate::Error::NoAdapter) if it cannot be opened.
    pub fn on(adapter: &Adapter) -> Result<Self> {
        pollster::block_on(Self::on_async(adapter))
    }

    /// [`Context::on`] without blocking.
    ///
    /// # Errors
    /// As [`Context::on`].
    pub async fn on_async(adapter: &Adapter) -> Result<Self> {
        Ok(Self::of(Gpu::open(adapter).await?))
    }

    /// An adapter with limits of the caller's choice, a browser's say.
    ///
    /// # Errors
    /// As [`Context::on`], if the adapter cannot grant them.
    pub fn on_with_limits(adapter: &Adapter, limits: wgpu::Limits) -> Result<Self> {
        Ok(Self::of(pollster::block_on(Gpu::open_with(adapter, limits))?))
    }

    /// Shares the caller's device and queue. No callback is installed on the device: CubeCL and
    /// others own those.
    pub fn from_wgpu(device: wgpu::Device, queue: wgpu::Queue) -> Self {
        Self::of(Gpu::from_wgpu(device, queue))
    }

    fn of(gpu: Gpu) -> Self {
        let profile = gpu.profile().clone();
        let description = format!("GPU {}", profile.name);
        Context { inner: Arc::new(Inner { backend: Backend::Gpu(gpu), profile, description }) }
    }

    fn native(why: &str) -> Self {
        let profile = DeviceProfile::native(rayon::current_num_threads());
        let description = format!("{}{why}", profile.name);
        Context { inner: Arc::new(Inner { backend: Backend::Native, profile, description }) }
    }
}
