//! `spark eval`: accuracy on a file of problems, per data set and kind.

use std::{cell::Cell, io::Write};

use anyhow::{Context, Result};

use super::{names, output::output};
use crate::{
    backend::{Job, run_job},
    cli::{CommonArgs, EvalArgs},
    config::DataConfig,
    distributed::ALONE,
    error::input_error,
    eval::{AnswerOptions, AnswerSummary, FinalAnswer, Strategy, answer_problems},
    hub::ModelPart,
    interrupt::tell_interrupted,
    kernels::TrainBackend,
    metrics::Phase,
    model::weights::Precision,
    processor::PromptBound,
    rollout::{EngineConfig, LocalEngine, RolloutPipeline},
    run::{
        inputs::{load_to_compute_in, usable_problems},
        signals,
    },
    verify::{Verifier, VerifyConfig},
};

/// Answers every problem and prints the accuracies as one JSON object.
///
/// # Errors
/// Input errors that name the option or file.
pub(super) fn run(mut args: EvalArgs, common: &CommonArgs) -> Result<()> {
    if args.samples == 0 || args.max_new_tokens == 0 {
        return Err(input_error("--samples and --max-new-tokens must be at least 1"));
    }
    if args.strategy == Strategy::Reflect && args.samples > 1 {
        return Err(input_error("--strategy reflect answers greedily: leave out --samples"));
    }
    args.model = names::model("--model", &args.model, ModelPart::Whole, common.quiet)?;
    args.data = names::data("--data", &args.data, common.quiet)?;
    let seed = common.seed.unwrap_or(0);
    let CommonArgs { quiet, dtype, .. } = *common;
    let out = args.out.as_deref().map(|out| output(out, &[&args.data])).transpose()?;
    let answers = run_job(common.backend.as_deref(), seed, EvalJob { args: &args, seed, quiet, dtype })?;
    if let Some(mut out) = out {
        for answer in &answers {
            writeln!(out, "{}", answer.to_json()).context("writing the answers")?;
        }
        out.finish()?;
    }
    print_line!("{}", serde_json::to_string(&AnswerSummary::of(&answers))?)
}

struct EvalJob<'a> {
    args: &'a EvalArgs,
    seed: u64,
    quiet: bool,
    dtype: Option<Precision>,
}

impl Job for EvalJob<'_> {
    type Output = Vec<FinalAnswer>;

    fn run<B: TrainBackend>(self, device: B::Device) -> Result<Vec<FinalAnswer>> {
        let Self { args, seed, quiet, dtype } = self;
        let arguments = args.template.arguments()?;
        let (model, processor) =
            load_to_compute_in::<B::InnerBackend>(&args.model, &arguments, dtype, &device)?;
        let verifier = Verifier::new(args.python.applied_to(VerifyConfig::default()))?;
        let bound = PromptBound::of_model(&model.config, args.max_new_tokens, "--max-new-tokens")?;
        let processor = processor.with_bound(bound);
        let config = DataConfig { image_cache: names::image_cache(), ..DataConfig::default() };
        let problems = usable_problems(&args.data, &config, &processor, &verifier)?;
        let progress = Phase::start("answering", problems.len(), quiet);
        let interrupt = signals::listen("stopping")?;
        let engine = LocalEngine::with_model(model, EngineConfig::default()).stopped_by(interrupt);
        let pipeline =
            RolloutPipeline { sampler: &engine, processor: &processor, verifier: &verifier, peers: &ALONE };
        let EvalArgs { strategy, samples, max_new_tokens, .. } = *args;
        let options = AnswerOptions { strategy, samples, max_new_tokens, seed };
        let (answered, all) = (Cell::new(0), problems.len());
        let advance = |count| {
            answered.set(answered.get() + count);
            progress.advance(count);
        };
        answer_problems(&pipeline, problems, options, &advance).map_err(|error| {
            tell_interrupted(error, |by| {
                let done = answered.get().min(all);
                format!("{by}: {done} of {all} problems were answered, and nothing was written")
            })
        })
    }
}
