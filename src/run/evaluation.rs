//! Evaluations during training: the policy is measured after a step whose metrics wait for it.
//!
//! The step is taken by then: its completions are recorded and its state counts. What is still missing is a row of
//! `metrics.jsonl`, which waits in the run's state. Somebody who stops the run in the evaluation so loses nothing: the
//! state is saved with the row, and the evaluation is repeated when the run goes on. Nothing of it moves a random
//! number of training, whose streams are keyed by seed, step and problem.

use std::time::{Duration, Instant};

use anyhow::{Error, Result};

use super::{best::save_best, training::Run};
use crate::{
    distributed::LostPeer,
    eval::{BestBy, Scores},
    interrupt::Interrupted,
    kernels::TrainBackend,
    metrics::{Record, forget_profile, names},
    run::report::percent,
};

impl<B: TrainBackend> Run<B> {
    /// Measures the policy where the step that was taken last asks for it, and returns the metrics of that step once
    /// they are complete; `None` where none were missing. After the last step, [`Run::finish`] measures anyway, and
    /// they wait for it.
    pub(super) fn evaluate_if_due(&mut self) -> Result<Option<Record>> {
        if self.state.unevaluated.is_none() || !self.steps_left() {
            return Ok(None);
        }
        if self.config.eval.every == 0 {
            // The run was stopped in an evaluation, and goes on without any.
            return self.record_unevaluated();
        }
        let started = Instant::now();
        let scores = match self.score_on_the_way() {
            Ok(scores) => scores,
            Err(error) => return Err(self.failed_evaluation(error)?),
        };
        // What the evaluation took is no part of a step.
        forget_profile();
        self.conclude_evaluation(&scores, Some(started.elapsed()))
    }

    /// What to tell of an evaluation that failed. One that can be repeated leaves the metrics waiting; otherwise the
    /// run ends here, and they are needed to see why.
    fn failed_evaluation(&mut self, error: Error) -> Result<Error> {
        if error.is::<Interrupted>() || error.is::<LostPeer>() {
            return Ok(error);
        }
        let step = self.state.step;
        self.record_unevaluated()?;
        Ok(self.with_cause(step, error))
    }

    /// Adds the scores to the metrics that wait for them, keeps the model if it is the best so far, and says so.
    pub(super) fn conclude_evaluation(
        &mut self,
        scores: &Scores,
        took: Option<Duration>,
    ) -> Result<Option<Record>> {
        let Some(record) = &mut self.state.unevaluated else { return Ok(None) };
        let step = record.step;
        for (name, value) in scores.metrics() {
            record.set(name, value);
        }
        if let Some(took) = took {
            record.set(names::evaluated(names::SECONDS), took.as_secs_f64());
        }
        let (best_by, min_gain) = (self.config.eval.best_by, self.config.eval.min_gain);
        let is_best = self.state.evaluations.observe(step, scores.by(best_by), min_gain);
        if is_best && self.peers.writes() {
            let format = self.config.checkpoint.final_format();
            save_best(&self.trainer.evaluated(), &self.config, &self.dir, format, (step, scores))?;
        }
        let completed = self.record_unevaluated()?;
        self.say_evaluation(step, scores, is_best);
        Ok(completed)
    }

    /// Writes the metrics that wait for an evaluation, as they are.
    pub(super) fn record_unevaluated(&mut self) -> Result<Option<Record>> {
        let Some(record) = self.state.unevaluated.take() else { return Ok(None) };
        if let Some(files) = &mut self.files {
            files.sinks.record(&record)?;
        }
        Ok(Some(record))
    }

    fn say_evaluation(&self, step: u64, scores: &Scores, is_best: bool) {
        let Some(files) = &self.files else { return };
        let eval = &self.config.eval;
        if !self.quiet {
            files
                .sinks
                .say(&format!("step {step}, held-out set: {}", in_words(scores, eval.best_by, is_best)));
        }
        if eval.best_by.is_of_judging() && scores.by(eval.best_by).is_none() {
            files.sinks.say(&format!(
                "warning: step {step}: eval.best_by = {}: there are no such judge items, since the starting model's \
                 answers give none; best/ is not written, and the run does not end early",
                eval.best_by.name()
            ));
        }
        if self.state.evaluations.has_stalled(eval.patience) {
            files.sinks.say(&format!(
                "step {step}: the run ends early: no gain in {} in {} evaluations (eval.patience = {})",
                eval.best_by.name(),
                self.state.evaluations.without_gain,
                eval.patience
            ));
        }
    }
}

/// `reasoning 41.0%, judge 52.5%, pass@8 70.1%: the best so far by reasoning_accuracy`.
fn in_words(scores: &Scores, best_by: BestBy, is_best: bool) -> String {
    let named = [("reasoning", scores.reasoning_accuracy), ("judge", scores.judge_accuracy)];
    let measured = named.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    let passes = scores.pass_at.iter().map(|(&k, &value)| (names::pass_at(k), value));
    let shown = |(name, value): (String, f64)| format!("{name} {}", percent(Some(value)));
    let figures: Vec<String> = measured.chain(passes).map(shown).collect();
    let best = if is_best { format!("; the best so far by {}", best_by.name()) } else { String::new() };
    figures.join(", ") + &best
}
