//! Qwen2.5-VL and its text-only relatives, generic over the backend. Knows tensors and token ids; no
//! text, and no files but a checkpoint's configuration and weights.

mod batch;
mod cache;
mod config;
mod directory;
pub mod footprint;
mod init;
mod input;
mod layers;
pub mod lora;
mod norm;
mod policy;
mod precision;
mod rope;
mod shapes;
mod text;
mod trainable;
mod vision;
pub mod weights;
mod window;

pub use batch::{PackedBatch, PaddedBatch, Sequence};
pub use cache::KvCache;
pub use config::{ModelConfig, TextConfig, VisionConfig};
pub use directory::{base_dir, is_adapter, load_model, load_onto};
pub use footprint::{BlockShape, ImageShape, ParameterCounts};
pub use input::{ImagePatches, ModelInput};
pub use policy::Model;
pub use precision::{check_precision, computing_in, policy_in};
pub use rope::{Position, prompt_positions};
pub use shapes::{ParameterShape, parameter_shapes};
pub use text::{Context, Pass};
pub use trainable::trainable;
pub use vision::HIDDEN_PATCHES;

pub use crate::kernels::generic::index_tensor;
pub use window::WindowLayout;
