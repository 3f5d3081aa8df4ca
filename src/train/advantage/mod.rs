//! How much better each completion was than those it is compared with. Knows rewards and kinds of problems; knows
//! nothing of tokens.
//!
//! An estimator of your own implements [`Advantage`], is handed to the trainer in [`Parts`](crate::train::Parts)
//! and is chosen by its name, `train.advantage`.

mod door;
mod estimators;
mod gdpo;
mod normalize;
mod rule;
mod statistics;

pub use door::{Advantage, AdvantageScope, RewardComponent, ScoredGroup, Spread};
pub use estimators::{BatchNorm, GroupNorm, Mean, ReinforcePlusPlus, Rloo, built_in};
pub use gdpo::Gdpo;
pub use normalize::group_advantages;
pub use rule::{AdvantageConfig, AdvantageRule};
pub use statistics::{mean, standard_deviation};
