//! The CUDA kernels on the processor, by the emulator under `tests/emulator/`, against the generic form on flex:
//! values and gradients, over odd sizes, padded rows, grouped heads and both storages.

#[path = "cuda_kernels/attention.rs"]
mod attention;
#[path = "cuda_kernels/cached.rs"]
mod cached;
#[path = "cuda_kernels/drawing.rs"]
mod drawing;
#[path = "cuda_kernels/elementwise.rs"]
mod elementwise;
mod emulator;
#[path = "cuda_kernels/numbers.rs"]
mod numbers;
#[path = "cuda_kernels/rotation.rs"]
mod rotation;
#[path = "cuda_kernels/vocabulary.rs"]
mod vocabulary;
