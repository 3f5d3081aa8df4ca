//! `spark score`: log-probabilities of given completions.

use std::cell::Cell;

use anyhow::{Error, Result};
use serde_json::json;

use super::names;
use crate::{
    backend::{Job, run_job},
    cli::{CommonArgs, ScoreArgs},
    console::ClosedOutput,
    data::{ReadOptions, load_scored_rows_with},
    error::input_error,
    eval::{ScoredCompletion, score_rows},
    hub::ModelPart,
    interrupt::Interrupted,
    kernels::TrainBackend,
    metrics::Phase,
    model::weights::Precision,
    run::{inputs::load_to_compute_in, signals},
};

/// Prints one JSON object per row, in order.
///
/// # Errors
/// Input errors that name the option, or the file and row.
pub(super) fn run(mut args: ScoreArgs, common: &CommonArgs) -> Result<()> {
    if args.batch_tokens == 0 {
        return Err(input_error("--batch-tokens must be at least 1"));
    }
    args.model = names::model("--model", &args.model, ModelPart::Whole, common.quiet)?;
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
        let options = ReadOptions { image_cache: names::image_cache(), ..ReadOptions::default() };
        let rows = load_scored_rows_with(&args.data, &options)?;
        let arguments = args.template.arguments()?;
        let (model, processor) =
            load_to_compute_in::<B::InnerBackend>(&args.model, &arguments, dtype, &device)?;
        let progress = Phase::start("scoring", rows.len(), quiet);
        let interrupt = signals::listen("stopping after this batch")?;
        let (printed, all) = (Cell::new(0), rows.len());
        let print = |ScoredCompletion { prompt_tokens, token_ids, logprobs }| {
            interrupt.check().map_err(|by| {
                Error::new(by).context(format!("{by}: {} of {all} rows were printed", printed.get()))
            })?;
            printed.set(printed.get() + 1);
            progress.advance(1);
            let row = json!({"prompt_tokens": prompt_tokens, "token_ids": token_ids, "logprobs": logprobs});
            print_line!("{row}")
        };
        score_rows(&model, &processor, &rows, args.batch_tokens, print).map_err(|error| {
            match error.is::<Interrupted>() || error.is::<ClosedOutput>() {
                true => error,
                false => error.context(args.data.display().to_string()),
            }
        })
    }
}
