//! Language models with and without a vision tower, generic over the backend. Knows tensors and token ids;
//! no text, and no files but a checkpoint's configuration and weights.
//!
//! A family is a folder, a `mod` line here and a line in `family.rs`: its configuration, names and network.
//! What it states goes through the door [`Policy`]; everything else is written once, in [`Model`].

mod batch;
mod cache;
mod causal;
mod config;
mod decoder;
mod directory;
mod family;
pub mod footprint;
mod forward;
mod init;
mod input;
mod layers;
mod llama;
mod logprobs;
pub mod lora;
mod network;
mod norm;
pub(crate) mod packed;
mod pass;
mod policy;
mod positions;
mod precision;
mod qwen2;
mod qwen2_5_vl;
mod qwen3_vl;
mod rope;
mod shapes;
mod text;
mod trainable;
mod vision;
pub mod weights;

pub use batch::{PackedBatch, PaddedBatch, Sequence};
pub use cache::KvCache;
pub use config::{ModelConfig, TextConfig, VisionConfig, VisionWindows};
pub(crate) use directory::load_onto;
pub use directory::{base_dir, is_adapter, load_model};
pub use family::Family;
pub use footprint::{BlockShape, ImageShape, ParameterCounts};
pub use forward::Model;
pub use input::{ImagePatches, ModelInput};
pub use layers::Projection;
pub use logprobs::completion_logprobs;
pub use pass::{AttentionContext, ForwardPass};
pub(crate) use policy::add_after_layer;
pub use policy::{Embeddings, ImageFeatures, Policy};
pub use positions::prompt_positions;
pub use precision::computing_in;
pub(crate) use precision::{check_precision, policy_in};
pub(crate) use qwen2_5_vl::{HIDDEN_PATCHES, WindowLayout};
pub use rope::{Position, Rope};
pub use shapes::{ParameterShape, parameter_shapes};
pub use trainable::trainable;

pub use crate::kernels::generic::index_tensor;
