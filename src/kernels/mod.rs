//! The few operations in which training spends its time, as an extension of Burn's backends: a generic
//! form made of Burn's own operations, and hand-written ones where a backend gains from them.
//!
//! Knows tensors; knows nothing of the model that is built from them.

#[cfg(feature = "flex")]
mod flex;
mod footprint;
mod forest;
pub mod generic;

use std::cell::OnceCell;

#[cfg(any(feature = "cuda", feature = "wgpu", feature = "tch"))]
use burn::backend::{Autodiff, autodiff::checkpoint::strategy::CheckpointStrategy};
use burn::tensor::{
    Tensor,
    backend::{AutodiffBackend, Backend},
};

#[cfg(any(feature = "cuda", feature = "wgpu"))]
use crate::backend::unfused;

pub use footprint::KernelForm;
pub use forest::{Forest, Tree};

/// Cosines and sines per position, both `[rows or 1, 1, sequence, head_dim / 2]`.
#[derive(Debug, Clone)]
pub struct RotaryTable<B: Backend> {
    pub cos: Tensor<B, 4>,
    pub sin: Tensor<B, 4>,
}

/// How flat `[rows · sequence, heads · head_dim]` matrices are to be read by self-attention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttentionShape {
    /// Independent sequences of equal length.
    pub rows: usize,
    pub heads: usize,
    /// Heads of keys and values; each serves `heads / key_heads` query heads.
    pub key_heads: usize,
}

/// How many heads queries have, and keys and values; each of these serves `queries / keys` query heads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeadCounts {
    pub queries: usize,
    pub keys: usize,
}

/// Keys and values of the tokens that one layer has seen, both `[rows, key_heads, capacity, head_dim]`; the
/// first `length` entries count. What lies behind them is the kernel's own affair.
#[derive(Debug, Clone)]
pub struct KeyValues<B: Backend> {
    pub key: Tensor<B, 4>,
    pub value: Tensor<B, 4>,
    pub length: usize,
}

/// What each row sees of its cache: everything from its own start to the position itself.
#[derive(Debug)]
pub struct Visibility<'a, B: Backend> {
    /// The first visible entry of every row.
    pub starts: &'a [usize],
    /// The same as a bias, made by the first layer that asks for it.
    bias: OnceCell<Option<Tensor<B, 4>>>,
}

impl<'a, B: Backend> Visibility<'a, B> {
    pub fn new(starts: &'a [usize]) -> Self {
        Self { starts, bias: OnceCell::new() }
    }

    /// The bias on the scores of `new` positions that follow `cached` ones, `[rows, 1, new, cached + new]`;
    /// `None` where every position sees all.
    fn bias(&self, cached: usize, new: usize, device: &B::Device) -> Option<&Tensor<B, 4>> {
        let bias = self.bias.get_or_init(|| {
            let visible =
                |row: usize, query: usize, key: usize| key <= cached + query && key >= self.starts[row];
            let sizes = [self.starts.len(), new, cached + new];
            let hides = new > 1 || self.starts.iter().any(|&start| start > 0);
            hides.then(|| generic::visibility_bias(sizes, visible, device))
        });
        bias.as_ref()
    }
}

/// What the distributions over the vocabulary say of the targets, both `[tokens]`.
#[derive(Debug, Clone)]
pub struct TargetLogprobs<B: Backend> {
    pub logprobs: Tensor<B, 1>,
    /// Of each distribution, in nats; carries no gradient.
    pub entropy: Tensor<B, 1>,
}

/// First and second moment of one parameter, both `[elements]`.
#[derive(Debug, Clone)]
pub struct AdamWMoments<B: Backend> {
    pub first: Tensor<B, 1>,
    pub second: Tensor<B, 1>,
}

/// How one parameter is updated.
#[derive(Debug, Clone, Copy)]
pub struct AdamWStep {
    pub beta1: f64,
    pub beta2: f64,
    pub epsilon: f64,
    pub weight_decay: f64,
    pub learning_rate: f64,
    /// Multiplies the gradient first.
    pub scale: f64,
    /// `1 − beta^updates` of each moment.
    pub corrections: [f64; 2],
}

/// A backend with this crate's operations; every one has a generic default.
pub trait Kernels: Backend {
    /// Batches that are best decoded side by side, each on a thread of its own.
    fn sampling_workers() -> usize {
        1
    }

