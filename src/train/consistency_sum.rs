//! Adds the auxiliary objective on triples of verdicts to a gradient. Knows nothing of where the triples come from.

use std::sync::Arc;

use super::{
    auxiliary::VerdictTriple,
    gradient_sum::GradientSum,
    loss_input::loss_input,
    objective::{Consistency, Objective},
};
use crate::{kernels::TrainBackend, model::ModelConfig};

/// `weight ·` the mean inconsistency of the triples, in micro-batches of `most` tokens; nothing where there are none.
pub(super) fn add_consistency<B: TrainBackend>(
    weight: f64,
    triples: &[VerdictTriple],
    most: usize,
    config: &ModelConfig,
    sum: &mut GradientSum<'_, B>,
) {
    if weight == 0.0 || triples.is_empty() {
        return;
    }
    let consistency = Consistency { weight, triples: triples.len() };
    let objectives: [Arc<dyn Objective<B>>; 1] = [Arc::new(consistency)];
    for micro in VerdictTriple::micro_batches(triples, most, config) {
        sum.add(&micro, &objectives, |outputs| loss_input(&micro, outputs));
    }
}
