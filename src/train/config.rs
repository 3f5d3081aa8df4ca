//! The `[train]` part of a recipe.

use serde::{Deserialize, Serialize};

use super::{
    advantage::{AdvantageEstimator, AdvantageRule, AdvantageScope},
    auxiliary::AuxiliaryConfig,
    loss::{Bounds, Clip, Importance, KlEstimator, KlPlace, PolicyLoss, Surrogate},
    optimizer::AdamWConfig,
    reference::ReferenceMode,
};
use crate::{data::Kind, rollout::Sampling};

/// How long completions share the loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Normalization {
    /// Every token of the batch counts the same (DAPO).
    Token,
    /// Every completion counts the same (GRPO's paper).
    Sequence,
    /// Every token counts the same, and as much as in a batch of completions of `max_new_tokens` (Dr. GRPO).
    Constant,
}

/// How the learning rate goes on after the warm-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Schedule {
    Constant,
    /// Down to zero at the last step.
    Linear,
    /// Down to zero at the last step, along a cosine.
    Cosine,
}

/// What one kind of problem counts in the loss.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KindWeights {
    pub reason: f64,
    pub pointwise: f64,
    pub pairwise: f64,
    pub reflection: f64,
}

impl Default for KindWeights {
    fn default() -> Self {
        Self { reason: 1.0, pointwise: 1.0, pairwise: 1.0, reflection: 1.0 }
    }
}

impl KindWeights {
    /// The weight of a kind.
    pub fn of(&self, kind: Kind) -> f64 {
        match kind {
            Kind::REASON => self.reason,
            Kind::POINTWISE => self.pointwise,
            Kind::PAIRWISE | Kind::CHOICE => self.pairwise,
            Kind::REFLECTION | Kind::CRITIQUE => self.reflection,
            _ => 1.0,
        }
    }
}

/// Sampling, objective and optimisation of the loop.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainConfig {
    /// Updates in all, at most.
    pub steps: u64,
    /// The run ends with the step that brings the sampled tokens to this many; 0: only `steps` counts. Runs
    /// that differ in what they sample are compared at equal budgets.
    pub token_budget: u64,
    /// Original problems per step.
    pub prompts_per_step: usize,
    /// Recycled problems per step, at most; 0 is plain GRPO.
    pub recycled_per_step: usize,
    /// Completions per problem.
    pub samples_per_prompt: usize,
    /// Completions are cut off after this many tokens.
    pub max_new_tokens: usize,
    pub temperature: f64,
    pub top_p: f64,
    /// 0: off.
    pub top_k: usize,
    pub learning_rate: f64,
    /// Steps over which the learning rate rises from zero.
    pub warmup_steps: u64,
    pub schedule: Schedule,
    /// Gradients are scaled down to this global norm.
    pub max_grad_norm: f64,
    /// How log-probabilities and advantages become an objective.
    pub loss: Surrogate,
    /// The ratio counts at least 1 less this; 1 is no bound.
    pub clip_low: f64,
    /// The ratio counts at most 1 more than this.
    pub clip_high: f64,
    /// Bounds what a completion of negative advantage can cost; 0 is no bound.
    pub dual_clip: f64,
    /// Weight of the KL penalty against the reference; 0 leaves out the reference model altogether.
    pub kl_coefficient: f64,
    pub kl_estimator: KlEstimator,
    /// Whether the penalty is a term of the loss or comes off the reward.
    pub kl_in: KlPlace,
    /// The KL per token that the coefficient is adapted to; 0: the coefficient is fixed.
    pub kl_target: f64,
    /// Completions over which an adaptive coefficient moves by its error.
    pub kl_horizon: f64,
    /// What the reference is.
    pub reference: ReferenceMode,
    /// Steps after which a refreshed reference becomes the policy.
    pub reference_every: u64,
    /// What an averaged reference keeps of itself per step.
    pub reference_decay: f64,
    /// Weight of the entropy bonus.
    pub entropy_coefficient: f64,
    /// Correction of the gap between the sampler's log-probabilities and the trainer's.
    pub importance: Importance,
    /// A masked correction leaves out tokens of a lower weight.
    pub importance_low: f64,
    /// A truncated correction counts at most this; a masked one leaves out tokens of a higher weight.
    pub importance_high: f64,
    /// Passes over the completions of a step.
    pub epochs: usize,
    /// Updates per pass.
    pub mini_batches: usize,
    pub normalization: Normalization,
    /// From rewards to advantages.
    pub advantage: AdvantageEstimator,
    /// What the spread of rewards is taken over; left out, the estimator's own.
    pub advantage_scope: Option<AdvantageScope>,
    /// Added to the standard deviation of rewards.
    pub advantage_epsilon: f64,
    /// Tokens that go through one forward and backward pass; a prompt counts once for all of its group.
    pub micro_batch_tokens: usize,
    /// Keep only every layer's input for the backward pass and compute the rest again: about a third more
    /// time, and memory for one layer's activations instead of all.
    pub activation_checkpointing: bool,
    /// Scores over the vocabulary exist for so many completion tokens at a time, and are computed twice. 0: for
    /// a whole micro-batch, once.
    pub logits_chunk: usize,
    pub kind_weights: KindWeights,
    /// Objectives beside the policy gradient.
    pub auxiliary: AuxiliaryConfig,
    /// Dynamic sampling: at most so many times a step, original groups whose rewards are all equal are made up
    /// for by new problems, and kept out of the update. 0 is off.
    pub refill_rounds: usize,
    /// Completions that the token limit cut off are compared with the others and not learnt from.
    pub mask_truncated: bool,
    /// The evaluated and saved model is an average of the policy over steps, which keeps this share of itself
    /// per step. 0: it is the policy.
    pub ema_decay: f64,
    pub adamw: AdamWConfig,
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            steps: 100,
            token_budget: 0,
            prompts_per_step: 64,
            recycled_per_step: 64,
            samples_per_prompt: 8,
            max_new_tokens: 768,
            temperature: 1.0,
            top_p: 1.0,
            top_k: 0,
            learning_rate: 5e-7,
            warmup_steps: 3,
            schedule: Schedule::Constant,
            max_grad_norm: 1.0,
            loss: Surrogate::Ppo,
            clip_low: 0.2,
            clip_high: 0.2,
            dual_clip: 0.0,
            kl_coefficient: 0.001,
            kl_estimator: KlEstimator::K3,
            kl_in: KlPlace::Loss,
            kl_target: 0.0,
            kl_horizon: 10_000.0,
            reference: ReferenceMode::Fixed,
            reference_every: 100,
            reference_decay: 0.992,
            entropy_coefficient: 0.0,
            importance: Importance::None,
            importance_low: 0.5,
            importance_high: 2.0,
            epochs: 1,
            mini_batches: 1,
            normalization: Normalization::Token,
            advantage: AdvantageEstimator::GroupNorm,
            advantage_scope: None,
            advantage_epsilon: 1e-9,
            micro_batch_tokens: 8192,
            activation_checkpointing: false,
            logits_chunk: 0,
            kind_weights: KindWeights::default(),
            auxiliary: AuxiliaryConfig::default(),
            refill_rounds: 0,
            mask_truncated: false,
            ema_decay: 0.0,
            adamw: AdamWConfig::default(),
        }
    }
}

