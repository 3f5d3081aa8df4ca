//! The update: groups in, a better policy out. Knows nothing of files, recipes or progress bars.

use std::sync::Arc;

use anyhow::{Result, bail};
use burn::{
    module::AutodiffModule,
    optim::{GradientsAccumulator, GradientsParams},
    tensor::{
        ElementConversion, Tensor, TensorData,
        backend::{AutodiffBackend, Backend},
    },
};

use super::{
    advantage::ScoredGroup,
    batch::{Example, MicroBatch, micro_batches, mini_batches, token_weights},
    config::TrainConfig,
    loss::{Importance, KlPlace, LossInput, PolicyLoss, adapted},
    optimizer::{AdamW, global_norm},
    reference::{ReferenceMode, averaged},
    report::{Sums, UpdateReport},
};
use crate::{
    kernels::{Kernels, TargetLogprobs, TrainBackend, generic},
    model::{Qwen, Sequence},
    rollout::{Rollout, RolloutGroup},
};

/// A policy, the reference it is held near, and the optimizer between them.
pub struct Trainer<B: AutodiffBackend> {
    pub policy: Qwen<B>,
    /// `None` when no KL penalty is asked for.
    reference: Option<Arc<Qwen<B::InnerBackend>>>,
    pub optimizer: AdamW<B>,
    config: TrainConfig,
    /// As configured, unless it adapts.
    kl_coefficient: f64,
}

/// What a KL penalty on rewards takes off; nothing where there is none.
#[derive(Debug, Default)]
struct Penalty {
    /// Per token.
    kl: Option<f64>,
    per_completion: Vec<f64>,
}

impl<B: TrainBackend> Trainer<B> {
    /// The reference is only kept when the configuration has a KL penalty; imitation needs none.
    pub fn new(
        policy: Qwen<B>,
        reference: Option<Arc<Qwen<B::InnerBackend>>>,
        optimizer: AdamW<B>,
        config: TrainConfig,
    ) -> Self {
        let reference = reference.filter(|_| config.kl_coefficient > 0.0);
        // What follows a policy with adapters has adapters: at the beginning, those that change nothing.
        let adapted = config.reference != ReferenceMode::Fixed && policy.lora.is_some();
        let reference = reference.map(|start| if adapted { policy.valid().into() } else { start });
        let kl_coefficient = config.kl_coefficient;
        Self { policy, reference, optimizer, config, kl_coefficient }
    }

    /// Goes on with an adapted KL coefficient, where the configuration asks for one.
    pub fn with_kl_coefficient(self, saved: Option<f64>) -> Self {
        let kl_coefficient = saved.filter(|_| self.config.kl_target > 0.0).unwrap_or(self.kl_coefficient);
        Self { kl_coefficient, ..self }
    }

    /// The KL coefficient, where it adapts.
    pub fn adapted_kl_coefficient(&self) -> Option<f64> {
        (self.config.kl_target > 0.0).then_some(self.kl_coefficient)
    }

    /// Goes on with a reference that has moved, where the configuration asks for one.
    pub fn with_reference(self, saved: Option<Qwen<B::InnerBackend>>) -> Self {
        let saved = saved.filter(|_| self.moving_reference().is_some()).map(Arc::new);
        Self { reference: saved.or(self.reference), ..self }
    }

    /// The reference, where it moves.
    pub fn moving_reference(&self) -> Option<&Qwen<B::InnerBackend>> {
        self.reference.as_deref().filter(|_| self.config.reference != ReferenceMode::Fixed)
    }

    fn move_reference(&mut self, step: u64) {
        let TrainConfig { reference, reference_every, reference_decay, .. } = self.config;
        let Some(current) = &self.reference else { return };
        match reference {
            ReferenceMode::Fixed => {}
            ReferenceMode::Refreshed if step.is_multiple_of(reference_every) => {
                self.reference = Some(self.sampler().into());
            }
            ReferenceMode::Refreshed => {}
            ReferenceMode::Ema => {
                let next = averaged(Qwen::clone(current), &self.policy, reference_decay);
                self.reference = Some(next.into());
            }
        }
    }

    /// The policy without autodiff, for sampling.
    pub fn sampler(&self) -> Qwen<B::InnerBackend> {
        self.policy.valid()
    }

    /// The policy-gradient updates of a step: one on all groups together, unless several epochs or
    /// mini-batches are asked for.
    ///
    /// # Errors
    /// When the loss or a gradient is not finite; the policy is then left as the update before it made it.
    pub fn update(&mut self, groups: &[RolloutGroup], step: u64) -> Result<UpdateReport> {
        let mut examples = self.examples(groups);
        let penalty = self.penalty(&examples);
        let advantages = self.advantages(groups, &penalty.per_completion);
        for (example, &advantage) in examples.iter_mut().zip(advantages.iter().flatten()) {
            example.advantage = advantage;
        }
        if self.config.importance != Importance::None {
            let logprobs = self.forward_logprobs(&self.sampler(), &examples);
            examples.iter_mut().zip(logprobs).for_each(|(example, own)| example.trainer_logprobs = Some(own));
        }
        let completions = examples.len();
        let mut updates = Vec::new();
        for epoch in 0..self.config.epochs {
            for part in mini_batches(&examples, self.config.mini_batches, &[step, epoch as u64]) {
                updates.push(self.update_once(part, step)?);
            }
        }
        let report = UpdateReport { advantages, ..UpdateReport::over(updates) };
        let report = UpdateReport { kl: penalty.kl.unwrap_or(report.kl), ..report };
        self.adapt_kl_coefficient(report.kl, completions);
        self.move_reference(step);
        Ok(report)
    }

