//! Hand-written kernels for CUDA, and the vendor's matrix products.
//!
//! Knows shapes and device memory; knows nothing of the model that is built from them.
//!
//! # From an operation to the card
//!
//! 1. `card/backends.rs` gives the operations of [`Kernels`](super::Kernels) to CUDA's backends. `host/fitness.rs` says
//!    what the kernels take; the rest runs in the generic form. `host/plain.rs` and `host/autodiff.rs` are generic over
//!    the backend.
//! 2. `host/operate.rs`: an operation names its inputs, the shapes of its outputs, and the work between them, a
//!    closure. `card/unfused.rs` runs it at once, `card/fused.rs` puts it into fusion's queue.
//! 3. The other files of `host/` are that work: which kernels, with which sizes, in terms of `host/engine.rs`. In
//!    tests they run in the host's memory, on the emulator of the kernels.
//! 4. [`launch`] makes a launch from shapes: source, grid, shared memory and scalars, as data. `host/product.rs` is the
//!    same for matrix products.
//! 5. `card/device.rs` is the engine of a real card. `card/task.rs` is a source as CubeCL compiles it; its PTX is kept
//!    in CubeCL's cache, so that it is compiled once per machine. `card/cublaslt.rs` is NVIDIA's library, and
//!    `card/order.rs` with `card/stream.rs` put its work into CubeCL's own stream.
//!
//! # How a kernel is called
//!
//! CubeCL compiles a source with nvrtc (`--gpu-architecture=sm_XX[a]` and the CUDA headers on the include path), and
//! passes one device pointer per slot, in order, and last the scalars **by value**:
//!
//! ```c
//! extern "C" __global__ void name(T* a, const T* b, …, const __grid_constant__ Params params)
//! ```
//!
//! where `Params` is a struct of 32-bit words, padded to a multiple of 8 bytes. Cards of compute capability 7.0 and
//! above are called so.

#[cfg(feature = "cuda")]
mod card;
#[cfg(any(feature = "cuda", all(test, feature = "flex")))]
mod host;
pub mod launch;

/// Whether products in f32 round their factors to 10 bits (TF32): Burn's do, on tensor cores, the library's do not.
pub(crate) fn rounds_products() -> bool {
    #[cfg(feature = "cuda")]
    return !card::has_library() || super::is_switched_off("project");
    #[cfg(not(feature = "cuda"))]
    true
}