impl TrainConfig {
    /// How completions are drawn.
    pub fn sampling(&self) -> Sampling {
        Sampling {
            temperature: self.temperature,
            top_p: self.top_p,
            top_k: self.top_k,
            repetition_penalty: 1.0,
            max_new_tokens: self.max_new_tokens,
        }
    }

    /// The loss, with the KL coefficient of the moment.
    pub fn policy_loss(&self, kl_coefficient: f64) -> PolicyLoss {
        PolicyLoss {
            surrogate: self.loss,
            clip: Clip { low: self.clip_low, high: self.clip_high, dual: self.dual_clip },
            kl_coefficient,
            kl_estimator: self.kl_estimator,
            entropy_coefficient: self.entropy_coefficient,
        }
    }

    /// Bounds of the correction for the sampler's gap.
    pub fn importance_bounds(&self) -> Bounds {
        Bounds { low: self.importance_low, high: self.importance_high }
    }

    /// How rewards become advantages.
    pub fn advantage_rule(&self) -> AdvantageRule {
        AdvantageRule {
            estimator: self.advantage,
            scope: self.advantage_scope,
            epsilon: self.advantage_epsilon,
        }
    }

    /// The learning rate of a step; the first step is 1.
    ///
    /// With `warmup_steps = 2` and rate 1: 0.5 at step 1, 1 at step 2, then as the schedule says.
    pub fn learning_rate_at(&self, step: u64) -> f64 {
        if step <= self.warmup_steps {
            return self.learning_rate * step as f64 / self.warmup_steps as f64;
        }
        let rest = self.steps.saturating_sub(self.warmup_steps).max(1) as f64;
        let progress = ((step - self.warmup_steps - 1) as f64 / rest).min(1.0);
        self.learning_rate
            * match self.schedule {
                Schedule::Constant => 1.0,
                Schedule::Linear => 1.0 - progress,
                Schedule::Cosine => 0.5 * (1.0 + (std::f64::consts::PI * progress).cos()),
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_learning_rate_rises_then_follows_the_schedule() {
        let config = TrainConfig {
            steps: 6,
            warmup_steps: 2,
            learning_rate: 1.0,
            schedule: Schedule::Linear,
            ..TrainConfig::default()
        };
        let rates: Vec<f64> = (1..=6).map(|step| config.learning_rate_at(step)).collect();
        assert_eq!(rates, [0.5, 1.0, 1.0, 0.75, 0.5, 0.25]);
        let cosine = TrainConfig { schedule: Schedule::Cosine, ..config };
        assert!((cosine.learning_rate_at(5) - 0.5).abs() < 1e-12);
    }
}