    fn update_once(&mut self, examples: Vec<Example>, step: u64) -> Result<UpdateReport> {
        let loss = self.config.policy_loss(self.kl_coefficient);
        let weights = self.token_weights(&examples);
        let (examples, weights) = self.drop_what_teaches_nothing(examples, weights);
        self.learn(&examples, &weights, step, |trainer, micro, sums| trainer.policy_loss(micro, loss, sums))
    }

    fn token_weights(&self, examples: &[Example]) -> Vec<f64> {
        token_weights(examples, self.config.normalization, self.config.max_new_tokens)
    }

    /// One step of supervised likelihood on the examples' completions.
    ///
    /// # Errors
    /// As [`Trainer::update`].
    pub fn imitate(&mut self, examples: &[Example], step: u64) -> Result<UpdateReport> {
        let weights = self.token_weights(examples);
        self.learn(examples, &weights, step, |trainer, micro, sums| {
            let logprobs = trainer.logprobs(&trainer.policy, micro).logprobs;
            let weights = floats(&micro.weights, &logprobs.device());
            sums.weight += micro.weights.iter().map(|&weight| f64::from(weight)).sum::<f64>();
            (logprobs * weights).sum().neg()
        })
    }

    /// Of every group; `penalties` come off the rewards of all completions in order.
    fn advantages(&self, groups: &[RolloutGroup], penalties: &[f64]) -> Vec<Vec<f64>> {
        let mut penalties = penalties.iter();
        let mut scored = Vec::with_capacity(groups.len());
        for RolloutGroup { problem, rollouts, .. } in groups {
            let reward = |rollout: &Rollout| rollout.reward() - penalties.next().copied().unwrap_or_default();
            scored.push(ScoredGroup { kind: problem.kind, rewards: rollouts.iter().map(reward).collect() });
        }
        self.config.advantage_rule().advantages(&scored)
    }

    /// What the distance to the reference takes off each reward.
    fn penalty(&self, examples: &[Example]) -> Penalty {
        let Some(reference) = self.reference.as_ref().filter(|_| self.config.kl_in == KlPlace::Reward) else {
            return Penalty::default();
        };
        let estimator = self.config.kl_estimator;
        let device = self.policy.device();
        let total = |(example, reference): (&Example, Vec<f32>)| {
            let sampled = floats::<B::InnerBackend>(&example.old_logprobs, &device);
            scalar(estimator.estimate(sampled, floats(&reference, &device)).sum())
        };
        let reference = self.forward_logprobs(reference, examples);
        let sums: Vec<f64> = examples.iter().zip(reference).map(total).collect();
        let tokens: usize = examples.iter().map(Example::completion_length).sum();
        Penalty {
            kl: Some(sums.iter().sum::<f64>() / tokens.max(1) as f64),
            per_completion: sums.into_iter().map(|sum| self.kl_coefficient * sum).collect(),
        }
    }

    fn adapt_kl_coefficient(&mut self, kl: f64, completions: usize) {
        let TrainConfig { kl_target, kl_horizon, .. } = self.config;
        if kl_target > 0.0 {
            self.kl_coefficient = adapted(self.kl_coefficient, kl, kl_target, completions, kl_horizon);
        }
    }

    /// Examples of all groups, not yet compared; a completion without tokens has nothing to learn from.
    fn examples(&self, groups: &[RolloutGroup]) -> Vec<Example> {
        let mut examples = Vec::new();
        for RolloutGroup { problem, prompt, rollouts, .. } in groups {
            let example = |Rollout { completion, .. }: &Rollout| Example {
                sequence: Sequence::new(&prompt.input, &completion.token_ids, &self.policy.config),
                old_logprobs: completion.logprobs.clone(),
                trainer_logprobs: None,
                advantage: 0.0,
                weight: self.config.kind_weights.of(problem.kind),
            };
            examples.extend(rollouts.iter().map(example));
        }
        examples
    }

    /// Without a KL term or a bonus, an example of zero advantage or weight has no gradient. Its tokens have
    /// been counted in the denominators, and that is all there is to it.
    fn drop_what_teaches_nothing(
        &self,
        examples: Vec<Example>,
        weights: Vec<f64>,
    ) -> (Vec<Example>, Vec<f64>) {
        let always = self.reference_in_loss().is_some() || self.config.entropy_coefficient > 0.0;
        let teaches = |example: &Example| always || example.advantage * example.weight != 0.0;
        examples.into_iter().zip(weights).filter(|(example, _)| teaches(example)).unzip()
    }

