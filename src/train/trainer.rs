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
    batch::{Example, MicroBatch, micro_batches, token_weights},
    config::TrainConfig,
    loss::{LossInput, PolicyLoss},
    optimizer::{AdamW, global_norm},
};
use crate::{
    kernels::{Kernels, TargetLogprobs, TrainBackend},
    model::{Qwen, Sequence, index_tensor},
    rollout::{Rollout, RolloutGroup},
};

/// What an update did.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct UpdateReport {
    /// Of every rollout of every group; empty where there were no groups.
    pub advantages: Vec<Vec<f64>>,
    pub loss: f64,
    /// Before clipping.
    pub grad_norm: f64,
    pub learning_rate: f64,
    /// k3 estimate against the reference; 0 without one.
    pub kl: f64,
    /// Mean entropy of the token distributions, in nats.
    pub entropy: f64,
    /// Share of tokens whose gradient the clip removed.
    pub clip_ratio: f64,
    /// Mean absolute difference between the sampler's log-probabilities and ours.
    pub rollout_logprob_gap: f64,
    /// Tokens that went through the model, padding included.
    pub tokens: usize,
}

/// Sums over tokens, gathered over micro-batches.
#[derive(Debug, Default)]
struct Sums {
    loss: f64,
    kl: f64,
    clip: f64,
    weight: f64,
    entropy: f64,
    gap: f64,
    targets: usize,
    tokens: usize,
}

/// A policy, its frozen start, and the optimizer between them.
pub struct Trainer<B: AutodiffBackend> {
    pub policy: Qwen<B>,
    /// `None` when no KL penalty is asked for.
    reference: Option<Arc<Qwen<B::InnerBackend>>>,
    pub optimizer: AdamW<B>,
    config: TrainConfig,
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
        Self { policy, reference, optimizer, config }
    }

    /// The policy without autodiff, for sampling.
    pub fn sampler(&self) -> Qwen<B::InnerBackend> {
        self.policy.valid()
    }

    /// One policy-gradient update on all groups together.
    ///
    /// # Errors
    /// When the loss or a gradient is not finite; the policy is then left as it was.
    pub fn update(&mut self, groups: &[RolloutGroup], step: u64) -> Result<UpdateReport> {
        let advantages = self.advantages(groups);
        let examples = self.examples(groups, &advantages);
        let loss = PolicyLoss {
            clip_low: self.config.clip_low,
            clip_high: self.config.clip_high,
            kl_coefficient: self.config.kl_coefficient,
        };
        let weights = token_weights(&examples, self.config.normalization);
        let (examples, weights) = self.drop_what_teaches_nothing(examples, weights);
        let report = self.learn(&examples, &weights, step, |trainer, micro, sums| {
            trainer.policy_loss(micro, loss, sums)
        })?;
        Ok(UpdateReport { advantages, ..report })
    }

    /// One step of supervised likelihood on the examples' completions.
    ///
    /// # Errors
    /// As [`Trainer::update`].
    pub fn imitate(&mut self, examples: &[Example], step: u64) -> Result<UpdateReport> {
        let weights = token_weights(examples, self.config.normalization);
        self.learn(examples, &weights, step, |trainer, micro, sums| {
            let logprobs = trainer.logprobs(&trainer.policy, micro).logprobs;
            let weights = floats(&micro.weights, &logprobs.device());
            sums.weight += micro.weights.iter().map(|&weight| f64::from(weight)).sum::<f64>();
            (logprobs * weights).sum().neg()
        })
    }

    fn advantages(&self, groups: &[RolloutGroup]) -> Vec<Vec<f64>> {
        let scored = |group: &RolloutGroup| ScoredGroup {
            kind: group.problem.kind,
            rewards: group.rollouts.iter().map(Rollout::reward).collect(),
        };
        self.config.advantage_rule().advantages(&groups.iter().map(scored).collect::<Vec<_>>())
    }

    /// Examples of all groups; a completion without tokens has nothing to learn from.
    fn examples(&self, groups: &[RolloutGroup], advantages: &[Vec<f64>]) -> Vec<Example> {
        let mut examples = Vec::new();
        for (group, advantages) in groups.iter().zip(advantages) {
            for (rollout, &advantage) in group.rollouts.iter().zip(advantages) {
                let completion = &rollout.completion;
                examples.push(Example {
                    sequence: Sequence::new(&group.prompt.input, &completion.token_ids, &self.policy.config),
                    old_logprobs: completion.logprobs.clone(),
                    advantage,
                    weight: self.config.kind_weights.of(group.problem.kind),
                });
            }
        }
        examples
    }

    /// Without a KL term, an example of zero advantage or weight has no gradient. Its tokens have
    /// been counted in the denominators, and that is all there is to it.
    fn drop_what_teaches_nothing(
        &self,
        examples: Vec<Example>,
        weights: Vec<f64>,
    ) -> (Vec<Example>, Vec<f64>) {
        let teaches =
            |example: &Example| self.reference.is_some() || example.advantage * example.weight != 0.0;
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
            sums.tokens += micro.batch.ids.len();
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
        let per_weight = |sum: f64| if sums.weight > 0.0 { sum / sums.weight } else { 0.0 };
        let per_target = |sum: f64| if sums.targets > 0 { sum / sums.targets as f64 } else { 0.0 };
        Ok(UpdateReport {
            advantages: Vec::new(),
            loss: sums.loss,
            grad_norm,
            learning_rate,
            kl: per_weight(sums.kl),
            entropy: per_target(sums.entropy),
            clip_ratio: per_weight(sums.clip),
            rollout_logprob_gap: per_target(sums.gap),
            tokens: sums.tokens,
        })
    }

    fn policy_loss(&self, micro: &MicroBatch, loss: PolicyLoss, sums: &mut Sums) -> Tensor<B, 1> {
        let device = self.policy.device();
        let TargetLogprobs { logprobs, entropy } = self.logprobs(&self.policy, micro);
        sums.entropy += scalar(entropy.sum());
        let old_logprobs = floats(&micro.old_logprobs, &device);
        sums.gap += scalar((logprobs.clone().inner() - floats(&micro.old_logprobs, &device)).abs().sum());
        sums.targets += micro.targets.len();
        sums.weight += micro.weights.iter().map(|&weight| f64::from(weight)).sum::<f64>();
        let reference =
            self.reference.as_ref().map(|model| Tensor::from_inner(self.logprobs(model, micro).logprobs));
        let output = loss.compute(LossInput {
            logprobs,
            old_logprobs,
            reference_logprobs: reference,
            advantages: floats(&micro.advantages, &device),
            weights: floats(&micro.weights, &device),
        });
        sums.kl += output.kl.map_or(0.0, scalar);
        sums.clip += scalar(output.clip_ratio);
        output.loss
    }

    /// What a model says of every target, at the sampling temperature.
    fn logprobs<A: Kernels>(&self, model: &Qwen<A>, micro: &MicroBatch) -> TargetLogprobs<A> {
        let hidden = model.forward(&micro.batch).select(0, index_tensor(&micro.predictors, &model.device()));
        model.target_logprobs(hidden, &micro.targets, self.config.temperature)
    }
}

fn floats<B: Backend>(values: &[f32], device: &B::Device) -> Tensor<B, 1> {
    Tensor::from_data(TensorData::new(values.to_vec(), [values.len()]), device)
}

fn scalar<B: Backend>(tensor: Tensor<B, 1>) -> f64 {
    tensor.into_scalar().elem()
}
