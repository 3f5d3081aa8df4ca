//! Kernels for LibTorch, on the processor and on CUDA, with and without autodiff: few calls of LibTorch's own fused
//! operations, in place where the memory is ours, with backward passes of their own. They take f32, bf16 and f16;
//! products run in the tensors' type, and norms, rotations, softmax and log-probabilities in f32 inside.
//!
//! Knows LibTorch and the tensors around it; knows nothing of models. LibTorch's own autograd takes no part: Burn's
//! tensors never ask it for gradients.

mod adamw;
mod attention;
mod autodiff;
mod cached;
mod draw;
mod elementwise;
mod linear;
mod logprobs;
mod plain;
mod rotation;
mod runs;
mod softmax;
mod tensors;
