//! The update: groups in, a better policy out. Knows nothing of files, recipes or progress bars.

use std::sync::Arc;

use anyhow::Result;
use burn::{module::AutodiffModule, optim::GradientsParams, tensor::backend::AutodiffBackend};

use super::{
    advantage::AdvantageRule,
    auxiliary::Auxiliary,
    auxiliary_sum::{AuxiliaryWork, Batching, add_examples},
    average::averaged,
    backward::PassOptions,
    batch::{Example, MicroBatch, micro_batches, mini_batches, packed_tokens, token_weights},
    config::TrainConfig,
    examples::{examples_of, without_truncated},
    gradient_sum::GradientSum,
    loss_input::policy_loss_input,
    objective::{
        EntropyBonus, Extension, Importance, KlController, KlPenalty, KlPlace, Likelihood, Measures,
        Objective,
    },
    optimizer::{AdamW, global_norm, named},
    own_advantage::advantages_of,
    parts::Parts,
    reference::Reference,
    report::{Totals, UpdateReport},
    schedule::StepPlace,
    scoring::example_logprobs,
    tensors::{floats, scalar},
};
use crate::{
    distributed::Peers,
    error::input_error,
    interrupt::Interrupt,
    kernels::{Kernels, TrainBackend},
    metrics::{Part, names, timed_on},
    model::{Model, computing_in, policy_in, weights::Precision},
    rollout::RolloutGroup,
};

/// A policy, the optimizer that moves it, and what its loss is made of.
pub struct Trainer<B: AutodiffBackend> {
    pub policy: Model<B>,
    pub optimizer: AdamW<B>,
    config: TrainConfig,
    advantage: AdvantageRule,
    /// The policy's own term of the loss.
    policy_loss: Arc<dyn Objective<B>>,
    /// Objectives from outside.
    extensions: Vec<Arc<dyn Objective<B>>>,
    /// `None` where there is no KL penalty, or nothing but imitation.
    reference: Option<Reference<B::InnerBackend>>,
    kl: KlController,
    /// An average of the policy over steps, where one is asked for.
    average: Option<Model<B::InnerBackend>>,
    /// Who shares the micro-batches.
    peers: Arc<Peers>,
    interrupt: Interrupt,
    /// What forward and backward passes compute in.
    precision: Precision,
}

/// A step's completions before the first update.
struct Prepared {
    examples: Vec<Example>,
    /// The advantage of every rollout of every group.
    advantages: Vec<Vec<f64>>,
    /// The KL per token, where the penalty on it comes off the rewards.
    kl: Option<f64>,
}

/// What a KL penalty takes off rewards.
struct RewardPenalty {
    kl_per_token: f64,
    per_completion: Vec<f64>,
}

impl<B: TrainBackend> Trainer<B> {
    /// Puts the parts together. An update with a KL penalty needs [`Parts::start`]; imitation needs none.
    ///
    /// # Errors
    /// Input errors: a part that the configuration does not ask for, or a name in it that nobody has.
    pub fn new(parts: Parts<B>, config: &TrainConfig) -> Result<Self> {
        parts.check(config)?;
        let Parts { policy, optimizer, start, moved_reference, average, kl_coefficient, .. } = parts;
        let Parts { peers, precision, advantages, objectives, interrupt, .. } = parts;
        // What the first of several updates has changed could not be taken back.
        let interrupt = if config.updates() == 1 { interrupt } else { Interrupt::default() };
        let reference =
            start.map(|start| Reference::new(config.reference, start, moved_reference, &policy, precision));
        let added = objectives.iter().filter(|objective| objective.name() != config.loss.name);
        Ok(Self {
            advantage: config.advantage.rule(&advantages)?,
            policy_loss: config.loss.objective(&objectives)?,
            extensions: added.map(|one| Arc::new(Extension(one.clone())) as Arc<dyn Objective<B>>).collect(),
            reference,
            kl: KlController::new(config.kl, kl_coefficient),
            average: (config.ema_decay > 0.0).then(|| average.unwrap_or_else(|| policy.valid())),
            config: config.clone(),
            policy,
            optimizer,
            peers,
            interrupt,
            precision,
        })
    }

    /// The policy without autodiff, in the type that forward passes compute in: the model that samples.
    pub fn inference_model(&self) -> Model<B::InnerBackend> {
        computing_in(self.policy.valid(), self.precision)
    }

