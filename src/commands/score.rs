//! `spark score`: log-probabilities of given completions.

use std::{
    io::{Write, stdout},
    ops::Range,
    path::Path,
};

use anyhow::{Context, Result, ensure};
use rayon::prelude::*;
use serde_json::json;

use crate::run::inputs::load_to_compute_in;
use crate::{
    backend::{Job, run_job},
    cli::{CommonArgs, ScoreArgs},
    data::{ScoredRow, load_scored_rows},
    error::input_error,
    eval::completion_logprobs,
    kernels::TrainBackend,
    metrics::Phase,
    model::{ModelConfig, Sequence, weights::Precision},
    packing::packed,
    processor::Processor,
};

/// Prints one JSON object per row, in order.
///
/// # Errors
/// Input errors that name the option, or the file and row.
pub fn run(args: ScoreArgs, common: &CommonArgs) -> Result<()> {
    if args.batch_tokens == 0 {
        return Err(input_error("--batch-tokens must be at least 1"));
    }
    let CommonArgs { quiet, dtype, .. } = *common;
    run_job(common.backend.as_deref(), common.seed.unwrap_or(0), ScoreJob { args, quiet, dtype })
}

struct ScoreJob {
    args: ScoreArgs,
    quiet: bool,
    dtype: Option<Precision>,
}

impl Job for ScoreJob {
    type Output = ();

    fn run<B: TrainBackend>(self, device: B::Device) -> Result<()> {
        let Self { args, quiet, dtype } = self;
        let rows = load_scored_rows(&args.data)?;
        let (model, processor) = load_to_compute_in::<B::InnerBackend>(&args.model, dtype, &device)?;
        let progress = Phase::start("scoring", rows.len(), quiet);
        for rows in rows.chunks(ROWS_AT_ONCE) {
            let sequence = |row: &ScoredRow| {
                sequence(row, &processor, &model.config).with_context(|| place(&args.data, row))
            };
            let sequences = rows.par_iter().map(sequence).collect::<Result<Vec<_>>>()?;
            for batch in batches(&sequences, args.batch_tokens) {
                let logprobs = completion_logprobs(&model, &sequences[batch.clone()]);
                for (index, logprobs) in batch.clone().zip(logprobs) {
                    print_row(&sequences[index], &logprobs)
                        .with_context(|| place(&args.data, &rows[index]))?;
                }
                progress.advance(batch.len());
            }
        }
        Ok(())
    }
}

/// Rows whose images are held at once.
const ROWS_AT_ONCE: usize = 32;

fn place(file: &Path, row: &ScoredRow) -> String {
    format!("{}: {}", file.display(), row.id)
}

fn print_row(sequence: &Sequence, logprobs: &[f32]) -> Result<()> {
    ensure!(
        logprobs.iter().all(|logprob| logprob.is_finite()),
        "a log-probability is not a finite number: the weights hold NaN or infinite values"
    );
    let (prompt, completion) = sequence.ids.split_at(sequence.prompt_length);
    let row = json!({"prompt_tokens": prompt.len(), "token_ids": completion, "logprobs": logprobs});
    writeln!(stdout(), "{row}").context("writing to standard output")
}

/// The completion is tokenized as given, nothing appended.
fn sequence(row: &ScoredRow, processor: &Processor, config: &ModelConfig) -> Result<Sequence> {
    let prompt = processor.chat(&row.chat)?;
    let completion = processor.encode(&row.completion)?;
    Ok(Sequence::new(&prompt.input, &completion, config))
}

/// Stretches of rows that stay within `limit` tokens; one row at least.
fn batches(sequences: &[Sequence], limit: usize) -> Vec<Range<usize>> {
    packed(sequences.iter().map(Sequence::length), limit)
}
