//! From verified groups to a better policy: advantages, micro-batches, the loss and the optimizer.

pub mod advantage;
mod auxiliary;
mod backward;
pub mod batch;
mod check;
mod config;
pub mod footprint;
mod loss;
mod optimizer;
mod reference;
mod report;
mod shared;
mod trainer;

pub use advantage::{AdvantageEstimator, AdvantageScope};
pub use auxiliary::{Auxiliary, AuxiliaryConfig, ObjectiveReport, VerdictTriple, inconsistency};
pub use config::{KindWeights, Normalization, Schedule, TrainConfig};
pub use loss::{
    Bounds, Clip, Importance, KlEstimator, KlPlace, LossInput, LossOutput, PolicyLoss, Surrogate, adapted,
};
pub use optimizer::{AdamW, AdamWConfig, global_norm};
pub use reference::ReferenceMode;
pub use report::UpdateReport;
pub use shared::check_same_weights;
pub use trainer::Trainer;
