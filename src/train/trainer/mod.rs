//! The update: groups in, a better policy out. Knows nothing of files, recipes or progress bars.

mod terms;

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
    auxiliary::{Auxiliary, AuxiliaryConfig},
    backward::{Reading, Said},
    batch::{Example, MicroBatch, micro_batches, mini_batches, packed_tokens, token_weights},
    config::TrainConfig,
    loss::{Importance, KlPlace, adapted},
    optimizer::{AdamW, global_norm, in_f32, named},
    reference::{ReferenceMode, averaged},
    report::{Sums, UpdateReport},
    shared::of_all_ranks,
};
use crate::{
    distributed::Peers,
    kernels::TrainBackend,
    metrics::{Part, timed_on},
    model::{Model, PackedBatch, Sequence, computing_in, policy_in, weights::Precision},
    rollout::{FinishReason, Rollout, RolloutGroup},
};

/// A policy, the reference it is held near, and the optimizer between them.
pub struct Trainer<B: AutodiffBackend> {
    pub policy: Model<B>,
    /// `None` when no KL penalty is asked for.
    reference: Option<Arc<Model<B::InnerBackend>>>,
    pub optimizer: AdamW<B>,
    config: TrainConfig,
    /// As configured, unless it adapts.
    kl_coefficient: f64,
    /// An average of the policy over steps, where one is asked for.
    average: Option<Model<B::InnerBackend>>,
    /// Who shares the micro-batches.
    peers: Arc<Peers>,
    /// What forward and backward passes compute in.
    precision: Precision,
}

/// The loss of an update and its gradient, as terms are added.
struct Pass<'a, B: AutodiffBackend> {
    policy: &'a Model<B>,
    reading: Reading,
    peers: &'a Peers,
    /// Added so far, by any rank.
    batches: usize,
    gradients: GradientsAccumulator<Model<B>>,
    sums: Sums,
}

impl<B: TrainBackend> Pass<'_, B> {
    /// Adds a loss of what the policy says of a batch, if it is this rank's turn.
    fn add(&mut self, batch: &PackedBatch, loss: impl FnOnce(Said<B>, &mut Sums) -> Tensor<B, 1>) {
        self.batches += 1;
        if !self.peers.owns(self.batches - 1) {
            return;
        }
        let Self { policy, reading, gradients, sums, .. } = self;
        let mut value = 0.0;
        let loss = |said| {
            let loss = loss(said, sums);
            value = scalar(loss.clone());
            loss
        };
        let policy: &Model<B> = policy;
        reading.differentiate(policy, batch, loss, |part| gradients.accumulate(policy, in_f32(policy, part)));
        self.sums.loss += value;
    }
}