    /// The model to be judged by and kept, in f32: the average over steps, or the policy itself.
    pub fn evaluated(&self) -> Model<B::InnerBackend> {
        self.average.clone().unwrap_or_else(|| self.policy.valid())
    }

    /// The average over steps where there is one, which is what a checkpoint must keep.
    pub fn average(&self) -> Option<&Model<B::InnerBackend>> {
        self.average.as_ref()
    }

    /// The KL coefficient where it adapts, which is what a checkpoint must keep.
    pub fn adapted_kl_coefficient(&self) -> Option<f64> {
        self.kl.adapted()
    }

    /// The reference where it moves, which is what a checkpoint must keep.
    pub fn moving_reference(&self) -> Option<&Model<B::InnerBackend>> {
        self.reference.as_ref().and_then(Reference::moving)
    }

    /// The updates of a step from nothing but its groups: [`Self::update_with`] without auxiliary objectives' data.
    ///
    /// # Errors
    /// When the loss or a gradient is not finite, a peer is lost, or somebody has asked to stop.
    pub fn update(&mut self, groups: &[RolloutGroup], step: u64) -> Result<UpdateReport> {
        self.update_with(groups, &Auxiliary::default(), step)
    }

    /// The updates of a step: one on all groups together, unless several epochs or mini-batches are asked for. The
    /// auxiliary objectives join each; verdicts have updates of their own behind them where the recipe says so.
    ///
    /// # Errors
    /// When the loss or a gradient is not finite, or a peer is lost; the policy is then left as the update before
    /// it made it. An input error where answers are to have their own reward and its offset is not set.
    pub fn update_with(
        &mut self,
        groups: &[RolloutGroup],
        auxiliary: &Auxiliary,
        place: impl Into<StepPlace>,
    ) -> Result<UpdateReport> {
        let place @ StepPlace { step, .. } = place.into();
        if !auxiliary.self_rewards.is_empty() {
            // Where it is not known what the token is worth, that is said before anything is computed.
            self.config.auxiliary.own_reward_scale()?;
        }
        let Prepared { examples, advantages, kl } = self.prepare(groups)?;
        let reflections = self.config.auxiliary.right_reflections(groups, &self.policy.config);
        let (joining, verdicts) = auxiliary.with_verdict_updates(self.config.auxiliary.verdict_updates);
        let auxiliary = AuxiliaryWork { reflections, given: joining.as_ref() };
        let mut updates = Vec::new();
        for epoch in 0..self.config.epochs {
            for part in mini_batches(&examples, self.config.mini_batches, &[step, epoch as u64]) {
                updates.push(self.update_once(part, &auxiliary, place)?);
            }
        }
        let mut report = UpdateReport::over(updates);
        report.add_objectives(self.verdict_updates(verdicts, place)?);
        report.advantages = advantages;
        kl.into_iter().for_each(|kl| report.set(names::KL, kl));
        self.kl.observe(report.metric(names::KL), report.advantages.iter().map(Vec::len).sum());
        if let Some(reference) = &mut self.reference {
            reference.follow(&self.policy, step);
        }
        let decay = self.config.ema_decay;
        self.average = self.average.take().map(|average| averaged(average, &self.policy, decay));
        Ok(report)
    }

    /// One update: micro-batches → objectives → their gradient, over all ranks → clip → step.
    fn update_once(
        &mut self,
        examples: Vec<Example>,
        auxiliary: &AuxiliaryWork<'_>,
        place: StepPlace,
    ) -> Result<UpdateReport> {
        let (gradient, totals) = self.gradient(|trainer, sum| {
            trainer.add_policy_objectives(examples, sum);
            trainer.add_auxiliary_objectives(auxiliary, sum);
        })?;
        self.step(gradient, totals, place)
    }

    /// Updates on nothing but verdicts, one for each part of them.
    fn verdict_updates(&mut self, parts: Vec<Auxiliary>, place: StepPlace) -> Result<UpdateReport> {
        let mut updates = Vec::new();
        for part in &parts {
            let work = AuxiliaryWork { reflections: Vec::new(), given: part };
            updates.push(self.update_once(Vec::new(), &work, place)?);
        }
        Ok(UpdateReport::over(updates))
    }

