//! `spark eval`: accuracy on a file of problems, per data set and kind.

use std::fs;

use anyhow::{Context, Result};

use crate::{
    backend::{Job, run_job},
    cli::{CommonArgs, EvalArgs},
    config::DataConfig,
    distributed::ALONE,
    error::input_error,
    eval::{AnswerOptions, AnswerSummary, FinalAnswer, Strategy, answer_problems},
    kernels::TrainBackend,
    metrics::Phase,
    model::weights::Precision,
    processor::PromptBound,
    rollout::{EngineConfig, LocalEngine, RolloutPipeline},
    run::inputs::{load_to_compute_in, usable_problems},
    verify::{Verifier, VerifyConfig},
};

/// Answers every problem and prints the accuracies as one JSON object.
///
/// # Errors
/// Input errors that name the option or file.
pub(super) fn run(args: EvalArgs, common: &CommonArgs) -> Result<()> {
    if args.samples == 0 || args.max_new_tokens == 0 {
        return Err(input_error("--samples and --max-new-tokens must be at least 1"));
    }
    if args.strategy == Strategy::Reflect && args.samples > 1 {
        return Err(input_error("--strategy reflect answers greedily: leave out --samples"));
    }
    let seed = common.seed.unwrap_or(0);
    let CommonArgs { quiet, dtype, .. } = *common;
    let answers = run_job(common.backend.as_deref(), seed, EvalJob { args: &args, seed, quiet, dtype })?;
    if let Some(out) = &args.out {
        let lines: Vec<String> = answers.iter().map(|answer| answer.to_json().to_string() + "\n").collect();
        fs::write(out, lines.concat()).with_context(|| format!("writing {}", out.display()))?;
    }
    println!("{}", serde_json::to_string(&AnswerSummary::of(&answers))?);
    Ok(())
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
        let problems = usable_problems(&args.data, &DataConfig::default(), &processor, &verifier)?;
        let progress = Phase::start("answering", problems.len(), quiet);
        let engine = LocalEngine::with_model(model, EngineConfig::default());
        let pipeline =
            RolloutPipeline { sampler: &engine, processor: &processor, verifier: &verifier, peers: &ALONE };
        let EvalArgs { strategy, samples, max_new_tokens, .. } = *args;
        let options = AnswerOptions { strategy, samples, max_new_tokens, seed };
        answer_problems(&pipeline, problems, options, &|count| progress.advance(count))
    }
}
