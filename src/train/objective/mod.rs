//! Terms of the loss as pure functions of log-probabilities. Knows tensors; knows nothing of models, problems or
//! ranks.
//!
//! All completions of a micro-batch lie flat, one entry per token. What a token counts (length normalisation, the
//! weight of its kind, the denominator of the whole batch) is its `weights` entry, so that micro-batches simply add
//! up. An objective of your own implements [`Objective`] and is handed to the trainer in
//! [`Parts`](crate::train::Parts).

mod completion_sums;
mod consistency;
mod door;
mod entropy;
mod extension;
mod importance;
mod kl;
mod likelihood;
mod measures;
mod policy_gradient;
mod refinement;
mod self_reward;
mod surrogate;
mod verdict_likelihood;

pub use consistency::{Consistency, inconsistency};
pub use door::{LossInput, LossTerm, NamedSum, Objective, total};
pub use entropy::EntropyBonus;
pub(crate) use extension::Extension;
pub use importance::{Importance, ImportanceBounds, ImportanceConfig};
pub(crate) use kl::KlController;
pub use kl::{KlConfig, KlEstimator, KlPenalty, KlPlace, adapted};
pub use likelihood::{Likelihood, LikelihoodMean, LikelihoodUnit};
pub(crate) use measures::Measures;
pub use policy_gradient::{LossConfig, PolicyGradient};
pub use refinement::Refinement;
pub use self_reward::{SelfReward, SelfRewardScale};
pub use surrogate::{Clip, Surrogate};
pub use verdict_likelihood::{VerdictLikelihood, log_odds_likelihood};
