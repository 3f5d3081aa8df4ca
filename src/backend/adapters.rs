//! The graphics adapters that wgpu finds, discrete ones first, the processor's own last.

use std::sync::Once;

use anyhow::Result;
use burn::backend::wgpu::{RuntimeOptions, WgpuDevice, graphics, init_setup};
use wgpu::{Adapter, AdapterInfo, DeviceType};

use super::found::FoundDevice;
use crate::error::input_error;

/// Every adapter that work can run on.
///
/// # Errors
/// When there is none: what to install.
pub(super) fn adapters() -> Result<Vec<(WgpuDevice, FoundDevice)>> {
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor {
        backends: backends(),
        ..wgpu::InstanceDescriptor::new_without_display_handle()
    });
    let found = pollster::block_on(instance.enumerate_adapters(backends()));
    let of_type = |wanted: DeviceType, device: fn(usize) -> WgpuDevice| {
        let of_type = found.iter().filter(move |adapter| adapter.get_info().device_type == wanted);
        of_type.enumerate().map(move |(index, adapter)| (device(index), described(adapter)))
    };
    let adapters: Vec<_> = of_type(DeviceType::DiscreteGpu, WgpuDevice::DiscreteGpu)
        .chain(of_type(DeviceType::IntegratedGpu, WgpuDevice::IntegratedGpu))
        .chain(of_type(DeviceType::VirtualGpu, WgpuDevice::VirtualGpu))
        .chain(of_type(DeviceType::Cpu, |_| WgpuDevice::Cpu).take(1))
        .collect();
    if adapters.is_empty() {
        return Err(input_error(
            "wgpu finds no graphics adapter: install the driver of one \
             (on Debian, mesa-vulkan-drivers has one that runs on the processor)",
        ));
    }
    Ok(adapters)
}

/// An adapter for people, with the size of its largest buffer: a tensor is one buffer and cannot be larger.
fn described(adapter: &Adapter) -> FoundDevice {
    let AdapterInfo { name, backend, driver_info, .. } = adapter.get_info();
    let largest = adapter.limits().max_storage_buffer_binding_size >> 20;
    let description = format!("{name} ({backend}, {driver_info}; tensors up to {largest} MiB)");
    FoundDevice { description, memory: None }
}

/// The adapter of a number, ready for work.
///
/// # Errors
/// When there is no such adapter.
pub(super) fn device(index: Option<usize>) -> Result<WgpuDevice> {
    let mut adapters = adapters()?;
    let (index, count) = (index.unwrap_or(0), adapters.len());
    if index >= count {
        return Err(input_error(format!(
            "--backend: there are {count} graphics adapters, the last is number {}; see spark backends",
            count - 1
        )));
    }
    let device = adapters.swap_remove(index).0;
    prepare(&device);
    Ok(device)
}

/// Sets a device up with Vulkan where that is compiled in; elsewhere the first use does it with the platform's API.
fn prepare(device: &WgpuDevice) {
    static PREPARED: Once = Once::new();
    if cfg!(feature = "vulkan") {
        // A second setup of a device is a panic; another device takes the graphics API of its platform.
        PREPARED.call_once(|| {
            init_setup::<graphics::Vulkan>(device, RuntimeOptions::default());
        });
    }
}

fn backends() -> wgpu::Backends {
    if cfg!(feature = "vulkan") { wgpu::Backends::VULKAN } else { wgpu::Backends::PRIMARY }
}