    /// `x / sqrt(mean(x²) + ε) · weight` per row; `[rows, size]` in and out.
    fn rms_norm(x: Tensor<Self, 2>, weight: Tensor<Self, 1>, epsilon: f64) -> Tensor<Self, 2> {
        generic::rms_norm(x, weight, epsilon)
    }

    /// `x · weight + bias`; `[rows, input]` and `[input, output]` to `[rows, output]`.
    fn project(
        x: Tensor<Self, 2>,
        weight: Tensor<Self, 2>,
        bias: Option<Tensor<Self, 1>>,
    ) -> Tensor<Self, 2> {
        burn::tensor::module::linear(x, weight, bias)
    }

    /// `silu(gate) · up`, element by element.
    fn gated_silu(gate: Tensor<Self, 2>, up: Tensor<Self, 2>) -> Tensor<Self, 2> {
        generic::gated_silu(gate, up)
    }

    /// Rotates queries and keys and attends, every position to all of its row;
    /// `[rows · sequence, heads · head_dim]` in and out, keys and values
    /// `[rows · sequence, key_heads · head_dim]`.
    fn self_attention(
        query: Tensor<Self, 2>,
        key: Tensor<Self, 2>,
        value: Tensor<Self, 2>,
        rotary: &RotaryTable<Self>,
        shape: AttentionShape,
    ) -> Tensor<Self, 2> {
        generic::self_attention(query, key, value, rotary, shape)
    }

    /// Rotates queries and keys and attends along the trees of a forest; `[tokens, heads · head_dim]` in and
    /// out, keys and values `[tokens, key_heads · head_dim]`, one row of angles.
    fn tree_attention(
        query: Tensor<Self, 2>,
        key: Tensor<Self, 2>,
        value: Tensor<Self, 2>,
        rotary: &RotaryTable<Self>,
        heads: HeadCounts,
        forest: &Forest<'_, Self>,
    ) -> Tensor<Self, 2> {
        generic::tree_attention(query, key, value, rotary, heads, forest)
    }

    /// Rotates queries and keys, appends keys and values to the cache and attends over what each position
    /// may see of it; the same shapes as in [`Self::self_attention`]. An empty cache is `None`.
    fn cached_attention(
        query: Tensor<Self, 2>,
        key: Tensor<Self, 2>,
        value: Tensor<Self, 2>,
        rotary: &RotaryTable<Self>,
        shape: AttentionShape,
        visibility: &Visibility<'_, Self>,
        cache: &mut Option<KeyValues<Self>>,
    ) -> Tensor<Self, 2> {
        generic::cached_attention(query, key, value, rotary, shape, visibility, cache)
    }

    /// One parameter's update by AdamW (arXiv 1711.05101), in place where the backend can; all `[elements]`. Without
    /// moments it is the first.
    fn adamw(
        weights: Tensor<Self, 1>,
        gradient: Tensor<Self, 1>,
        moments: Option<AdamWMoments<Self>>,
        step: &AdamWStep,
    ) -> (Tensor<Self, 1>, AdamWMoments<Self>) {
        generic::adamw(weights, gradient, moments, step)
    }

    /// Log-probability of one target per row of `scores / temperature`, `[tokens, vocabulary]`.
    fn target_logprobs(scores: Tensor<Self, 2>, targets: &[u32], temperature: f64) -> TargetLogprobs<Self> {
        generic::target_logprobs(scores, targets, temperature)
    }
}

/// Backends that have the generic kernels so far, with and without autodiff.
macro_rules! generic_kernels {
    ($($feature:literal: $backend:ty),* $(,)?) => {$(
        #[cfg(feature = $feature)]
        impl Kernels for $backend {}
        #[cfg(feature = $feature)]
        impl<C: CheckpointStrategy> Kernels for Autodiff<$backend, C> {}
    )*};
}

generic_kernels! {
    "cuda": burn::backend::Cuda,
    "cuda": unfused::Cuda,
    "wgpu": burn::backend::Wgpu,
    "wgpu": unfused::Wgpu,
    "tch": burn::backend::LibTorch,
}

/// A backend that can be trained on, with its kernels.
pub trait TrainBackend: AutodiffBackend<InnerBackend: Kernels> + Kernels {}

impl<B: AutodiffBackend<InnerBackend: Kernels> + Kernels> TrainBackend for B {}