/// A step's completions before the first update.
struct Prepared {
    examples: Vec<Example>,
    /// Of every rollout of every group.
    advantages: Vec<Vec<f64>>,
    penalty: Penalty,
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
        policy: Model<B>,
        reference: Option<Arc<Model<B::InnerBackend>>>,
        optimizer: AdamW<B>,
        config: TrainConfig,
    ) -> Self {
        let reference = reference.filter(|_| config.kl_coefficient > 0.0);
        // What follows a policy with adapters has adapters: at the beginning, those that change nothing.
        let adapted = config.reference != ReferenceMode::Fixed && policy.lora.is_some();
        let reference = reference.map(|start| if adapted { policy.valid().into() } else { start });
        let kl_coefficient = config.kl_coefficient;
        let average = (config.ema_decay > 0.0).then(|| policy.valid());
        let peers = Arc::new(Peers::Alone);
        let precision = Precision::F32;
        Self { policy, reference, optimizer, config, kl_coefficient, average, peers, precision }
    }

    /// Computes in another float type. The policy's own weights, their gradients' sums and what the optimizer keeps
    /// stay in f32, and so do losses and log-probabilities.
    pub fn computing_in(self, precision: Precision) -> Self {
        let fixed = self.config.reference == ReferenceMode::Fixed;
        let cast = |model: Arc<Model<_>>| {
            if fixed { Arc::new(computing_in(Model::clone(&model), precision)) } else { model }
        };
        Self { reference: self.reference.map(cast), precision, ..self }
    }

    /// Shares every update's micro-batches with others who make the same updates.
    pub fn with_peers(self, peers: Arc<Peers>) -> Self {
        Self { peers, ..self }
    }

    /// Goes on with a saved average, where the configuration asks for one.
    pub fn with_average(self, saved: Option<Model<B::InnerBackend>>) -> Self {
        let saved = saved.filter(|_| self.average.is_some());
        Self { average: saved.or(self.average), ..self }
    }

    /// The average over steps, where there is one.
    pub fn average(&self) -> Option<&Model<B::InnerBackend>> {
        self.average.as_ref()
    }

    /// The model to be judged by and kept, in f32: the average, or the policy itself.
    pub fn evaluated(&self) -> Model<B::InnerBackend> {
        self.average.clone().unwrap_or_else(|| self.policy.valid())
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
    pub fn with_reference(self, saved: Option<Model<B::InnerBackend>>) -> Self {
        let saved = saved.filter(|_| self.moving_reference().is_some()).map(Arc::new);
        Self { reference: saved.or(self.reference), ..self }
    }

    /// The reference, where it moves.
    pub fn moving_reference(&self) -> Option<&Model<B::InnerBackend>> {
        self.reference.as_deref().filter(|_| self.config.reference != ReferenceMode::Fixed)
    }

    fn move_reference(&mut self, step: u64) {
        let TrainConfig { reference, reference_every, reference_decay, .. } = self.config;
        let Some(current) = &self.reference else { return };
        match reference {
            ReferenceMode::Fixed => {}
            ReferenceMode::Refreshed if step.is_multiple_of(reference_every) => {
                self.reference = Some(self.policy.valid().into());
            }
            ReferenceMode::Refreshed => {}
            ReferenceMode::Ema => {
                let next = averaged(Model::clone(current), &self.policy, reference_decay);
                self.reference = Some(next.into());
            }
        }
    }

    /// The policy without autodiff, for sampling.
    pub fn sampler(&self) -> Model<B::InnerBackend> {
        computing_in(self.policy.valid(), self.precision)
    }

    /// [`Self::update_with`] nothing but the groups.
    ///
    /// # Errors
    /// As there.
    pub fn update(&mut self, groups: &[RolloutGroup], step: u64) -> Result<UpdateReport> {
        self.update_with(groups, &Auxiliary::default(), step)
    }

    /// The updates of a step: one on all groups together, unless several epochs or mini-batches are asked
    /// for. The auxiliary objectives join each.
    ///
    /// # Errors
    /// When the loss or a gradient is not finite; the policy is then left as the update before it made it.
    pub fn update_with(
        &mut self,
        groups: &[RolloutGroup],
        auxiliary: &Auxiliary,
        step: u64,
    ) -> Result<UpdateReport> {
        let Prepared { examples, advantages, penalty } = self.prepared(groups);
        let completions = advantages.iter().map(Vec::len).sum();
        let right = self.config.auxiliary.right_reflections(groups, &self.policy.config);
        let mut updates = Vec::new();
        for epoch in 0..self.config.epochs {
            for part in mini_batches(&examples, self.config.mini_batches, &[step, epoch as u64]) {
                updates.push(self.update_once(part, &right, auxiliary, step)?);
            }
        }
        let report = UpdateReport { advantages, ..UpdateReport::over(updates) };
        let report = UpdateReport { kl: penalty.kl.unwrap_or(report.kl), ..report };
        self.adapt_kl_coefficient(report.kl, completions);
        self.move_reference(step);
        let decay = self.config.ema_decay;
        self.average = self.average.take().map(|average| averaged(average, &self.policy, decay));
        Ok(report)
    }

    fn update_once(
        &mut self,
        examples: Vec<Example>,
        right_reflections: &[Example],
        Auxiliary { replay, consistency }: &Auxiliary,
        step: u64,
    ) -> Result<UpdateReport> {
        self.learn(step, |trainer, pass| {
            trainer.add_policy_gradient(examples, pass);
            let AuxiliaryConfig { reflection_likelihood, replay: replay_weight, .. } =
                trainer.config.auxiliary;
            trainer.add_likelihood("reflection_likelihood", reflection_likelihood, right_reflections, pass);
            trainer.add_likelihood("replay", replay_weight, replay, pass);
            trainer.add_consistency(consistency, pass);
        })
    }

    /// The gradient of the policy's own loss on some groups, by the names of the parameters that learn. Makes
    /// no update.
    ///
    /// # Errors
    /// When a peer is lost.
    pub fn gradients(&self, groups: &[RolloutGroup]) -> Result<Vec<(String, Vec<f32>)>> {
        let Prepared { examples, .. } = self.prepared(groups);
        let (gradients, _) = self.accumulated(|trainer, pass| trainer.add_policy_gradient(examples, pass))?;
        Ok(named(&self.policy, &gradients))
    }

    /// The groups' completions with their advantages, as the first update of a step sees them.
    fn prepared(&self, groups: &[RolloutGroup]) -> Prepared {
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
        if self.config.mask_truncated {
            let mut cut = groups.iter().flat_map(|group| &group.rollouts).map(is_cut_off);
            examples.retain(|_| !cut.next().expect("a rollout for every example"));
        }
        Prepared { examples, advantages, penalty }
    }

    fn add_policy_gradient(&self, examples: Vec<Example>, pass: &mut Pass<'_, B>) {
        let loss = self.config.policy_loss(self.kl_coefficient);
        let reference = self.reference_in_loss().map(|model| computing_in(model.clone(), self.precision));
        let weights = self.token_weights(&examples);
        let (examples, weights) = self.drop_what_teaches_nothing(examples, weights);
        for micro in self.micro_batches(&examples, &weights) {
            pass.sums.tokens += micro.tokens;
            let reference = reference.as_ref();
            pass.add(&micro.batch, |said, sums| self.policy_loss(&micro, said, loss, reference, sums));
        }
    }

    fn micro_batches(&self, examples: &[Example], weights: &[f64]) -> Vec<MicroBatch> {
        let share = packed_tokens(examples).div_ceil(self.peers.world());
        micro_batches(examples, weights, self.config.micro_batch_tokens.min(share), &self.policy.config)
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
        self.learn(step, |trainer, pass| trainer.add_weighted_likelihood(examples, &weights, pass))
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
        let reference = computing_in(Model::clone(reference), self.precision);
        let reference = self.forward_logprobs(&reference, examples);
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

    /// Adds up the terms and their gradient.
    fn accumulated(&self, terms: impl FnOnce(&Self, &mut Pass<'_, B>)) -> Result<(GradientsParams, Sums)> {
        let copy = (self.precision != Precision::F32).then(|| policy_in(&self.policy, self.precision));
        let mut pass = Pass {
            policy: copy.as_ref().unwrap_or(&self.policy),
            reading: Reading::of(&self.config),
            peers: &self.peers,
            batches: 0,
            gradients: GradientsAccumulator::new(),
            sums: Sums::default(),
        };
        terms(self, &mut pass);
        let gradients = of_all_ranks(&self.peers, &self.policy, pass.gradients.grads())?;
        Ok((gradients, pass.sums.of_all_ranks(&self.peers)?))
    }

    /// Adds up the terms, clips their gradient and steps.
    fn learn(&mut self, step: u64, terms: impl FnOnce(&Self, &mut Pass<'_, B>)) -> Result<UpdateReport> {
        let (gradients, sums) = self.accumulated(terms)?;
        let device = self.policy.device();
        let grad_norm = timed_on::<B, _>(Part::Optimizer, &device, || global_norm(&self.policy, &gradients));
        if !(sums.loss.is_finite() && grad_norm.is_finite()) {
            bail!(
                "step {step}: the loss is {} and the gradient norm {grad_norm}; nothing was updated. \
                 Lower train.learning_rate, or resume from the last checkpoint",
                sums.loss
            );
        }
        let learning_rate = self.config.learning_rate_at(step);
        let scale = (self.config.max_grad_norm / grad_norm.max(f64::MIN_POSITIVE)).min(1.0);
        self.policy = timed_on::<B, _>(Part::Optimizer, &device, || {
            // Owned by nobody else, the policy is updated in place; what stands in for it is never made.
            let stand_in = Model::new(&self.policy.config, &device);
            let policy = std::mem::replace(&mut self.policy, stand_in);
            self.optimizer.step(policy, gradients, learning_rate, scale)
        });
        Ok(sums.report(grad_norm, learning_rate))
    }
}

/// Whether the token limit ended a completion.
fn is_cut_off(rollout: &Rollout) -> bool {
    rollout.completion.finish_reason == FinishReason::Length
}

/// Values on a device.
pub(super) fn floats<B: Backend>(values: &[f32], device: &B::Device) -> Tensor<B, 1> {
    Tensor::from_data(TensorData::new(values.to_vec(), [values.len()]), device)
}

fn scalar<B: Backend>(tensor: Tensor<B, 1>) -> f64 {
    tensor.into_scalar().elem()
}
