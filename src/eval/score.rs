//! What a model says of given completions: forward passes, no sampling.

use std::ops::Range;

use anyhow::{Context, Result, ensure};
use rayon::prelude::*;

use crate::{
    data::ScoredRow,
    kernels::Kernels,
    model::{Model, ModelConfig, Sequence, completion_logprobs},
    packing::packed,
    processor::Processor,
};

/// Rows whose images are held at once.
const ROWS_AT_ONCE: usize = 32;

/// A completion as the model reads it, and what it says of every token.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoredCompletion {
    /// Tokens before the completion, an image's included.
    pub prompt_tokens: usize,
    pub token_ids: Vec<u32>,
    /// The natural log-probability of each token given all before it.
    pub logprobs: Vec<f32>,
}

/// Scores rows, about `batch_tokens` tokens at a time; `scored` gets the completions one by one, in the rows' order.
/// A completion is tokenized as given, and nothing is appended.
///
/// # Errors
/// When a row cannot be rendered or a log-probability is not finite; the message names the row. Whatever `scored`
/// fails with.
pub fn score_rows<B: Kernels>(
    model: &Model<B>,
    processor: &Processor,
    rows: &[ScoredRow],
    batch_tokens: usize,
    mut scored: impl FnMut(ScoredCompletion) -> Result<()>,
) -> Result<()> {
    for rows in rows.chunks(ROWS_AT_ONCE) {
        let sequence =
            |row: &ScoredRow| sequence(row, processor, &model.config).with_context(|| row.id.clone());
        let sequences = rows.par_iter().map(sequence).collect::<Result<Vec<_>>>()?;
        for batch in batches(&sequences, batch_tokens) {
            let logprobs = completion_logprobs(model, &sequences[batch.clone()]);
            for (index, logprobs) in batch.zip(logprobs) {
                scored(completion(&sequences[index], logprobs).with_context(|| rows[index].id.clone())?)?;
            }
        }
    }
    Ok(())
}

fn sequence(row: &ScoredRow, processor: &Processor, config: &ModelConfig) -> Result<Sequence> {
    let prompt = processor.chat(&row.chat)?;
    let completion = processor.encode(&row.completion)?;
    prompt.input.check_length(completion.len(), config)?;
    Ok(Sequence::new(&prompt.input, &completion, config))
}

fn completion(sequence: &Sequence, logprobs: Vec<f32>) -> Result<ScoredCompletion> {
    ensure!(
        logprobs.iter().all(|logprob| logprob.is_finite()),
        "a log-probability is not a finite number: the weights hold NaN or infinite values"
    );
    Ok(ScoredCompletion {
        prompt_tokens: sequence.prompt_length,
        token_ids: sequence.completion().to_vec(),
        logprobs,
    })
}

/// Ranges of rows that stay within `limit` tokens each; a range holds one row at least.
fn batches(sequences: &[Sequence], limit: usize) -> Vec<Range<usize>> {
    packed(sequences.iter().map(Sequence::length), limit)
}
