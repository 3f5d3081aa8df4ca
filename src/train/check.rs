//! What the `[train]` part of a recipe may say.

use anyhow::Result;

use super::{config::TrainConfig, reference::ReferenceMode};
use crate::error::input_error;

impl TrainConfig {
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
        require(unit.contains(&self.ema_decay), "ema_decay", &self.ema_decay, "at least 0 and below 1")?;
        require((0.0..=1.0).contains(&self.clip_low), "clip_low", &self.clip_low, "from 0 to 1 (no bound)")?;
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
            ("kl_target", self.kl_target),
            ("entropy_coefficient", self.entropy_coefficient),
            ("advantage_epsilon", self.advantage_epsilon),
            ("adamw.weight_decay", self.adamw.weight_decay),
            ("auxiliary.reflection_likelihood", self.auxiliary.reflection_likelihood),
            ("auxiliary.consistency", self.auxiliary.consistency),
            ("auxiliary.replay", self.auxiliary.replay),
            ("kind_weights.reason", weights.reason),
            ("kind_weights.pointwise", weights.pointwise),
            ("kind_weights.pairwise", weights.pairwise),
            ("kind_weights.reflection", weights.reflection),
        ];
        for (name, value) in not_negative {
            require(value.is_finite() && value >= 0.0, name, &value, "a number of at least 0")?;
        }
        self.check_scope()?;
        self.check_objective()
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

    fn check_objective(&self) -> Result<()> {
        let dual = self.dual_clip;
        require(dual == 0.0 || dual > 1.0, "dual_clip", &dual, "above 1, or 0 for no bound")?;
        require(self.kl_horizon > 0.0, "kl_horizon", &self.kl_horizon, "above 0")?;
        let (low, high) = (self.importance_low, self.importance_high);
        require((0.0..=1.0).contains(&low), "importance_low", &low, "from 0 to 1")?;
        require(high >= 1.0, "importance_high", &high, "at least 1")?;
        require(self.epochs >= 1, "epochs", &self.epochs, "at least 1")?;
        require(self.mini_batches >= 1, "mini_batches", &self.mini_batches, "at least 1")?;
        require(self.reference_every >= 1, "reference_every", &self.reference_every, "at least 1")?;
        let decay = self.reference_decay;
        require((0.0..1.0).contains(&decay), "reference_decay", &decay, "at least 0 and below 1")?;
        if self.reference != ReferenceMode::Fixed && self.kl_coefficient == 0.0 {
            return Err(input_error(
                "train.reference: there is no penalty against it; set train.kl_coefficient above 0, or leave \
                 train.reference out",
            ));
        }
        if self.kl_target > 0.0 && self.kl_coefficient == 0.0 {
            return Err(input_error(
                "train.kl_target: there is no coefficient to adapt; set train.kl_coefficient above 0, or leave \
                 the target out",
            ));
        }
        Ok(())
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
    use crate::train::AdvantageEstimator;

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
        assert!(refused(TrainConfig { dual_clip: 0.5, ..base() }).starts_with("train.dual_clip = 0.5"));
        let idle = TrainConfig { kl_target: 0.1, kl_coefficient: 0.0, ..base() };
        assert!(refused(idle).contains("train.kl_coefficient"));
        let scope = TrainConfig {
            advantage: AdvantageEstimator::Rloo,
            advantage_scope: Some(crate::train::AdvantageScope::Kind),
            ..base()
        };
        assert!(refused(scope).starts_with("train.advantage_scope"));
        assert!(
            refused(TrainConfig { learning_rate: f64::NAN, ..base() }).starts_with("train.learning_rate")
        );
    }
}
