//! From a problem to what the model takes, and from sampled ids back to text.
//!
//! Everything that depends on the model's files beside its weights is here: tokenizer, chat template,
//! image processing. Knows nothing of tensors, sampling or rewards.

mod bound;
mod cache;
mod decode;
mod files;
pub mod footprint;
mod generation;
mod image;
mod picture;
mod prompts;
mod resize;
mod shown;
mod special;
mod template;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod tokenizer;
mod turn;

pub use self::image::ImageProcessorConfig;
pub use bound::{PromptBound, UnfitText};
pub use generation::GenerationDefaults;
pub(crate) use prompts::IMAGE_CACHE_BYTES;
pub use prompts::{Processor, Prompt};
pub use resize::smart_resize;
pub use template::{ChatTemplate, TemplateArguments};
pub use tokenizer::Tokenizer;
