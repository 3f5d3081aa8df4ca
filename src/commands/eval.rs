//! `spark eval`: accuracy on a file of problems, per data set and kind.

use std::{collections::BTreeMap, fs};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::run::inputs::{load_to_compute_in, usable_problems};
use crate::{
    backend::{Job, run_job},
    cli::{CommonArgs, EvalArgs, Strategy},
    config::DataConfig,
    distributed::ALONE,
    error::input_error,
    eval::{EvalConfig, Reflected, Solver, answer_with_reflection},
    kernels::TrainBackend,
    metrics::Phase,
    model::weights::Precision,
    rollout::{EngineConfig, Sampling, SamplingKey},
    train::advantage::mean,
    verify::Verifier,
};

/// Answers every problem and prints the accuracies as one JSON object.
///
/// # Errors
/// Input errors that name the option or file.
pub fn run(args: EvalArgs, common: &CommonArgs) -> Result<()> {
    if args.samples == 0 || args.max_new_tokens == 0 {
        return Err(input_error("--samples and --max-new-tokens must be at least 1"));
    }
    if args.strategy == Strategy::Reflect && args.samples > 1 {
        return Err(input_error("--strategy reflect answers greedily: leave out --samples"));
    }
    let seed = common.seed.unwrap_or(0);
    let CommonArgs { quiet, dtype, .. } = *common;
    run_job(common.backend.as_deref(), seed, EvalJob { args, seed, quiet, dtype })
}

struct EvalJob {
    args: EvalArgs,
    seed: u64,
    quiet: bool,
    dtype: Option<Precision>,
}

impl Job for EvalJob {
    type Output = ();

    fn run<B: TrainBackend>(self, device: B::Device) -> Result<()> {
        let (model, processor) =
            load_to_compute_in::<B::InnerBackend>(&self.args.model, self.dtype, &device)?;
        let verifier = Verifier::default();
        let problems = usable_problems(&self.args.data, &DataConfig::default(), &processor, &verifier)?;
        let progress = Phase::start("answering", problems.len(), self.quiet);
        let solver = Solver {
            model: &model,
            processor: &processor,
            verifier: &verifier,
            engine: EngineConfig::default(),
            peers: &ALONE,
        };
        let sampling = Sampling {
            temperature: if self.args.samples == 1 { 0.0 } else { 1.0 },
            ..Sampling::greedy(self.args.max_new_tokens)
        };
        let key = SamplingKey { seed: self.seed, step: 0 };
        let groups = solver.answer(problems, self.args.samples, sampling, key, &|n| progress.advance(n))?;
        let answers: Vec<Reflected> = match self.args.strategy {
            Strategy::Single => groups
                .into_iter()
                .flat_map(|group| {
                    let problem = group.problem;
                    group.rollouts.into_iter().map(move |rollout| Reflected::first(problem.clone(), rollout))
                })
                .collect(),
            Strategy::Reflect => {
                let config = EvalConfig { max_new_tokens: self.args.max_new_tokens, ..EvalConfig::default() };
                answer_with_reflection(&solver, &groups, &config)?
            }
        };
        if let Some(out) = &self.args.out {
            let lines: Vec<String> =
                answers.iter().map(|answer| answer_row(answer).to_string() + "\n").collect();
            fs::write(out, lines.concat()).with_context(|| format!("writing {}", out.display()))?;
        }
        println!("{}", summary(&answers));
        Ok(())
    }
}

fn answer_row(answer: &Reflected) -> Value {
    json!({
        "id": answer.problem.id,
        "kind": answer.problem.kind,
        "source": answer.problem.source,
        "answer": answer.problem.answer,
        "response": answer.text,
        "extracted": answer.verdict.extracted,
        "reward": answer.verdict.reward,
        "reason": answer.verdict.reason,
        "reflections": answer.rounds(),
    })
}

/// Accuracy over all, per source and per kind.
fn summary(answers: &[Reflected]) -> Value {
    let by = |key: &dyn Fn(&Reflected) -> String| -> BTreeMap<String, f64> {
        let mut groups: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        for answer in answers {
            groups.entry(key(answer)).or_default().push(answer.verdict.reward);
        }
        groups.into_iter().map(|(name, rewards)| (name, mean(&rewards))).collect()
    };
    let rewards: Vec<f64> = answers.iter().map(|answer| answer.verdict.reward).collect();
    let unparsed = answers.iter().filter(|answer| answer.verdict.extracted.is_none()).count();
    json!({
        "answers": answers.len(),
        "accuracy": mean(&rewards),
        "unparsed": unparsed,
        "by_source": by(&|answer| answer.problem.source.clone().unwrap_or_default()),
        "by_kind": by(&|answer| answer.problem.kind.name().to_owned()),
    })
}
