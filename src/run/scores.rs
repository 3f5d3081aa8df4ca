//! What a run is measured by: the held-out set before the first step and after the last.

use std::sync::Arc;

use anyhow::{Error, Result};

use super::{start::StartingModel, training::Run};
use crate::{
    checkpoint::replace_model_dir,
    config::RunConfig,
    eval::{EvalConfig, JudgeSet, Scores, evaluate},
    interrupt::tell_interrupted,
    kernels::TrainBackend,
    metrics::{Phase, peak_memory_bytes},
    model::computing_in,
    rollout::{Sampling, SamplingKey},
    run::{
        directory::{read_json, write_json},
        report::Summary,
    },
};

impl<B: TrainBackend> Run<B> {
    /// The starting model's scores and its judge items, measured once per run.
    ///
    /// # Errors
    /// When a problem cannot be rendered or a file cannot be written.
    pub fn score_start(&mut self, StartingModel(start): StartingModel<B::InnerBackend>) -> Result<Scores> {
        // An earlier process may have measured them.
        let path = self.dir.before();
        let known = self.peers.from_first(|| path.exists().then(|| read_json(&path)).transpose())?;
        if let Some(known) = known {
            return Ok(known);
        }
        let start = computing_in(Arc::unwrap_or_clone(start), self.config.model.dtype);
        self.sampler.update_weights(&start)?;
        let judge_set = self.make_judge_set()?;
        if self.peers.writes() {
            write_json(&self.dir.judge_set(), &judge_set)?;
        }
        let before = self.score(&judge_set, "before")?;
        self.sampler.release_weights()?;
        if self.peers.writes() {
            write_json(&path, &before)?;
        }
        Ok(before)
    }

    /// Judge items over the starting model's own sampled answers to held-out problems.
    fn make_judge_set(&self) -> Result<JudgeSet> {
        let EvalConfig { judge_items, judge_samples, max_new_tokens, .. } = self.config.eval;
        // A step that no update has: the loop never draws these samples again.
        let key = SamplingKey { seed: self.config.seed, step: u64::MAX };
        let sampling = Sampling { max_new_tokens, ..self.config.train.sampling };
        let progress = Phase::start("sampling answers to judge", self.test.len(), self.quiet);
        let pipeline = self.pipeline();
        let groups =
            pipeline.rollout(self.test.clone(), judge_samples, sampling, key, &|n| progress.advance(n))?;
        Ok(JudgeSet::new(
            &groups,
            judge_items,
            self.config.recycle.wordings,
            self.config.judge.prompts(),
            self.config.seed,
            &self.verifier,
        ))
    }

    /// What the sampler's present weights score.
    fn score(&self, judge_set: &JudgeSet, when: &str) -> Result<Scores> {
        let count = self.test.len() + judge_set.items.len() + judge_set.held_out.len();
        let progress = Phase::start(&format!("held-out set, {when}"), count, self.quiet);
        let RunConfig { eval, seed, .. } = &self.config;
        evaluate(&self.pipeline(), &self.test, judge_set, eval, *seed, &|n| progress.advance(n))
    }

    /// What to tell of a final evaluation that was given up.
    fn without_scores(&self, error: Error) -> Error {
        tell_interrupted(error, |by| {
            let steps = self.state.step;
            let done = "saved, and so is final/; only the held-out scores and summary.json are missing";
            format!("{by} after step {steps}, the last, which is {done}; {}", self.how_to_go_on())
        })
    }

    /// Measures the final model and writes `final/` and `summary.json`; returns the latter where it writes.
    ///
    /// # Errors
    /// When something cannot be written.
    pub fn finish(mut self, before: Scores) -> Result<Option<Summary>> {
        self.save_last()?;
        let policy = self.trainer.evaluated();
        let format = self.config.checkpoint.final_format();
        if self.peers.writes() {
            replace_model_dir(&policy, &self.config.model.path, &self.dir.final_model(), format)?;
        }
        let judge_set: JudgeSet = self.peers.from_first(|| read_json(&self.dir.judge_set()))?;
        self.sampler.update_weights(&computing_in(policy, self.config.model.dtype))?;
        let after = self.score(&judge_set, "after").map_err(|error| self.without_scores(error))?;
        let Some(files) = &self.files else { return Ok(None) };
        let summary = Summary {
            steps: self.state.step,
            tokens: self.state.tokens,
            before,
            after,
            seconds: self.clock.seconds(),
            peak_memory_bytes: peak_memory_bytes(),
        };
        write_json(&self.dir.summary(), &summary)?;
        files.sinks.finish();
        Ok(Some(summary))
    }
}
