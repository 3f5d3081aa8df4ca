//! Hand-written kernels for CUDA, and the vendor's matrix products.
//!
//! # How a kernel is called
//!
//! CubeCL compiles the source of a [`launch::Launch`] with nvrtc (`--gpu-architecture=sm_XX[a]`, the CUDA headers and
//! CCCL on the include path, nothing else), keeps the PTX in its cache, and launches it in its own stream. What it
//! passes, on every card from compute capability 7.0 on, is one device pointer per tensor in order, and last the
//! scalars **by value**:
//!
//! ```c
//! extern "C" __global__ void name(T* a, const T* b, …, const Params params)
//! ```
//!
//! where `Params` is a struct of 32-bit words, padded to a multiple of 8 bytes, of at most 4,000 bytes.
