//! From a micro-batch and the policy's outputs to what objectives see.

use burn::tensor::Tensor;

use super::{
    backward::TargetOutputs, batch::MicroBatch, config::TrainConfig, objective::LossInput,
    scoring::target_logprobs, tensors::floats,
};
use crate::{
    kernels::TrainBackend,
    metrics::{Part, timed_on},
    model::Model,
};

/// What every objective sees: the policy's outputs beside what the examples bring.
pub(super) fn loss_input<B: TrainBackend>(micro: &MicroBatch, outputs: TargetOutputs<B>) -> LossInput<B> {
    let TargetOutputs { logprobs, entropy, entropy_with_gradient } = outputs;
    let device = logprobs.device();
    let sampler_logprobs = floats(&micro.old_logprobs, &device);
    LossInput {
        logprobs,
        old_logprobs: sampler_logprobs.clone(),
        sampler_logprobs,
        reference_logprobs: None,
        advantages: floats(&micro.advantages, &device),
        weights: floats(&micro.weights, &device),
        total_weight: micro.weights.iter().map(|&weight| f64::from(weight)).sum(),
        importance: None,
        entropy,
        entropy_with_gradient,
        lengths: micro.lengths.clone(),
    }
}

/// The same for objectives of the policy: with the reference's log-probabilities, and with the correction of the
/// sampler's gap where the trainer's own log-probabilities are known.
pub(super) fn policy_loss_input<B: TrainBackend>(
    micro: &MicroBatch,
    outputs: TargetOutputs<B>,
    reference: Option<&Model<B::InnerBackend>>,
    config: &TrainConfig,
) -> LossInput<B> {
    let reference = reference.map(|model| {
        timed_on::<B, _>(Part::Reference, &model.device(), || {
            target_logprobs(model, micro, config.sampling.temperature).logprobs
        })
    });
    let mut input = loss_input(micro, outputs);
    input.reference_logprobs = reference.map(Tensor::from_inner);
    if !micro.trainer_logprobs.is_empty() {
        let own = floats::<B>(&micro.trainer_logprobs, &input.logprobs.device());
        let (importance, sampler) = (config.importance, input.sampler_logprobs.clone());
        input.importance =
            importance.correction.weights(own.clone(), sampler, &input.lengths, importance.bounds);
        input.old_logprobs = own;
    }
    input
}
