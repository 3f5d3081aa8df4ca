//! From verified groups to a better policy: advantages, micro-batches, the loss and the optimizer.

pub mod advantage;
pub mod batch;
mod config;
mod loss;
mod optimizer;
mod trainer;

pub use advantage::{AdvantageEstimator, AdvantageScope};
pub use config::{KindWeights, Normalization, Schedule, TrainConfig};
pub use loss::{LossInput, LossOutput, PolicyLoss};
pub use optimizer::{AdamW, AdamWConfig, global_norm};
pub use trainer::{Trainer, UpdateReport};
