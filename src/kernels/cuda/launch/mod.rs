//! Every CUDA kernel as a value: what to compile, and with which grid, block, shared memory and scalars to run it.
//! Pure data, made from shapes: nothing here needs a card, a driver or a device's memory.
//!
//! # How a kernel takes its arguments
//!
//! `extern "C" __global__ void entry(A* a, B* b, …, const __grid_constant__ Params p)`: one pointer per slot, in the
//! order of [`KernelLaunch::slots`], and last, by value, a struct of 32-bit words, which are
//! [`KernelLaunch::scalars`]. That is what cubecl-cuda passes on cards of compute capability 7.0 and above when the
//! words, in pairs, are given as `MetadataBindingInfo::new(data, data.len())`: a pointer to them is the last
//! argument of `cuLaunchKernel`, and nothing is uploaded. Kernels need compute capability 8.0.
//!
//! Sources include no header, so that they compile without a toolkit.
//!
//! # Adding a kernel
//!
//! 1. A source under `source/`, one family of kernels a file, which says at its top what it computes, from which
//!    shapes, and how blocks share the work. Instructions that C++ has no word for are functions of `prelude.cuh` or
//!    `tensor_core.cuh`; the emulator has its own of the same names in `tests/emulator/instructions.h`.
//! 2. A function here that makes a [`KernelLaunch`] from shapes and pitches.
//! 3. A test in `tests/cuda_kernels/`, which runs it on the processor against the generic form, and a line in
//!    `tests/cuda_compile.rs`, which compiles it for the cards that there are.

mod adamw;
mod attention;
mod cached;
mod drawing;
mod norm;
mod program;
mod rotation;
mod shape;
mod tiles;
mod vocabulary;

pub use adamw::{AdamWForm, adamw};
pub use attention::{attention_backward_keys, attention_backward_query, attention_delta, attention_forward};
pub use cached::{CacheShape, decode_attention, decode_combine, prefill_attention};
pub use drawing::{DRAW_WORDS, draw_tokens, draw_words};
pub use norm::{
    NormShape, column_sums, gated_silu, gated_silu_backward, norm_parts, rms_norm, rms_norm_backward_input,
    rms_norm_backward_weight,
};
pub use program::{KernelLaunch, KernelProgram, Pitched, Storage};
pub use rotation::{AngleTable, RotationShape, Turn, rotate, rotate_append};
pub use shape::AttentionShape;
pub use tiles::{AttentionSpan, TILE_WORDS, TreeTiles};
pub use vocabulary::{target_logprobs, target_logprobs_backward};
