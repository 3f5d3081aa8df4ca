//! What a model says of completions, without a gradient.

use super::batch::MicroBatch;
use crate::{
    kernels::{Kernels, TargetLogprobs},
    metrics::{Part, timed},
    model::Model,
};

/// The log-probabilities of a micro-batch's targets at the sampling temperature.
pub(super) fn target_logprobs<A: Kernels>(
    model: &Model<A>,
    micro: &MicroBatch,
    temperature: f64,
) -> TargetLogprobs<A> {
    model.target_logprobs(model.predicting(&micro.batch), &micro.batch.targets, temperature)
}

/// The log-probabilities of every example's completion, in the order of the `count` examples.
pub(super) fn example_logprobs<A: Kernels>(
    model: &Model<A>,
    micro_batches: &[MicroBatch],
    count: usize,
    temperature: f64,
) -> Vec<Vec<f32>> {
    let mut found = vec![Vec::new(); count];
    for micro in micro_batches {
        let logprobs =
            timed(Part::Reference, || target_logprobs(model, micro, temperature).logprobs.into_data());
        let mut logprobs = logprobs.iter::<f32>();
        for (&index, &length) in micro.examples.iter().zip(&micro.lengths) {
            found[index] = logprobs.by_ref().take(length).collect();
        }
    }
    found
}
