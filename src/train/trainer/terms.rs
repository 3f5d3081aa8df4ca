//! The terms of an update's loss, micro-batch by micro-batch.

use burn::tensor::Tensor;

use super::{Pass, Trainer, floats, scalar};
use crate::{
    kernels::{Kernels, TargetLogprobs, TrainBackend},
    metrics::{Part, timed, timed_on},
    model::{Model, PackedBatch, Sequence},
    train::{
        auxiliary::{self, AuxiliaryConfig, ObjectiveReport, VerdictTriple},
        backward::Said,
        batch::{Example, MicroBatch},
        config::TrainConfig,
        loss::{KlPlace, LossInput, PolicyLoss},
        report::Sums,
    },
};

impl<B: TrainBackend> Trainer<B> {
    /// `−weight ·` the mean log-probability of the examples' tokens; nothing where there are none.
    pub(super) fn add_likelihood(
        &self,
        name: &'static str,
        weight: f64,
        examples: &[Example],
        pass: &mut Pass<'_, B>,
    ) {
        let count: usize = examples.iter().map(Example::completion_length).sum();
        if weight == 0.0 || count == 0 {
            return;
        }
        let before = pass.sums.loss;
        self.add_weighted_likelihood(examples, &vec![weight / count as f64; examples.len()], pass);
        let value = (pass.sums.loss - before) / weight;
        pass.sums.objectives.push(ObjectiveReport { name, value, count });
    }

    /// `−Σ` of the tokens' log-probabilities times their examples' weights.
    pub(super) fn add_weighted_likelihood(
        &self,
        examples: &[Example],
        weights: &[f64],
        pass: &mut Pass<'_, B>,
    ) {
        for micro in self.micro_batches(examples, weights) {
            pass.sums.tokens += micro.tokens;
            pass.add(&micro.batch, |said, _| {
                let weights = floats(&micro.weights, &said.logprobs.device());
                (said.logprobs * weights).sum().neg()
            });
        }
    }

    /// `weight ·` the mean inconsistency of the triples.
    pub(super) fn add_consistency(&self, triples: &[VerdictTriple], pass: &mut Pass<'_, B>) {
        let AuxiliaryConfig { consistency: weight, .. } = self.config.auxiliary;
        if weight == 0.0 || triples.is_empty() {
            return;
        }
        let (before, count) = (pass.sums.loss, triples.len());
        for part in auxiliary::in_batches(triples, self.config.micro_batch_tokens) {
            let sequences: Vec<Sequence> = part.iter().flat_map(|triple| triple.0.clone()).collect();
            let batch = PackedBatch::new(&sequences, &self.policy.config);
            pass.add(&batch, |said, _| {
                auxiliary::summed_inconsistency(said.logprobs, &sequences).mul_scalar(weight / count as f64)
            });
        }
        let value = (pass.sums.loss - before) / weight;
        pass.sums.objectives.push(ObjectiveReport { name: "consistency", value, count });
    }

    pub(super) fn policy_loss(
        &self,
        micro: &MicroBatch,
        Said { logprobs, entropy, bonus }: Said<B>,
        loss: PolicyLoss,
        reference: Option<&Model<B::InnerBackend>>,
        sums: &mut Sums,
    ) -> Tensor<B, 1> {
        let floats = |values: &[f32]| floats::<B>(values, &self.policy.device());
        sums.entropy += scalar(entropy.sum());
        let sampled = floats(&micro.old_logprobs);
        sums.gap += scalar((logprobs.clone() - sampled.clone()).inner().abs().sum());
        sums.targets += micro.batch.targets.len();
        sums.weight += micro.weights.iter().map(|&weight| f64::from(weight)).sum::<f64>();
        let reference = reference.map(|model| {
            timed_on::<B, _>(Part::Reference, &model.device(), || self.logprobs(model, micro).logprobs)
        });
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
    pub(super) fn reference_in_loss(&self) -> Option<&Model<B::InnerBackend>> {
        self.reference.as_deref().filter(|_| self.config.kl_in == KlPlace::Loss)
    }

    /// What a model says of every target, at the sampling temperature.
    fn logprobs<A: Kernels>(&self, model: &Model<A>, micro: &MicroBatch) -> TargetLogprobs<A> {
        model.target_logprobs(model.predicting(&micro.batch), &micro.batch.targets, self.config.temperature)
    }

    /// What a model says of every completion's tokens, in the order of the examples.
    pub(super) fn forward_logprobs<A: Kernels>(
        &self,
        model: &Model<A>,
        examples: &[Example],
    ) -> Vec<Vec<f32>> {
        let weights = vec![0.0; examples.len()];
        let mut found = vec![Vec::new(); examples.len()];
        for micro in self.micro_batches(examples, &weights) {
            let logprobs = timed(Part::Reference, || self.logprobs(model, &micro).logprobs.into_data());
            let mut logprobs = logprobs.iter::<f32>();
            for (&index, &length) in micro.examples.iter().zip(&micro.lengths) {
                found[index] = logprobs.by_ref().take(length).collect();
            }
        }
        found
    }
}
