//! What a model says of given completions: a forward pass, and nothing is sampled.

use super::{
    batch::{PackedBatch, Sequence},
    forward::Model,
};
use crate::kernels::Kernels;

/// The natural log-probability of every completion token given all before it, per sequence. Neighbours with the same
/// prompt share its pass.
pub fn completion_logprobs<B: Kernels>(model: &Model<B>, sequences: &[Sequence]) -> Vec<Vec<f32>> {
    let batch = PackedBatch::new(sequences, &model.config);
    if batch.targets.is_empty() {
        return vec![Vec::new(); sequences.len()];
    }
    let logprobs = model.target_logprobs(model.predicting(&batch), &batch.targets, 1.0).logprobs;
    let mut rest = logprobs.into_data().convert::<f32>().into_vec().expect("f32 after conversion");
    let lengths = sequences.iter().map(|sequence| sequence.completion().len());
    lengths.map(|length| rest.drain(..length).collect()).collect()
}
