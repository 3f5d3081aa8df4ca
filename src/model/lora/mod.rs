//! Low-rank adapters (LoRA, arXiv 2106.09685) on chosen projections of a model: attached, loaded, saved
//! as PEFT does, and merged. Knows no training; which parameters learn is in [`super::trainable`].

mod attach;
mod config;
mod paths;
mod peft;
mod targets;

pub(super) use attach::attach;
pub use attach::{merged, with_adapters};
pub use config::LoraConfig;
pub(crate) use peft::save_adapter;
pub(super) use peft::{ADAPTER_CONFIG, base_of, load_adapter};
pub use peft::{base_is_at, base_named_by};
pub use targets::Targets;
