//! The operations that a backend may replace: the door for hand-written kernels.

use burn::tensor::{
    DType, Tensor,
    backend::{AutodiffBackend, Backend},
};

use super::{
    adamw::{AdamWMoments, AdamWStep},
    attention::Qkv,
    cache::{KeyValues, Visibility},
    draw::{DrawnTokens, RowDraw},
    forest::Forest,
    generic,
    logprobs::TargetLogprobs,
    packed::{PackedWeight, WeightOrder},
};

/// A backend with this crate's operations; every one has a generic default, so that an empty `impl` is enough.
pub trait Kernels: Backend {
    /// Batches that are best decoded side by side, each on a thread of its own.
    fn sampling_workers() -> usize {
        1
    }

    /// How many tokens of a row are drawn before they come back to the host. A transfer waits for the device, which
    /// idles until the next operation; rows that have ended meanwhile are run in vain.
    fn tokens_per_transfer() -> usize {
        8
    }

    /// A tensor in a float type, untouched where it has it already.
    fn cast<const D: usize>(tensor: Tensor<Self, D>, dtype: DType) -> Tensor<Self, D> {
        generic::cast(tensor, dtype)
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
        generic::project(x, weight, bias)
    }

    /// `x · weightᵀ`; `[rows, input]` and `[output, input]` to `[rows, output]`.
    fn project_transposed(x: Tensor<Self, 2>, weight: Tensor<Self, 2>) -> Tensor<Self, 2> {
        generic::project_transposed(x, weight)
    }

    /// A weight packed for [`project_packed`](Self::project_packed); `None` where the backend gains nothing from it.
    fn pack(_weight: Tensor<Self, 2>, _order: WeightOrder) -> Option<PackedWeight> {
        None
    }

    /// `x · weight + bias` for each of these maps; `[rows, input]` in f32 to `[rows, output]` each.
    ///
    /// # Panics
    /// On a backend that packs no weights.
    fn project_packed(
        _x: Tensor<Self, 2>,
        _maps: &[(&PackedWeight, Option<Tensor<Self, 1>>)],
    ) -> Vec<Tensor<Self, 2>> {
        unreachable!("this backend packs no weights")
    }

    /// `silu(gate) · up`, element by element.
    fn gated_silu(gate: Tensor<Self, 2>, up: Tensor<Self, 2>) -> Tensor<Self, 2> {
        generic::gated_silu(gate, up)
    }

    /// Rotates queries and keys and attends, every position to all of its row. The tokens are `rows` sequences of
    /// equal length; the output is `[tokens, heads.queries · head_dim]`.
    fn self_attention(inputs: Qkv<'_, Self>, rows: usize) -> Tensor<Self, 2> {
        generic::self_attention(inputs, rows)
    }

    /// Rotates queries and keys and attends along the trees of a forest, with one row of angles; the output is
    /// `[tokens, heads.queries · head_dim]`.
    fn tree_attention(inputs: Qkv<'_, Self>, forest: &Forest<'_, Self>) -> Tensor<Self, 2> {
        generic::tree_attention(inputs, forest)
    }

    /// Rotates queries and keys, appends keys and values to the cache, in place where nobody else holds it, and
    /// attends over what each position may see of it. The tokens are as many sequences of equal length as
    /// `visibility` has starts; the output is `[tokens, heads.queries · head_dim]`. An empty cache is `None`. No
    /// gradient flows through the cache.
    fn cached_attention(
        inputs: Qkv<'_, Self>,
        visibility: &Visibility<Self>,
        cache: &mut Option<KeyValues<Self>>,
    ) -> Tensor<Self, 2> {
        generic::cached_attention(inputs, visibility, cache)
    }

    /// Log-probability of one target per row of `scores / temperature`, `[tokens, vocabulary]`.
    fn target_logprobs(scores: Tensor<Self, 2>, targets: &[u32], temperature: f64) -> TargetLogprobs<Self> {
        generic::target_logprobs(scores, targets, temperature)
    }

    /// Draws a token for each entry of `rows` from `scores`, `[n, vocabulary]`; several rows may draw from one row of
    /// scores. The same uniform number draws the same token whatever else is drawn beside it.
    fn draw_tokens(scores: Tensor<Self, 2>, rows: &[RowDraw<'_>]) -> DrawnTokens<Self> {
        generic::draw_tokens(scores, rows)
    }

    /// One parameter's update by AdamW (arXiv 1711.05101), in place where the backend can; all `[elements]`.
    /// Without moments it is the first update.
    fn adamw(
        weights: Tensor<Self, 1>,
        gradient: Tensor<Self, 1>,
        moments: Option<AdamWMoments<Self>>,
        step: &AdamWStep,
    ) -> (Tensor<Self, 1>, AdamWMoments<Self>) {
        generic::adamw(weights, gradient, moments, step)
    }
}

/// A backend that can be trained on, with its kernels.
pub trait TrainBackend: AutodiffBackend<InnerBackend: Kernels> + Kernels {}

impl<B: AutodiffBackend<InnerBackend: Kernels> + Kernels> TrainBackend for B {}
