//! Qwen2.5-VL and its text-only relatives, generic over the backend. Knows tensors and token ids; no
//! text, and no files but a checkpoint's configuration and weights.

mod batch;
mod cache;
mod config;
mod init;
mod input;
mod layers;
mod norm;
mod qwen;
mod rope;
mod shapes;
mod text;
mod vision;
pub mod weights;
mod window;

pub use batch::{PaddedBatch, Padding, Sequence};
pub use cache::KvCache;
pub use config::{ModelConfig, TextConfig, VisionConfig};
pub use input::{ImagePatches, ModelInput};
pub use qwen::Qwen;
pub use rope::{Position, prompt_positions};
pub use shapes::parameter_shapes;
pub use vision::index_tensor;
pub use window::WindowLayout;
