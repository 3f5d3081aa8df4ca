//! One forward and backward pass of the policy, keeping as much of it in memory as the recipe allows.
//!
//! Three ways to spend less, at the price of computing again: layers one by one from their inputs (activation
//! checkpointing, arXiv 1604.06174), scores over the vocabulary a few targets at a time, or both. Each piece is
//! differentiated by itself and handed the gradient of what followed: nothing here depends on the backend.

use std::ops::Range;

use burn::{
    module::AutodiffModule,
    optim::GradientsParams,
    tensor::{Tensor, backend::AutodiffBackend},
};

use crate::{
    kernels::{Kernels, TargetLogprobs, TrainBackend, generic},
    metrics::{Part, timed_on},
    model::{Embeddings, Model, PackedBatch, add_after_layer, index_tensor},
};

/// What a model computes of every target of a batch, `[targets]` each.
pub(super) struct TargetOutputs<B: Kernels> {
    pub logprobs: Tensor<B, 1>,
    /// The entropy of the distribution, without a gradient.
    pub entropy: Tensor<B, 1>,
    /// The entropy with its gradient, where it is asked for.
    pub entropy_with_gradient: Option<Tensor<B, 1>>,
}

/// How a forward and backward pass is computed, and what is kept of it until the gradient is known.
#[derive(Debug, Clone, Copy)]
pub(super) struct PassOptions {
    pub temperature: f64,
    /// Whether the entropy needs a gradient.
    pub entropy_gradient: bool,
    /// Keep the input of every layer and compute the rest again (`train.activation_checkpointing`).
    pub checkpoint_layers: bool,
    /// Scores over the vocabulary of so many targets at a time; 0: of all (`train.logits_chunk`).
    pub logits_chunk: usize,
}

impl PassOptions {
    fn outputs<B: Kernels>(
        &self,
        model: &Model<B>,
        hidden: Tensor<B, 2>,
        targets: &[u32],
    ) -> TargetOutputs<B> {
        let scores = model.logits(hidden);
        let entropy_with_gradient =
            self.entropy_gradient.then(|| generic::entropy(scores.clone(), self.temperature));
        let TargetLogprobs { logprobs, entropy } = B::target_logprobs(scores, targets, self.temperature);
        TargetOutputs { logprobs, entropy, entropy_with_gradient }
    }

    /// Computes `loss` of the policy's outputs for a batch, and hands on every piece of its gradient.
    pub(super) fn forward_backward<B: TrainBackend>(
        &self,
        policy: &Model<B>,
        batch: &PackedBatch,
        loss: impl FnOnce(TargetOutputs<B>) -> Tensor<B, 1>,
        mut add: impl FnMut(GradientsParams),
    ) {
        let mut add = |gradients| add(GradientsParams::from_grads(gradients, policy));
        let device = policy.device();
        let start = timed_on::<B, _>(Part::Forward, &device, || policy.embeddings(batch));
        let predictors = index_tensor(&batch.predictors, &policy.device());
        if !self.checkpoint_layers {
            let hidden = timed_on::<B, _>(Part::Forward, &device, || {
                policy.hidden(start, batch).select(0, predictors)
            });
            return self.head(policy, hidden, &batch.targets, loss, &mut add);
        }
        let (inputs, last) =
            timed_on::<B, _>(Part::Forward, &device, || layer_inputs(policy, start.clone().inner(), batch));
        let last = leaf(last);
        let hidden = policy.norm(last.clone()).select(0, predictors);
        let mut gradient = None;
        self.head(policy, hidden, &batch.targets, loss, &mut |mut gradients| {
            // Only the piece that the last layer's output is part of has a gradient for it.
            gradient = last.grad_remove(&mut gradients).or(gradient.take());
            add(gradients);
        });
        let mut gradient = gradient.expect("the head depends on the last layer");
        let mut pass = policy.packed_pass(batch);
        let mut of_added = Vec::with_capacity(start.added.len());
        for (index, input) in inputs.into_iter().enumerate().rev() {
            let input = leaf(input);
            if index < start.added.len() {
                of_added.push(gradient.clone());
            }
            let mut gradients = timed_on::<B, _>(Part::Backward, &device, || {
                let output = policy.layer(index, input.clone(), &mut pass);
                along(output, gradient).backward()
            });
            gradient = input.grad_remove(&mut gradients).expect("a layer depends on its input");
            add(gradients);
        }
        add(timed_on::<B, _>(Part::Backward, &device, || {
            let added = start.added.into_iter().rev().zip(of_added);
            let sum = |sum, (added, gradient)| sum + along(added, gradient);
            added.fold(along(start.hidden, gradient), sum).backward()
        }));
    }

