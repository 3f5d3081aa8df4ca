//! The gradient of an update's loss, and what is measured on the way, as micro-batches are added.

use std::sync::Arc;

use anyhow::Result;
use burn::{
    optim::{GradientsAccumulator, GradientsParams},
    tensor::backend::AutodiffBackend,
};

use super::{
    backward::{PassOptions, TargetOutputs},
    batch::MicroBatch,
    objective::{LossInput, LossTerm, NamedSum, Objective, total},
    optimizer::in_f32,
    ranks::sum_over_ranks,
    report::Totals,
    tensors::scalar,
};
use crate::{
    distributed::Peers,
    interrupt::{Interrupt, Interrupted},
    kernels::TrainBackend,
    metrics::names,
    model::Model,
};

/// A loss over micro-batches: its gradient so far, and the sums that objectives measured.
pub(super) struct GradientSum<'a, B: AutodiffBackend> {
    policy: &'a Model<B>,
    options: PassOptions,
    peers: &'a Peers,
    interrupt: &'a Interrupt,
    /// Micro-batches added so far, by any rank.
    batches: usize,
    gradients: GradientsAccumulator<Model<B>>,
    totals: Totals,
}

impl<'a, B: TrainBackend> GradientSum<'a, B> {
    /// Nothing yet. `policy` computes; `peers` share the micro-batches; `interrupt` may end the work where there is
    /// one process.
    pub(super) fn new(
        policy: &'a Model<B>,
        options: PassOptions,
        (peers, interrupt): (&'a Peers, &'a Interrupt),
    ) -> Self {
        let gradients = GradientsAccumulator::new();
        Self { policy, options, peers, interrupt, batches: 0, gradients, totals: Totals::default() }
    }

    /// # Errors
    /// An [`Interrupted`] where the rest of the work is not wanted any more.
    fn check_wanted(&self) -> Result<(), Interrupted> {
        // Other ranks would wait for this one's share.
        if self.peers.world() == 1 { self.interrupt.check() } else { Ok(()) }
    }

    /// Counts tokens that are learnt from.
    pub(super) fn count_tokens(&mut self, tokens: usize) {
        self.totals.tokens += tokens;
    }

    /// Adds what objectives make of a micro-batch, if it is this rank's turn. `input` puts the policy's outputs
    /// beside what else they see.
    pub(super) fn add(
        &mut self,
        micro: &MicroBatch,
        objectives: &[Arc<dyn Objective<B>>],
        input: impl FnOnce(TargetOutputs<B>) -> LossInput<B>,
    ) {
        self.batches += 1;
        if !self.peers.owns(self.batches - 1) || self.check_wanted().is_err() {
            return;
        }
        let entropy_gradient = objectives.iter().any(|objective| objective.needs_entropy_gradient());
        let options = PassOptions { entropy_gradient, ..self.options };
        let Self { policy, gradients, totals, .. } = self;
        let policy: &Model<B> = policy;
        let loss = |outputs| {
            let LossTerm { loss, sums } = total(objectives, &input(outputs));
            let loss = loss.expect("a total has a loss");
            totals.add(NamedSum::total(names::LOSS, scalar(loss.clone())));
            sums.into_iter().for_each(|sum| totals.add(sum));
            loss
        };
        options.forward_backward(policy, &micro.batch, loss, |part| {
            gradients.accumulate(policy, in_f32(policy, part));
        });
    }

    /// The gradient and the sums of all ranks. `model` holds the parameters that the gradient is for.
    ///
    /// # Errors
    /// When a peer is lost, or somebody has asked to stop.
    pub(super) fn over_ranks(mut self, model: &Model<B>) -> Result<(GradientsParams, Totals)> {
        self.check_wanted()?;
        let gradients = sum_over_ranks(self.peers, model, self.gradients.grads())?;
        Ok((gradients, self.totals.over_ranks(self.peers)?))
    }
}
