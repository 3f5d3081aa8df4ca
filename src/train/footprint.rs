//! How an update is cut into micro-batches, and what it holds of a model. All counts are of tokens or numbers. Knows
//! nothing of recipes, files or devices.

use crate::{
    kernels::KernelForm,
    model::{BlockShape, ParameterCounts, TextConfig},
};

/// The completions that an update learns from, and how many tokens may go through the model at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UpdateLoad {
    pub prompts: u64,
    /// Completions of each prompt.
    pub samples: u64,
    /// Tokens of a prompt.
    pub prompt: u64,
    /// Tokens of a completion, at most.
    pub new_tokens: u64,
    /// Bound on the tokens of a micro-batch.
    pub micro_batch_tokens: u64,
}

/// The largest micro-batch of an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MicroBatchSize {
    /// Tokens, of which shared prompts count once.
    pub tokens: u64,
    /// Those of them that are predicted.
    pub targets: u64,
    /// Prompts, each with its images: as many as fit where completions are half as long as they may be.
    pub prompts: u64,
    /// Micro-batches of the update.
    pub count: u64,
    /// Whether it is a single row, which no bound makes smaller.
    pub is_one_row: bool,
}

impl UpdateLoad {
    /// Packing fills micro-batches up, whatever the lengths of the completions: the largest has as many tokens as it
    /// may, or all there are, or the one row that does not fit.
    pub fn largest_micro_batch(&self) -> MicroBatchSize {
        let Self { prompts, samples, prompt, new_tokens, micro_batch_tokens } = *self;
        let (row, group) = (prompt + new_tokens, prompt + samples * new_tokens);
        let bound = micro_batch_tokens.max(row);
        let tokens = bound.min(prompts * group);
        let shown = (tokens / group).clamp(1, prompts);
        let packed = (tokens / (prompt + samples * new_tokens / 2)).clamp(1, prompts);
        let behind = bound.saturating_sub(prompt) / new_tokens.max(1);
        let count =
            if tokens < group { prompts * samples.div_ceil(behind.max(1)) } else { prompts.div_ceil(shown) };
        MicroBatchSize {
            tokens,
            targets: tokens.saturating_sub(shown * prompt),
            prompts: packed,
            count,
            is_one_row: micro_batch_tokens <= row,
        }
    }

    /// Host memory of all sequences, in bytes: ids, positions, places of features and per-token figures of every row
    /// as the batches hold them, 48 bytes a token, and 32 more for one of a completion.
    pub fn sequence_bytes(&self) -> u64 {
        let Self { prompts, samples, prompt, new_tokens, .. } = *self;
        prompts * samples * ((prompt + new_tokens) * 48 + new_tokens * 32)
    }
}

/// Kept of the language model by the graph of a micro-batch: every layer's activations, or with checkpointing the
/// inputs of all and the activations of one; and the hidden states that the head reads.
pub fn kept_activations(
    text: &TextConfig,
    block: &BlockShape,
    micro: MicroBatchSize,
    activation_checkpointing: bool,
) -> u64 {
    let (layers, hidden) = (text.num_hidden_layers as u64, text.hidden_size as u64);
    let kept = if activation_checkpointing { layers * hidden + block.kept() } else { layers * block.kept() };
    micro.tokens * (kept + hidden) + micro.targets * hidden
}

/// Scores over the vocabulary of the targets that are scored at one time; a `chunk` of 0 is all of them.
pub fn scores(text: &TextConfig, micro: MicroBatchSize, chunk: u64) -> u64 {
    let targets = if chunk == 0 { micro.targets } else { micro.targets.min(chunk) };
    targets * text.vocab_size as u64
}

/// Matrices of scores that the loss holds; a bonus on entropy keeps the generic form's besides.
pub fn loss_matrices(kernels: KernelForm, entropy_bonus: bool) -> u64 {
    kernels.loss_matrices() + if entropy_bonus { KernelForm::Generic.loss_matrices() } else { 0 }
}

/// Gradients of the head and of the last layer, which are there when the backward pass begins.
pub fn first_gradients(text: &TextConfig, parameters: ParameterCounts) -> u64 {
    let hidden = text.hidden_size as u64;
    let layer = 3 * hidden * text.intermediate_size as u64;
    (text.vocab_size as u64 * hidden + layer).min(parameters.trainable)
}

/// Built besides the gradients when the backward pass ends: the embedding's gradient scattered into zeros, and added to
/// the head's where the two are one.
pub fn embedding_gradients(text: &TextConfig) -> u64 {
    let embedding = (text.vocab_size * text.hidden_size) as u64;
    if text.tie_word_embeddings { 2 * embedding } else { embedding }
}

/// Held in the optimizer's step besides weights, gradients and moments: what the kernel needs for the largest tensor,
/// or its squares while the norm of all gradients is taken. Weights are updated in place or replaced one by one.
pub fn optimizer_temporaries(kernels: KernelForm, parameters: ParameterCounts) -> u64 {
    kernels.adamw_temporaries().max(1) * parameters.largest
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOAD: UpdateLoad =
        UpdateLoad { prompts: 6, samples: 8, prompt: 10, new_tokens: 20, micro_batch_tokens: 400 };

    #[test]
    fn micro_batches_are_filled_up() {
        // A group is 170 tokens: 2 fit, and a part of a third as far as tokens go.
        let micro = LOAD.largest_micro_batch();
        assert_eq!((micro.tokens, micro.targets, micro.prompts, micro.count), (400, 380, 4, 3));
        // 4 completions of 20 tokens fit 100 tokens behind a prompt of 10.
        let micro = UpdateLoad { micro_batch_tokens: 100, ..LOAD }.largest_micro_batch();
        assert_eq!((micro.tokens, micro.targets, micro.count, micro.is_one_row), (100, 90, 12, false));
    }

    #[test]
    fn nothing_is_larger_than_the_step_or_smaller_than_a_row() {
        let all = UpdateLoad { micro_batch_tokens: 10_000, ..LOAD }.largest_micro_batch();
        assert_eq!((all.tokens, all.targets, all.count), (6 * 170, 6 * 160, 1));
        let row = UpdateLoad { micro_batch_tokens: 1, ..LOAD }.largest_micro_batch();
        assert_eq!((row.tokens, row.targets, row.count, row.is_one_row), (30, 20, 48, true));
    }
}