    /// One step of supervised likelihood on the examples' completions.
    ///
    /// # Errors
    /// When the loss or a gradient is not finite, a peer is lost, or somebody has asked to stop.
    pub fn imitate(&mut self, examples: &[Example], step: u64) -> Result<UpdateReport> {
        let weights = self.token_weights(examples);
        let likelihood = Likelihood { name: "likelihood", mean: None };
        let (gradient, totals) = self.gradient(|trainer, sum| {
            add_examples(likelihood, trainer.micro_batches(examples, &weights), sum)
        })?;
        self.step(gradient, totals, step.into())
    }

    /// The gradient of the policy's own objectives on some groups, by the names of the parameters that learn. Makes
    /// no update.
    ///
    /// # Errors
    /// When a peer is lost.
    pub fn gradients(&self, groups: &[RolloutGroup]) -> Result<Vec<(String, Vec<f32>)>> {
        let Prepared { examples, .. } = self.prepare(groups)?;
        let (gradients, _) = self.gradient(|trainer, sum| trainer.add_policy_objectives(examples, sum))?;
        Ok(named(&self.policy, &gradients))
    }

    /// The policy's log-probabilities of all completions of some groups, one after the other.
    pub(crate) fn logprobs_of(&self, groups: &[RolloutGroup]) -> Vec<Vec<f32>> {
        let examples = examples_of(groups, &self.config.kind_weights, &self.policy.config);
        self.example_logprobs(&self.inference_model(), &examples)
    }

    /// The groups' completions with their advantages, as the first update of a step sees them.
    fn prepare(&self, groups: &[RolloutGroup]) -> Result<Prepared> {
        if self.config.kl.is_on() && self.reference.is_none() {
            return Err(input_error(
                "train.kl_coefficient is above 0, but the trainer was built without the model that the run began \
                 with: set Parts::start, or the coefficient to 0",
            ));
        }
        let mut examples = examples_of(groups, &self.config.kind_weights, &self.policy.config);
        let penalty = self.reward_penalty(&examples);
        let penalties = penalty.as_ref().map_or(&[][..], |penalty| &penalty.per_completion);
        let advantages = advantages_of(groups, penalties, &self.advantage, &self.config.auxiliary)?;
        for (example, &advantage) in examples.iter_mut().zip(advantages.iter().flatten()) {
            example.advantage = advantage;
        }
        if self.config.importance.correction != Importance::None {
            let logprobs = self.example_logprobs(&self.inference_model(), &examples);
            examples.iter_mut().zip(logprobs).for_each(|(example, own)| example.trainer_logprobs = Some(own));
        }
        if self.config.mask_truncated {
            examples = without_truncated(examples, groups);
        }
        Ok(Prepared { examples, advantages, kl: penalty.map(|penalty| penalty.kl_per_token) })
    }

    /// What the distance to the reference takes off each reward, where it does.
    fn reward_penalty(&self, examples: &[Example]) -> Option<RewardPenalty> {
        let reference = self.reference.as_ref().filter(|_| self.config.kl.place == KlPlace::Reward)?;
        let estimator = self.config.kl.estimator;
        let device = self.policy.device();
        let total = |(example, reference): (&Example, Vec<f32>)| {
            let sampled = floats::<B::InnerBackend>(&example.old_logprobs, &device);
            scalar(estimator.estimate(sampled, floats(&reference, &device)).sum())
        };
        let reference = self.example_logprobs(&reference.to_compute(), examples);
        let sums: Vec<f64> = examples.iter().zip(reference).map(total).collect();
        let tokens: usize = examples.iter().map(Example::completion_length).sum();
        Some(RewardPenalty {
            kl_per_token: sums.iter().sum::<f64>() / tokens.max(1) as f64,
            per_completion: sums.into_iter().map(|sum| self.kl.coefficient() * sum).collect(),
        })
    }

    /// The objectives of the policy itself, with the KL coefficient of the moment.
    fn policy_objectives(&self) -> Vec<Arc<dyn Objective<B>>> {
        let TrainConfig { kl, entropy_coefficient, .. } = self.config;
        let mut objectives: Vec<Arc<dyn Objective<B>>> = vec![Arc::new(Measures), self.policy_loss.clone()];
        if self.reference.is_some() && kl.place == KlPlace::Loss {
            let penalty = KlPenalty { coefficient: self.kl.coefficient(), estimator: kl.estimator };
            objectives.push(Arc::new(penalty));
        }
        if entropy_coefficient > 0.0 {
            objectives.push(Arc::new(EntropyBonus { coefficient: entropy_coefficient }));
        }
        objectives.extend(self.extensions.iter().cloned());
        objectives
    }

