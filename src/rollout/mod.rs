//! Sampling completions: many per prompt, with the log-probability of every sampled token, and their verdicts.
//!
//! [`Generate`] is the door for samplers: [`LocalEngine`] decodes with this crate's model, [`RemoteEngine`] asks
//! servers, [`Scripted`] replies as a test says. A sampler sees token ids and patches; [`RolloutPipeline`] joins it to problems, texts and verdicts.
//! Knows nothing of what is learnt from the groups.

mod agreement;
mod completion;
mod config;
mod continuations;
mod engine;
pub mod footprint;
mod generate;
mod group;
mod pending;
mod pipeline;
mod request;
mod sampling;
mod scripted;
mod servers;
#[cfg(test)]
pub(crate) mod testing;
mod verdict_odds;

pub use completion::{Completion, FinishReason};
pub use config::{EngineConfig, EngineKind, RolloutConfig};
pub use continuations::{Continuations, CountedTokens};
pub use engine::{
    CompletionNews, ContinuousEngine, EngineLoad, LocalEngine, NewsListener, OwnedRequest, RefusedRequest,
};
pub use generate::Generate;
pub use group::{Rollout, RolloutGroup, UnscoredRollout};
pub use pending::PendingCompletions;
pub use pipeline::{RolloutPipeline, SamplingKey};
pub use request::Request;
pub use sampling::Sampling;
pub use scripted::Scripted;
pub use servers::{DrawPicture, RemoteEngine, ServerCallbacks};
pub use verdict_odds::{VerdictOdds, log_sum, probability, verdict_odds, verdict_odds_behind};
