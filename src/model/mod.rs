//! Qwen2.5-VL, generic over the backend. Knows tensors and token ids, no text and no files but its own.

mod input;

pub use input::{ImagePatches, ModelInput};