    /// Accumulates the gradient over micro-batches, clips it and steps.
    fn learn(
        &mut self,
        examples: &[Example],
        weights: &[f64],
        step: u64,
        loss: impl Fn(&Self, &MicroBatch, &mut Sums) -> Tensor<B, 1>,
    ) -> Result<UpdateReport> {
        let batches = micro_batches(examples, weights, self.config.micro_batch_tokens, &self.policy.config);
        let mut sums = Sums::default();
        let mut accumulator = GradientsAccumulator::new();
        for micro in batches {
            let loss = loss(self, &micro, &mut sums);
            sums.loss += scalar(loss.clone());
            sums.tokens += micro.tokens;
            accumulator.accumulate(&self.policy, GradientsParams::from_grads(loss.backward(), &self.policy));
        }
        let gradients = accumulator.grads();
        let grad_norm = global_norm(&self.policy, &gradients);
        if !(sums.loss.is_finite() && grad_norm.is_finite()) {
            bail!(
                "step {step}: the loss is {} and the gradient norm {grad_norm}; nothing was updated. \
                 Lower train.learning_rate, or resume from the last checkpoint",
                sums.loss
            );
        }
        let learning_rate = self.config.learning_rate_at(step);
        let scale = (self.config.max_grad_norm / grad_norm.max(f64::MIN_POSITIVE)).min(1.0);
        self.policy = self.optimizer.step(self.policy.clone(), gradients, learning_rate, scale);
        Ok(sums.report(grad_norm, learning_rate))
    }

    fn policy_loss(&self, micro: &MicroBatch, loss: PolicyLoss, sums: &mut Sums) -> Tensor<B, 1> {
        let floats = |values: &[f32]| floats::<B>(values, &self.policy.device());
        let (TargetLogprobs { logprobs, entropy }, bonus) = self.policy_logprobs(micro);
        sums.entropy += scalar(entropy.sum());
        let sampled = floats(&micro.old_logprobs);
        sums.gap += scalar((logprobs.clone() - sampled.clone()).inner().abs().sum());
        sums.targets += micro.batch.targets.len();
        sums.weight += micro.weights.iter().map(|&weight| f64::from(weight)).sum::<f64>();
        let reference = self.reference_in_loss().map(|model| self.logprobs(model, micro).logprobs);
        let (old_logprobs, importance) = match micro.trainer_logprobs.is_empty() {
            true => (sampled, None),
            false => {
                let own = floats(&micro.trainer_logprobs);
                let TrainConfig { importance, .. } = self.config;
                (own.clone(), importance.weights(own, sampled, self.config.importance_bounds()))
            }
        };
        let output = loss.compute(LossInput {
            logprobs,
            old_logprobs,
            reference_logprobs: reference.map(Tensor::from_inner),
            advantages: floats(&micro.advantages),
            weights: floats(&micro.weights),
            importance,
            entropy: bonus,
            lengths: micro.lengths.clone(),
        });
        sums.kl += output.kl.map_or(0.0, scalar);
        sums.clip += scalar(output.clip_ratio);
        output.loss
    }

    /// The reference, where the loss has a term against it.
    fn reference_in_loss(&self) -> Option<&Qwen<B::InnerBackend>> {
        self.reference.as_deref().filter(|_| self.config.kl_in == KlPlace::Loss)
    }

    /// What the policy says of every target, and with a bonus on entropy, the entropies with their gradient.
    fn policy_logprobs(&self, micro: &MicroBatch) -> (TargetLogprobs<B>, Option<Tensor<B, 1>>) {
        if self.config.entropy_coefficient == 0.0 {
            return (self.logprobs(&self.policy, micro), None);
        }
        let scores = self.policy.logits(self.policy.predicting(&micro.batch));
        let temperature = self.config.temperature;
        let entropy = generic::entropy(scores.clone(), temperature);
        (B::target_logprobs(scores, &micro.batch.targets, temperature), Some(entropy))
    }

    /// What a model says of every target, at the sampling temperature.
    fn logprobs<A: Kernels>(&self, model: &Qwen<A>, micro: &MicroBatch) -> TargetLogprobs<A> {
        model.target_logprobs(model.predicting(&micro.batch), &micro.batch.targets, self.config.temperature)
    }

    /// What a model says of every completion's tokens, in the order of the examples.
    fn forward_logprobs<A: Kernels>(&self, model: &Qwen<A>, examples: &[Example]) -> Vec<Vec<f32>> {
        let weights = vec![0.0; examples.len()];
        let mut found = vec![Vec::new(); examples.len()];
        for micro in micro_batches(examples, &weights, self.config.micro_batch_tokens, &model.config) {
            let logprobs = self.logprobs(model, &micro).logprobs.into_data();
            let mut logprobs = logprobs.iter::<f32>();
            for (&index, &length) in micro.examples.iter().zip(&micro.lengths) {
                found[index] = logprobs.by_ref().take(length).collect();
            }
        }
        found
    }
}

fn floats<B: Backend>(values: &[f32], device: &B::Device) -> Tensor<B, 1> {
    Tensor::from_data(TensorData::new(values.to_vec(), [values.len()]), device)
}

fn scalar<B: Backend>(tensor: Tensor<B, 1>) -> f64 {
    tensor.into_scalar().elem()
}
