//! `spark eval`: how good a model is on files of problems, or by a run's own held-out evaluation.

use std::{
    collections::BTreeMap,
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use burn::tensor::backend::Backend;
use serde::Serialize;
use serde_json::Value;

use super::{
    answering::{Keeping, KeptAnswers, answer_all},
    eval_settings::EvalSettings,
    output::output,
};
use crate::{
    backend::{Job, run_job},
    cli::{CommonArgs, EvalArgs},
    data::Problem,
    distributed::ALONE,
    eval::{
        AnswerSummary, AskedByOdds, Evaluation, FinalAnswer, JudgeMeasures, Scores, judge_measures,
        preferred_orders,
    },
    interrupt::tell_interrupted,
    kernels::TrainBackend,
    model::{ModelConfig, base_dir},
    processor::{Processor, PromptBound},
    rollout::{RolloutGroup, RolloutPipeline},
    run::{
        HeldOutEvaluation,
        inputs::{load_processor, template_arguments},
        own_sampler::measured_sampler,
        problems::measurable_problems,
        signals,
    },
    storage::WholeFile,
    verify::Verifier,
};

/// Answers the problems and prints what comes out as one JSON object.
///
/// # Errors
/// Input errors that name the option, setting or file.
pub(super) fn run(args: EvalArgs, common: &CommonArgs) -> Result<()> {
    let settings = EvalSettings::new(&args, common)?;
    let read: Vec<&Path> = settings.data.iter().map(PathBuf::as_path).collect();
    let out = args.out.as_deref().map(|out| output(out, &read)).transpose()?;
    let (backend, seed) = (common.backend.as_deref(), settings.config.seed);
    if settings.data.is_empty() {
        let evaluation = run_job(backend, seed, HeldOutJob { settings: &settings, quiet: common.quiet })?;
        return tell_held_out(&evaluation, out);
    }
    let keeping = Keeping { out: args.out.as_deref(), resume: args.resume };
    let job = AnswerJob { settings: &settings, keeping, quiet: common.quiet };
    let (answers, judging, kept) = run_job(backend, seed, job)?;
    write_rows(out, answers.iter().map(FinalAnswer::to_json))?;
    kept.map(KeptAnswers::forget).transpose()?;
    let summary = AnswerSummary::of(&answers, &settings.ks).with_judging(judging);
    print_line!("{}", serde_json::to_string(&summary)?)
}

/// What is printed of a run's own evaluation.
#[derive(Serialize)]
struct HeldOutReport<'a> {
    /// The figures of `summary.json`.
    #[serde(flatten)]
    scores: &'a Scores,
    /// The greedy answers and judge replies that they rest on.
    replies: AnswerSummary,
}

fn tell_held_out(evaluation: &Evaluation, out: Option<WholeFile>) -> Result<()> {
    let Evaluation { scores, greedy, drawn } = evaluation;
    let answers = |groups: &[RolloutGroup]| groups.iter().flat_map(FinalAnswer::all_of).collect::<Vec<_>>();
    let (greedy, drawn) = (answers(greedy), answers(drawn));
    let row = |(answer, is_drawn): (&FinalAnswer, bool)| {
        let mut row = answer.to_json();
        row["drawn"] = is_drawn.into();
        row
    };
    let all = greedy.iter().map(|answer| (answer, false)).chain(drawn.iter().map(|answer| (answer, true)));
    write_rows(out, all.map(row))?;
    let report = HeldOutReport { scores, replies: AnswerSummary::of(&greedy, &[1]) };
    print_line!("{}", serde_json::to_string(&report)?)
}

fn write_rows(out: Option<WholeFile>, rows: impl Iterator<Item = Value>) -> Result<()> {
    let Some(mut out) = out else { return Ok(()) };
    for row in rows {
        writeln!(out, "{row}").context("writing the answers")?;
    }
    out.finish()
}

/// A run's own evaluation.
struct HeldOutJob<'a> {
    settings: &'a EvalSettings,
    quiet: bool,
}

