//! Backends without operator fusion: to compare with, and for where fusion is wrong.

#[cfg(feature = "cuda")]
pub(crate) type Cuda = burn_cubecl::CubeBackend<cubecl::cuda::CudaRuntime, f32, i32, u8>;
#[cfg(feature = "wgpu")]
pub(crate) type Wgpu = burn_cubecl::CubeBackend<burn::backend::wgpu::WgpuRuntime, f32, i32, u32>;
