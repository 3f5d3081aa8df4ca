//! The kernels made of Burn's operations: what every backend can run, and what hand-written ones are tested against.
//!
//! Norms, softmax, rotations and distributions over the vocabulary are computed in f32 whatever float type the model
//! has; Burn promotes no types, so that every change of type is written here.

mod adamw;
mod attention;
mod draw;
mod elementwise;
mod logprobs;

pub(crate) use super::tensors::in_f32;
pub use super::tensors::{cast, cat, index_tensor, visibility_bias};
pub use adamw::adamw;
pub use attention::{
    attention, cached_attention, join_heads, rotate, self_attention, split_heads, tree_attention,
};
pub use burn::tensor::module::linear as project;
pub use draw::draw_tokens;
pub use elementwise::{gated_silu, gelu_tanh, layer_norm, project_transposed, rms_norm};
pub use logprobs::{entropy, target_logprobs};
