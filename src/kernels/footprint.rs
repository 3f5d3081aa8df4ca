//! What the kernels hold: for their backward passes, and for as long as they work. All counts are of numbers, per token
//! where a function does not say otherwise. Knows widths; knows nothing of the model that has them.
//!
//! A tensor is kept once however many operations ask for it, since graphs hold references.

use serde::Serialize;

/// Which form of the kernels computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum KernelForm {
    /// Flex in f32 and bf16: scores of one attention head at a time, computed again for the backward pass; weights,
    /// moments and caches are written in place.
    HandWritten,
    /// LibTorch: its fused operations, which keep no scores; weights, moments and caches are written in place.
    LibTorch,
    /// CUDA in f32 and bf16: kernels that keep no scores; weights, moments and caches are written in place.
    Cuda,
    /// Everything else: Burn's operations, which keep their inputs and make a new tensor of every result.
    Generic,
}

/// How many positions flex's cache grows by when it is full.
pub(super) const CACHE_GROWTH: u64 = 64;

impl KernelForm {
    /// Kept of a norm over `width` features besides its input: its output, and in the generic form the output before
    /// the weights.
    pub fn norm_kept(self, width: u64) -> u64 {
        match self {
            Self::HandWritten | Self::LibTorch | Self::Cuda => width,
            Self::Generic => 2 * width,
        }
    }

    /// Kept of a gated product of `width` features besides gate and up: the product, and in the generic form the
    /// gate's sigmoid and `silu`.
    pub fn gate_kept(self, width: u64) -> u64 {
        match self {
            Self::HandWritten | Self::LibTorch | Self::Cuda => width,
            Self::Generic => 3 * width,
        }
    }

    /// Held besides what is kept while a gated product goes backward: the gradients of gate and up, on LibTorch a
    /// product of one of them, and in the generic form those of `silu` and sigmoid.
    pub fn gate_backward(self, width: u64) -> u64 {
        match self {
            Self::HandWritten | Self::Cuda => 2 * width,
            Self::LibTorch => 3 * width,
            Self::Generic => 4 * width,
        }
    }

    /// Kept of attention to `keys` positions besides queries, keys, values and output: a logarithm per head, or the
    /// shifted scores, their exponentials and the weights.
    pub fn attention_kept(self, heads: u64, keys: u64) -> u64 {
        match self {
            Self::HandWritten | Self::LibTorch | Self::Cuda => heads,
            Self::Generic => 3 * heads * keys,
        }
    }

    /// Held for scores while attention to `keys` positions goes backward: none that outlive a head, on CUDA a sum per
    /// head, or four matrices.
    pub fn attention_backward(self, heads: u64, keys: u64) -> u64 {
        match self {
            Self::HandWritten | Self::LibTorch => 0,
            Self::Cuda => heads,
            Self::Generic => 4 * heads * keys,
        }
    }

    /// Held for scores while attention to `keys` positions goes forward without a graph: none that outlive a head, or
    /// what the softmax reads and writes, and the bias that hides padding.
    pub fn attention_forward(self, heads: u64, keys: u64) -> u64 {
        match self {
            Self::HandWritten | Self::LibTorch | Self::Cuda => 0,
            Self::Generic => (3 * heads + 1) * keys,
        }
    }

    /// Matrices of scores over the vocabulary that a loss holds at one time: the scores and their gradient, or shifted
    /// scores, logarithms, probabilities and the terms of the entropy.
    pub fn loss_matrices(self) -> u64 {
        match self {
            Self::HandWritten | Self::LibTorch | Self::Cuda => 2,
            Self::Generic => 4,
        }
    }

    /// Matrices of scores over the vocabulary that log-probabilities without a gradient hold at one time.
    pub fn logprob_matrices(self) -> u64 {
        match self {
            Self::HandWritten | Self::LibTorch | Self::Cuda => 1,
            Self::Generic => 4,
        }
    }

    /// Matrices over the vocabulary in f32, besides the scores, that drawing a token per row holds at one time: none
    /// of more than a row, or logarithms and probabilities of all rows and what they are made of.
    pub fn drawing_matrices(self) -> u64 {
        match self {
            Self::HandWritten | Self::Cuda => 0,
            Self::LibTorch | Self::Generic => 4,
        }
    }

    /// Numbers that AdamW holds besides weights, gradient and moments, for each of the parameter that it updates:
    /// none, or numerator, denominator and scaled gradient.
    pub fn adamw_temporaries(self) -> u64 {
        match self {
            Self::HandWritten | Self::LibTorch | Self::Cuda => 0,
            Self::Generic => 3,
        }
    }

    /// Positions that a cache of `prompt` positions has room for once `new` are appended one by one: flex grows by a
    /// stretch at a time, the others make room for all of them with the first.
    pub fn cache_capacity(self, prompt: u64, new: u64) -> u64 {
        match self {
            Self::HandWritten => prompt + new.max(CACHE_GROWTH + 1),
            Self::LibTorch | Self::Cuda | Self::Generic => prompt + new,
        }
    }

    /// Positions that the cache of a prompt has room for when the prompt has been read.
    pub fn prompt_capacity(self, prompt: u64) -> u64 {
        match self {
            Self::HandWritten => prompt + CACHE_GROWTH,
            Self::LibTorch | Self::Cuda | Self::Generic => prompt,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hand_written_kernels_keep_no_scores_and_update_in_place() {
        let form = KernelForm::HandWritten;
        assert_eq!(form.attention_kept(4, 100), 4);
        assert_eq!([form.attention_forward(4, 100), form.attention_backward(4, 100)], [0, 0]);
        assert_eq!(form.adamw_temporaries(), 0);
    }

    #[test]
    fn libtorch_keeps_what_flex_keeps_and_needs_one_product_more_to_go_backward() {
        let [form, flex] = [KernelForm::LibTorch, KernelForm::HandWritten];
        assert_eq!([form.norm_kept(8), form.gate_kept(24)], [flex.norm_kept(8), flex.gate_kept(24)]);
        assert_eq!([form.gate_backward(24), flex.gate_backward(24)], [72, 48]);
        assert_eq!([form.attention_kept(4, 100), form.attention_backward(4, 100)], [4, 0]);
        assert_eq!((form.adamw_temporaries(), form.loss_matrices(), form.logprob_matrices()), (0, 2, 1));
        assert_eq!([form.cache_capacity(10, 3), form.prompt_capacity(10)], [13, 10]);
    }

    #[test]
    fn cuda_keeps_what_flex_keeps_and_a_cache_without_a_stretch() {
        let [form, flex] = [KernelForm::Cuda, KernelForm::HandWritten];
        assert_eq!([form.norm_kept(8), form.gate_backward(24)], [flex.norm_kept(8), flex.gate_backward(24)]);
        assert_eq!([form.attention_kept(4, 100), form.attention_backward(4, 100)], [4, 4]);
        assert_eq!([form.adamw_temporaries(), form.loss_matrices(), form.drawing_matrices()], [0, 2, 0]);
        assert_eq!([form.cache_capacity(10, 3), form.prompt_capacity(10)], [13, 10]);
    }

    #[test]
    fn a_cache_on_flex_grows_by_a_stretch() {
        let [own, generic] = [KernelForm::HandWritten, KernelForm::Generic];
        assert_eq!([own.cache_capacity(10, 3), generic.cache_capacity(10, 3)], [75, 13]);
        assert_eq!([own.cache_capacity(10, 500), generic.cache_capacity(10, 500)], [510, 510]);
        assert_eq!([own.prompt_capacity(10), generic.prompt_capacity(10)], [74, 10]);
    }
}
