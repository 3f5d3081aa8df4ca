//! The graphics adapters that wgpu finds, discrete ones first, the processor's own last.

use std::sync::Once;

use anyhow::Result;
use burn::backend::wgpu::{RuntimeOptions, WgpuDevice, graphics, init_setup};
use wgpu::{AdapterInfo, DeviceType};

use super::devices::Found;
use crate::error::input_error;

/// Every adapter that work can run on.
///
/// # Errors
/// When there is none: what to install.
pub fn adapters() -> Result<Vec<(WgpuDevice, Found)>> {
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor {
        backends: backends(),
        ..wgpu::InstanceDescriptor::new_without_display_handle()
    });
    let infos = pollster::block_on(instance.enumerate_adapters(backends()));
    let infos: Vec<AdapterInfo> = infos.iter().map(wgpu::Adapter::get_info).collect();
    let of_type = |wanted: DeviceType, device: fn(usize) -> WgpuDevice| {
        let infos = infos.iter().filter(move |info| info.device_type == wanted).enumerate();
        infos.map(move |(index, info)| (device(index), found(info)))
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

fn found(info: &AdapterInfo) -> Found {
    Found { description: format!("{} ({}, {})", info.name, info.backend, info.driver_info), memory: None }
}

/// The adapter of a number, ready for work.
///
/// # Errors
/// When there is no such adapter.
pub fn device(index: Option<usize>) -> Result<WgpuDevice> {
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

/// Vulkan is asked for by name where it is compiled in.
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