    /// From the hidden states that predict the targets to the loss, and back to them.
    fn head<B: TrainBackend>(
        &self,
        policy: &Model<B>,
        hidden: Tensor<B, 2>,
        targets: &[u32],
        loss: impl FnOnce(TargetOutputs<B>) -> Tensor<B, 1>,
        add: &mut dyn FnMut(B::Gradients),
    ) {
        let device = policy.device();
        if self.logits_chunk == 0 || targets.len() <= self.logits_chunk {
            let loss =
                timed_on::<B, _>(Part::Forward, &device, || loss(self.outputs(policy, hidden, targets)));
            return add(timed_on::<B, _>(Part::Backward, &device, || loss.backward()));
        }
        let states = hidden.clone().inner();
        let parts = chunks(targets.len(), self.logits_chunk);
        let TargetLogprobs { logprobs, entropy } = timed_on::<B, _>(Part::Forward, &device, || {
            self.outputs_in_parts(&policy.valid(), &states, targets, &parts)
        });
        let with_gradient = self.entropy_gradient.then(|| leaf(entropy.clone()));
        let (logprobs, entropy) = (leaf(logprobs), Tensor::from_inner(entropy));
        let entropy_with_gradient = with_gradient.clone();
        let outputs = TargetOutputs { logprobs: logprobs.clone(), entropy, entropy_with_gradient };
        let gradients = loss(outputs).backward();
        let of_logprobs = logprobs.grad(&gradients).unwrap_or_else(|| logprobs.inner().zeros_like());
        let of_entropy = with_gradient.and_then(|entropy| entropy.grad(&gradients));
        let mut of_states = Vec::with_capacity(parts.len());
        for part in parts {
            let piece = leaf(states.clone().narrow(0, part.start, part.len()));
            let outputs = self.outputs(policy, piece.clone(), &targets[part.clone()]);
            let cut = |whole: &Tensor<B::InnerBackend, 1>| whole.clone().narrow(0, part.start, part.len());
            let mut sum = along(outputs.logprobs, cut(&of_logprobs));
            if let (Some(entropy), Some(gradient)) = (outputs.entropy_with_gradient, &of_entropy) {
                sum = sum + along(entropy, cut(gradient));
            }
            let mut gradients = timed_on::<B, _>(Part::Backward, &device, || sum.backward());
            of_states.push(piece.grad_remove(&mut gradients).expect("scores depend on hidden states"));
            add(gradients);
        }
        let of_states = Tensor::cat(of_states, 0);
        add(timed_on::<B, _>(Part::Backward, &device, || along(hidden, of_states).backward()));
    }

    /// The outputs without a graph, part by part.
    fn outputs_in_parts<B: Kernels>(
        &self,
        model: &Model<B>,
        states: &Tensor<B, 2>,
        targets: &[u32],
        parts: &[Range<usize>],
    ) -> TargetLogprobs<B> {
        let without = Self { entropy_gradient: false, ..*self };
        let parts = parts.iter().map(|part| {
            without.outputs(model, states.clone().narrow(0, part.start, part.len()), &targets[part.clone()])
        });
        let (logprobs, entropies): (Vec<_>, Vec<_>) =
            parts.map(|outputs| (outputs.logprobs, outputs.entropy)).unzip();
        TargetLogprobs { logprobs: Tensor::cat(logprobs, 0), entropy: Tensor::cat(entropies, 0) }
    }
}

/// The input of every layer, and the output of the last, without a graph.
fn layer_inputs<B: TrainBackend>(
    policy: &Model<B>,
    start: Embeddings<B::InnerBackend>,
    batch: &PackedBatch,
) -> (Vec<Tensor<B::InnerBackend, 2>>, Tensor<B::InnerBackend, 2>) {
    let model = policy.valid();
    let mut pass = model.packed_pass(batch);
    let mut inputs = Vec::with_capacity(model.layers());
    let Embeddings { hidden: mut x, added } = start;
    for index in 0..model.layers() {
        inputs.push(x.clone());
        x = add_after_layer(&added, index, model.layer(index, x, &mut pass));
    }
    (inputs, x)
}

/// The beginning of a graph of its own.
fn leaf<B: AutodiffBackend, const D: usize>(tensor: Tensor<B::InnerBackend, D>) -> Tensor<B, D> {
    Tensor::from_inner(tensor).require_grad()
}

/// A scalar whose gradient is what the output's gradient hands on.
fn along<B: AutodiffBackend, const D: usize>(
    output: Tensor<B, D>,
    gradient: Tensor<B::InnerBackend, D>,
) -> Tensor<B, 1> {
    (output * Tensor::from_inner(gradient)).sum()
}

fn chunks(length: usize, size: usize) -> Vec<Range<usize>> {
    (0..length).step_by(size).map(|start| start..(start + size).min(length)).collect()
}
