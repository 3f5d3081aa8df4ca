//! What a run is measured by: the held-out set before the first step and after the last.

use std::sync::Arc;

use anyhow::{Error, Result};

use super::{
    directory::{read_json, read_json_if_there, write_json},
    judge_items::own_judge_set,
    report::{EarlyStop, Summary},
    self_rewards::own_reward,
    start::StartingModel,
    training::Run,
};
use crate::{
    checkpoint::replace_model_dir,
    eval::{EvalConfig, JudgeSet, Measuring, Scores, TimeBound, evaluate},
    interrupt::tell_interrupted,
    kernels::TrainBackend,
    metrics::{Phase, peak_memory_bytes},
    model::{Model, computing_in},
};

impl<B: TrainBackend> Run<B> {
    /// The starting model's scores and its judge items, measured once per run. With `eval.before = false` nothing is
    /// scored; judge items are still made of the starting model's answers, where the recipe asks for any.
    ///
    /// # Errors
    /// When a problem cannot be rendered or a file cannot be written.
    pub fn score_start(&mut self, StartingModel(start): StartingModel<B::InnerBackend>) -> Result<Scores> {
        if let Some(known) = self.known_start()? {
            // An earlier process may have been stopped in the evaluation after its last step.
            self.evaluate_if_due()?;
            return Ok(known);
        }
        let EvalConfig { before: scores, judge_items, .. } = self.config.eval;
        let samples = scores || judge_items > 0;
        if samples {
            let start = computing_in(Arc::unwrap_or_clone(start), self.config.model.dtype);
            self.sampler.update_weights(&start)?;
            self.keep_to_time()?;
        }
        let judge_set = own_judge_set(&self.pipeline(), &self.test, &self.config, self.quiet)?;
        if self.peers.writes() {
            write_json(&self.dir.judge_set(), &judge_set)?;
        }
        let mut before = Scores::default();
        if scores {
            before = self.score(&judge_set, "before")?;
        }
        if samples {
            self.sampler.release_weights()?;
        }
        if scores && self.peers.writes() {
            write_json(&self.dir.before(), &before)?;
        }
        Ok(before)
    }

    /// The start's scores where an earlier process has done all there is to do about them.
    fn known_start(&self) -> Result<Option<Scores>> {
        let (before, judge_set) = (self.dir.before(), self.dir.judge_set());
        let is_measured = self.config.eval.before;
        self.peers.from_first(|| match before.exists() {
            true => read_json(&before).map(Some),
            false => Ok((!is_measured && judge_set.exists()).then(Scores::default)),
        })
    }

    /// Leaves as many held-out problems as `eval.max_seconds` has time for. That is found out once per run, with the
    /// weights that the sampler has at the time, and kept with it.
    fn keep_to_time(&mut self) -> Result<()> {
        if self.config.eval.max_seconds == 0.0 || self.is_within_time {
            return Ok(());
        }
        let path = self.dir.time_bound();
        let known: Option<TimeBound> = self.peers.from_first(|| read_json_if_there(&path))?;
        let bound = match known {
            Some(known) => known,
            None => {
                let found = TimeBound::find(&self.pipeline(), &self.test, &self.config.eval)?;
                if self.peers.writes() {
                    write_json(&path, &found)?;
                    say!("{}", found.in_words());
                }
                found
            }
        };
        self.test = bound.applied_to(std::mem::take(&mut self.test));
        self.is_within_time = true;
        Ok(())
    }

    /// What the sampler's present weights score.
    fn score(&self, judge_set: &JudgeSet, when: &str) -> Result<Scores> {
        let count = self.test.len() + judge_set.items.len() + judge_set.held_out.len();
        let progress = Phase::start(&format!("held-out set, {when}"), count, self.quiet);
        let own_reward = own_reward(&self.config, &self.processor)?;
        let measuring = Measuring { config: &self.config.eval, own_reward, seed: self.config.seed };
        evaluate(&self.pipeline(), &self.test, judge_set, measuring, &|n| progress.advance(n))
    }

    /// The scores of the policy amid the run: those of its start and end that take the least time.
    pub(super) fn score_on_the_way(&mut self) -> Result<Scores> {
        let policy = self.trainer.evaluated();
        let judge_set = JudgeSet { held_out: Vec::new(), ..self.prepare_to_score(policy)? };
        let eval = self.config.eval.on_the_way();
        let measuring = Measuring { config: &eval, own_reward: None, seed: self.config.seed };
        let scores = evaluate(&self.pipeline(), &self.test, &judge_set, measuring, &|_| ())?;
        self.sampler.release_weights()?;
        // Without a round of it, it would be the accuracy of the first answers.
        Ok(Scores { reflect_accuracy: None, accuracy_by_rounds: Vec::new(), ..scores })
    }

    /// Gives the sampler these weights, and returns the run's judge items.
    fn prepare_to_score(&mut self, policy: Model<B::InnerBackend>) -> Result<JudgeSet> {
        // Servers are to have other weights now.
        self.gather_ahead()?;
        let judge_set = self.peers.from_first(|| read_json(&self.dir.judge_set()))?;
        self.sampler.update_weights(&computing_in(policy, self.config.model.dtype))?;
        self.keep_to_time()?;
        Ok(judge_set)
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
        let judge_set = self.prepare_to_score(policy).map_err(|error| self.without_scores(error))?;
        let after = self.score(&judge_set, "after").map_err(|error| self.without_scores(error))?;
        self.conclude_evaluation(&after, None)?;
        let Some(files) = &self.files else { return Ok(None) };
        let history = &self.state.evaluations;
        let stalled = history.has_stalled(self.config.eval.patience)
            && self.config.train.has_steps_after(self.state.step, self.state.tokens);
        let summary = Summary {
            steps: self.state.step,
            tokens: self.state.tokens,
            before,
            after,
            best: history.best,
            stopped_early: stalled.then_some(EarlyStop { evaluations_without_gain: history.without_gain }),
            seconds: self.clock.seconds(),
            peak_memory_bytes: peak_memory_bytes(),
        };
        write_json(&self.dir.summary(), &summary)?;
        files.sinks.finish();
        Ok(Some(summary))
    }
}
