//! CUDA's backends, with and without fusion and autodiff, with these kernels.

use burn::{
    backend::{Autodiff, autodiff::checkpoint::strategy::CheckpointStrategy},
    tensor::Tensor,
};

use crate::kernels::{
    AdamWMoments, AdamWStep, DrawnTokens, Forest, Kernels, KeyValues, Qkv, RowDraw, TargetLogprobs,
    Visibility,
    cuda::host::{autodiff, plain},
    unfused,
};

/// The methods that differ in nothing but the form, plain or recorded.
macro_rules! differentiable {
    ($form:ident) => {
        fn rms_norm(x: Tensor<Self, 2>, weight: Tensor<Self, 1>, epsilon: f64) -> Tensor<Self, 2> {
            $form::rms_norm(x, weight, epsilon)
        }

        fn project(
            x: Tensor<Self, 2>,
            weight: Tensor<Self, 2>,
            bias: Option<Tensor<Self, 1>>,
        ) -> Tensor<Self, 2> {
            $form::project(x, weight, bias)
        }

        fn project_transposed(x: Tensor<Self, 2>, weight: Tensor<Self, 2>) -> Tensor<Self, 2> {
            $form::project_transposed(x, weight)
        }

        fn gated_silu(gate: Tensor<Self, 2>, up: Tensor<Self, 2>) -> Tensor<Self, 2> {
            $form::gated_silu(gate, up)
        }

        fn self_attention(inputs: Qkv<'_, Self>, rows: usize) -> Tensor<Self, 2> {
            $form::self_attention(inputs, rows)
        }

        fn tree_attention(inputs: Qkv<'_, Self>, forest: &Forest<'_, Self>) -> Tensor<Self, 2> {
            $form::tree_attention(inputs, forest)
        }

        fn target_logprobs(
            scores: Tensor<Self, 2>,
            targets: &[u32],
            temperature: f64,
        ) -> TargetLogprobs<Self> {
            $form::target_logprobs(scores, targets, temperature)
        }
    };
}

macro_rules! cuda_kernels {
    ($backend:ty) => {
        impl Kernels for $backend {
            differentiable!(plain);

            fn cached_attention(
                inputs: Qkv<'_, Self>,
                visibility: &Visibility<Self>,
                cache: &mut Option<KeyValues<Self>>,
            ) -> Tensor<Self, 2> {
                plain::cached_attention(inputs, visibility, cache)
            }

            fn draw_tokens(scores: Tensor<Self, 2>, rows: &[RowDraw<'_>]) -> DrawnTokens<Self> {
                plain::draw_tokens(scores, rows)
            }

            fn adamw(
                weights: Tensor<Self, 1>,
                gradient: Tensor<Self, 1>,
                moments: Option<AdamWMoments<Self>>,
                step: &AdamWStep,
            ) -> (Tensor<Self, 1>, AdamWMoments<Self>) {
                plain::adamw(weights, gradient, moments, step)
            }
        }

        impl<C: CheckpointStrategy> Kernels for Autodiff<$backend, C> {
            differentiable!(autodiff);
        }
    };
}

cuda_kernels!(burn::backend::Cuda);
cuda_kernels!(unfused::Cuda);
