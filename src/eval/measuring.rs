//! What an evaluation goes by, beside the problems.

use super::{config::EvalConfig, own_reward::OwnReward};

/// How a sampler is measured.
#[derive(Debug, Clone, Copy)]
pub struct Measuring<'a> {
    pub config: &'a EvalConfig,
    /// What the policy's own reward is read off; `None` of a policy that was not taught any.
    pub own_reward: Option<OwnReward>,
    /// Keys what is drawn.
    pub seed: u64,
}