    fn add_policy_objectives(&self, examples: Vec<Example>, sum: &mut GradientSum<'_, B>) {
        let objectives = self.policy_objectives();
        let in_loss = self.reference.as_ref().filter(|_| self.config.kl.place == KlPlace::Loss);
        let reference = in_loss.map(Reference::to_compute);
        let weights = self.token_weights(&examples);
        // An example without a gradient has been counted in the denominators, and that is all there is to it.
        let all = objectives.iter().any(|objective| objective.learns_without_advantage());
        let learns = |example: &Example| all || example.advantage * example.weight != 0.0;
        let learning = examples.into_iter().zip(weights).filter(|(example, _)| learns(example));
        let (examples, weights): (Vec<Example>, Vec<f64>) = learning.unzip();
        for micro in self.micro_batches(&examples, &weights) {
            sum.count_tokens(micro.tokens);
            sum.add(&micro, &objectives, |outputs| {
                policy_loss_input(&micro, outputs, reference.as_ref(), &self.config)
            });
        }
    }

    fn add_auxiliary_objectives(&self, work: &AuxiliaryWork<'_>, sum: &mut GradientSum<'_, B>) {
        let batching = Batching {
            most: self.config.micro_batch_tokens,
            model: &self.policy.config,
            split: &|examples, weights| self.micro_batches(examples, weights),
        };
        work.add(&self.config.auxiliary, &batching, sum);
    }

    /// The gradient of what `add` adds, and what was measured, of all ranks.
    fn gradient(
        &self,
        add: impl FnOnce(&Self, &mut GradientSum<'_, B>),
    ) -> Result<(GradientsParams, Totals)> {
        let copy = (self.precision != Precision::F32).then(|| policy_in(&self.policy, self.precision));
        let options = PassOptions {
            temperature: self.config.sampling.temperature,
            entropy_gradient: false,
            checkpoint_layers: self.config.activation_checkpointing,
            logits_chunk: self.config.logits_chunk,
        };
        let shared = (&*self.peers, &self.interrupt);
        let mut sum = GradientSum::new(copy.as_ref().unwrap_or(&self.policy), options, shared);
        add(self, &mut sum);
        sum.over_ranks(&self.policy)
    }

    /// Clips a gradient by its global norm and steps.
    fn step(
        &mut self,
        gradient: GradientsParams,
        totals: Totals,
        StepPlace { step, of }: StepPlace,
    ) -> Result<UpdateReport> {
        let device = self.policy.device();
        let grad_norm = timed_on::<B, _>(Part::Optimizer, &device, || global_norm(&self.policy, &gradient));
        totals.check_finite(grad_norm)?;
        let learning_rate = self.config.learning_rate.at(step, of.unwrap_or(self.config.steps));
        let scale = (self.config.max_grad_norm / grad_norm.max(f64::MIN_POSITIVE)).min(1.0);
        self.policy = timed_on::<B, _>(Part::Optimizer, &device, || {
            // Owned by nobody else, the policy is updated in place; what stands in for it is never made.
            let stand_in = Model::new(&self.policy.config, &device);
            let policy = std::mem::replace(&mut self.policy, stand_in);
            self.optimizer.step(policy, gradient, learning_rate, scale)
        });
        Ok(totals.report(grad_norm, learning_rate))
    }

    fn micro_batches(&self, examples: &[Example], weights: &[f64]) -> Vec<MicroBatch> {
        let share = packed_tokens(examples).div_ceil(self.peers.world());
        micro_batches(examples, weights, self.config.micro_batch_tokens.min(share), &self.policy.config)
    }

    fn token_weights(&self, examples: &[Example]) -> Vec<f64> {
        token_weights(examples, self.config.normalization, self.config.sampling.max_new_tokens)
    }

    fn example_logprobs<A: Kernels>(&self, model: &Model<A>, examples: &[Example]) -> Vec<Vec<f32>> {
        let micro_batches = self.micro_batches(examples, &vec![0.0; examples.len()]);
        example_logprobs(model, &micro_batches, examples.len(), self.config.sampling.temperature)
    }
}
