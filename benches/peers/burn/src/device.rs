//! One device that both libraries work on.

use burn::tensor::wgpu::WgpuSetup;
use burn::tensor::{Device, Tensor, TensorData};
use normproj::Context;

use crate::Result;

pub struct Devices {
    pub context: Context,
    pub burn: Device,
    device: wgpu::Device,
    info: wgpu::AdapterInfo,
}

impl Devices {
    /// The adapter whose name contains that text; without one the first piece of hardware, else any.
    pub fn open(name: Option<String>) -> Result<Self> {
        let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
        let mut adapters = pollster::block_on(instance.enumerate_adapters(wgpu::Backends::VULKAN));
        adapters.sort_by_key(|adapter| adapter.get_info().device_type == wgpu::DeviceType::Cpu);
        let named = |adapter: &wgpu::Adapter| {
            name.as_ref().is_none_or(|name| adapter.get_info().name.contains(name))
        };
        let adapter = adapters.into_iter().find(named).ok_or("no adapter of that name")?;
        let info = adapter.get_info();
        let (device, queue) =
            pollster::block_on(adapter.request_device(&wgpu::DeviceDescriptor {
                required_features: adapter.features() - wgpu::Features::all_experimental_mask(),
                required_limits: adapter.limits(),
                ..Default::default()
            }))?;
        let context = Context::from_wgpu(device.clone(), queue.clone());
        let shared = device.clone();
        let setup = WgpuSetup { instance, adapter, device, queue, backend: wgpu::Backend::Vulkan };
        let burn = Device::wgpu_options().setup(setup).init()?;
        Ok(Devices { context, burn, device: shared, info })
    }

    pub fn name(&self) -> &str {
        &self.info.name
    }

    fn software(&self) -> bool {
        self.info.device_type == wgpu::DeviceType::Cpu
    }

    pub fn most_elements(&self) -> usize {
        if self.software() { 1 << 24 } else { 1 << 28 }
    }

    pub fn model_elements(&self) -> usize {
        if self.software() { 4_000_000 } else { 1_000_000_000 }
    }

    pub fn runs(&self) -> usize {
        if self.software() { 9 } else { 31 }
    }

    pub fn tensor(&self, host: &[f32], shape: [usize; 2]) -> Tensor<2> {
        Tensor::from_data(TensorData::new(host.to_vec(), shape), &self.burn)
    }

    /// Until the device has done what it was given.
    pub fn wait(&self) -> Result<()> {
        self.device.poll(wgpu::PollType::wait_indefinitely())?;
        Ok(())
    }
}
