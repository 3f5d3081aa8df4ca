//! The `[train]` part of a recipe.

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::{
    advantage::{AdvantageEstimator, AdvantageRule, AdvantageScope},
    optimizer::AdamWConfig,
};
use crate::{data::Kind, error::input_error, rollout::Sampling};

/// How long completions share the loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Normalization {
    /// Every token of the batch counts the same (DAPO).
    Token,
    /// Every completion counts the same (GRPO's paper).
    Sequence,
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
            Kind::Reason => self.reason,
            Kind::Pointwise => self.pointwise,
            Kind::Pairwise => self.pairwise,
            Kind::Reflection => self.reflection,
        }
    }
}

/// Sampling, objective and optimisation of the loop.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainConfig {
    /// Updates in all.
    pub steps: u64,
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
    pub clip_low: f64,
    pub clip_high: f64,
    /// Weight of the KL penalty against the start; 0 leaves out the reference model altogether.
    pub kl_coefficient: f64,
    pub normalization: Normalization,
    /// From rewards to advantages.
    pub advantage: AdvantageEstimator,
    /// What the spread of rewards is taken over; left out, the estimator's own.
    pub advantage_scope: Option<AdvantageScope>,
    /// Added to the standard deviation of rewards.
    pub advantage_epsilon: f64,
    /// Tokens (padding included) that go through one forward and backward pass.
    pub micro_batch_tokens: usize,
    pub kind_weights: KindWeights,
    pub adamw: AdamWConfig,
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            steps: 100,
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
            clip_low: 0.2,
            clip_high: 0.2,
            kl_coefficient: 0.001,
            normalization: Normalization::Token,
            advantage: AdvantageEstimator::GroupNorm,
            advantage_scope: None,
            advantage_epsilon: 1e-9,
            micro_batch_tokens: 8192,
            kind_weights: KindWeights::default(),
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

    /// How rewards become advantages.
    pub fn advantage_rule(&self) -> AdvantageRule {
        AdvantageRule {
            estimator: self.advantage,
            scope: self.advantage_scope,
            epsilon: self.advantage_epsilon,
        }
    }

    /// # Errors
    /// Names the first setting that is out of range, and the range.
    pub fn check(&self) -> Result<()> {
        let at_least_one = [
            ("steps", self.steps as usize),
            ("prompts_per_step", self.prompts_per_step),
            ("max_new_tokens", self.max_new_tokens),
            ("micro_batch_tokens", self.micro_batch_tokens),
        ];
        for (name, value) in at_least_one {
            require(value >= 1, name, &value, "at least 1")?;
        }
        let samples = self.samples_per_prompt;
        require(
            samples >= 2,
            "samples_per_prompt",
            &samples,
            "at least 2: an advantage compares within a group",
        )?;
        require(self.temperature > 0.0, "temperature", &self.temperature, "above 0: training explores")?;
        require(self.top_p > 0.0 && self.top_p <= 1.0, "top_p", &self.top_p, "above 0 and at most 1")?;
        let unit = 0.0..1.0;
        require(unit.contains(&self.clip_low), "clip_low", &self.clip_low, "at least 0 and below 1")?;
        require(
            unit.contains(&self.adamw.beta1),
            "adamw.beta1",
            &self.adamw.beta1,
            "at least 0 and below 1",
        )?;
        require(
            unit.contains(&self.adamw.beta2),
            "adamw.beta2",
            &self.adamw.beta2,
            "at least 0 and below 1",
        )?;
        require(self.max_grad_norm > 0.0, "max_grad_norm", &self.max_grad_norm, "above 0")?;
        require(self.adamw.epsilon > 0.0, "adamw.epsilon", &self.adamw.epsilon, "above 0")?;
        let weights = &self.kind_weights;
        let not_negative = [
            ("learning_rate", self.learning_rate),
            ("clip_high", self.clip_high),
            ("kl_coefficient", self.kl_coefficient),
            ("advantage_epsilon", self.advantage_epsilon),
            ("adamw.weight_decay", self.adamw.weight_decay),
            ("kind_weights.reason", weights.reason),
            ("kind_weights.pointwise", weights.pointwise),
            ("kind_weights.pairwise", weights.pairwise),
            ("kind_weights.reflection", weights.reflection),
        ];
        for (name, value) in not_negative {
            require(value.is_finite() && value >= 0.0, name, &value, "a number of at least 0")?;
        }
        self.check_scope()
    }

    /// A scope that would change nothing is a mistake.
    fn check_scope(&self) -> Result<()> {
        if self.advantage_scope.is_some() && self.advantage.own_scope().is_none() {
            return Err(input_error(
                "train.advantage_scope: this train.advantage divides by no spread; leave the scope out, or take \
                 group_norm, reinforce_plus_plus or batch_norm",
            ));
        }
        Ok(())
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

fn require(holds: bool, name: &str, value: &dyn std::fmt::Display, range: &str) -> Result<()> {
    if holds {
        return Ok(());
    }
    Err(input_error(format!("train.{name} = {value}: must be {range}")))
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

    #[test]
    fn out_of_range_settings_are_named() {
        let refused = |config: TrainConfig| config.check().unwrap_err().to_string();
        let base = TrainConfig::default;
        assert!(base().check().is_ok());
        assert!(
            refused(TrainConfig { samples_per_prompt: 1, ..base() })
                .starts_with("train.samples_per_prompt = 1")
        );
        assert!(refused(TrainConfig { temperature: 0.0, ..base() }).starts_with("train.temperature = 0"));
        assert!(
            refused(TrainConfig { learning_rate: f64::NAN, ..base() }).starts_with("train.learning_rate")
        );
    }
}