impl Job for HeldOutJob<'_> {
    type Output = Evaluation;

    fn run<B: TrainBackend>(self, device: B::Device) -> Result<Evaluation> {
        let EvalSettings { config, run, model, rollout, .. } = self.settings;
        let interrupt = signals::listen("stopping")?;
        let evaluation =
            HeldOutEvaluation { config, rollout, run: run.as_ref(), quiet: self.quiet, interrupt };
        evaluation.of::<B::InnerBackend>(model, &device).map_err(|error| {
            tell_interrupted(error, |by| {
                format!("{by}: the evaluation was not over, and nothing was written")
            })
        })
    }
}

/// How the model judges, by kind.
type Judging = BTreeMap<String, JudgeMeasures>;

/// Answers to the problems of files, and how the model judges where they are judge problems.
struct AnswerJob<'a> {
    settings: &'a EvalSettings,
    keeping: Keeping<'a>,
    quiet: bool,
}

impl Job for AnswerJob<'_> {
    type Output = (Vec<FinalAnswer>, Judging, Option<KeptAnswers>);

    fn run<B: TrainBackend>(self, device: B::Device) -> Result<Self::Output> {
        let EvalSettings { config, model, answers, template, rollout, .. } = self.settings;
        let arguments = match template {
            Some(template) => template.clone(),
            None => template_arguments(&config.data)?,
        };
        let processor = load_processor(model, &arguments)?;
        let verifier = Verifier::new(config.verify.clone())?;
        let longest = answers.sampling.max_new_tokens;
        let shape = ModelConfig::from_dir(&base_dir(model)?)?;
        let bound = PromptBound::of_model(&shape, longest, "--max-new-tokens")?;
        let processor = processor.with_instruction(config.data.instruction.clone()).with_bound(bound);
        let problems = self.problems(&processor, &verifier)?;
        let reading = (config.model.dtype, &processor);
        let interrupt = signals::listen("stopping")?;
        let sampler = measured_sampler::<B::InnerBackend>(model, rollout, reading, &device, interrupt)?;
        let pipeline = RolloutPipeline {
            sampler: &*sampler,
            processor: &processor,
            verifier: &verifier,
            prompts: config.judge.prompts(),
            peers: &ALONE,
        };
        let of = format!("{} {}\n{}", model.display(), rollout.servers.join(" "), config.to_toml());
        let (answers, kept) = answer_all(&pipeline, &problems, *answers, (self.keeping, &of), self.quiet)?;
        let judging = judging(&pipeline, &answers)?;
        Ok((answers, judging, kept))
    }
}

impl AnswerJob<'_> {
    /// The problems of all files. Where there are several, those that name no source are told apart by their files.
    fn problems(&self, processor: &Processor, verifier: &Verifier) -> Result<Vec<Problem>> {
        let EvalSettings { config, data, .. } = self.settings;
        let mut all = Vec::new();
        for path in data {
            let mut problems = measurable_problems(path, &config.data, processor, verifier)?;
            if data.len() > 1 {
                let name = path.file_stem().unwrap_or_default().to_string_lossy();
                for problem in &mut problems {
                    problem.source.get_or_insert_with(|| name.clone().into_owned());
                }
            }
            let prompts = config.judge.prompts();
            all.extend(problems.into_iter().flat_map(|problem| match preferred_orders(&problem, prompts) {
                Some(orders) => orders.to_vec(),
                None => vec![problem],
            }));
        }
        Ok(all)
    }
}

/// How the model judges, by the answers whose reward could be had.
fn judging<B: Backend>(pipeline: &RolloutPipeline<'_, B>, answers: &[FinalAnswer]) -> Result<Judging> {
    let scored = answers.iter().filter(|answer| answer.unscored.is_none());
    let replies: Vec<_> = scored.map(|answer| (&answer.problem, &answer.verdict)).collect();
    judge_measures(pipeline, &replies, AskedByOdds::default()).map_err(|error| {
        tell_interrupted(error, |by| {
            format!(
                "{by}: {} answers were there, how the model judges was not measured, and nothing was written",
                answers.len()
            )
        })
    })
}
