//! From verified groups to a better policy: advantages, micro-batches, objectives and the optimizer. Knows models,
//! groups of rollouts and ranks; knows no files, recipes or command lines.
//!
//! An update, top to bottom, is [`Trainer::update_with`]: advantages → micro-batches → objectives → gradient →
//! clip → step. Two doors are open from outside the crate: [`Advantage`] and [`Objective`], both handed over in
//! [`Parts`].

pub mod advantage;
mod auxiliary;
mod auxiliary_sum;
mod average;
mod backward;
pub mod batch;
mod check;
mod config;
mod examples;
mod finite;
pub mod footprint;
mod gradient_sum;
mod kind_weights;
mod loss_input;
pub mod objective;
mod optimizer;
mod own_advantage;
mod parameters;
mod parts;
mod ranks;
mod reference;
mod report;
mod schedule;
mod scored;
mod scoring;
mod settings;
mod tensors;
mod trainer;

pub use advantage::{Advantage, AdvantageConfig, AdvantageScope};
pub use auxiliary::{
    Auxiliary, AuxiliaryConfig, SelfRewardBalance, VerdictAmong, VerdictPair, VerdictTriple,
};
pub use batch::{Normalization, NormalizationConfig, NormalizationScope};
pub use check::KnownNames;
pub use config::TrainConfig;
pub use finite::check_finite;
pub use kind_weights::KindWeights;
pub use objective::{
    Clip, Importance, ImportanceBounds, ImportanceConfig, KlConfig, KlEstimator, KlPlace, LossConfig,
    LossInput, LossTerm, NamedSum, Objective, Surrogate, adapted, inconsistency, log_odds_likelihood,
};
pub use optimizer::{AdamW, AdamWConfig, global_norm};
pub use parts::Parts;
pub use ranks::check_same_weights;
pub use reference::{ReferenceConfig, ReferenceMode};
pub use report::UpdateReport;
pub use schedule::{LearningRate, Schedule, StepPlace};
pub use trainer::Trainer;
