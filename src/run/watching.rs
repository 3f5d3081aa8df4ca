//! What a run does about its own health: the watch's numbers become metrics, its alarms are said or end the run, and
//! the newest checkpoint that was seen to sample well is kept.

use anyhow::{Error, Result};

use super::{
    step::Step,
    training::{Files, Run},
};
use crate::{
    data::Kind,
    error::NotFinite,
    kernels::TrainBackend,
    metrics::{
        Record, names, per_kind,
        watch::{Alarm, StepHealth, StepShortfall, StepYield, Symptom},
    },
    recycle::RecycleReport,
    rollout::{FinishReason, Rollout, RolloutGroup},
};

/// What the watch found in a step.
#[derive(Debug, Default)]
pub(super) struct Watched {
    pub alarms: Vec<Alarm>,
    pub shortfalls: Vec<StepShortfall>,
}

impl<B: TrainBackend> Run<B> {
    /// Looks at a step's numbers, adds what is found to them, and returns what is to be told of them.
    pub(super) fn look_at(
        &mut self,
        record: &mut Record,
        groups: &[RolloutGroup],
        recycled: &RecycleReport,
    ) -> Watched {
        let config = self.config.watch;
        if !config.on {
            return Watched::default();
        }
        let health = health(record, groups);
        let alarms = self.state.watch.observe(&health, &config);
        let step_yield = self.step_yield(groups, recycled);
        let shortfalls = self.state.watch.observe_yield(step_yield);
        record.set(names::WATCH_WITHOUT_LESSON, self.state.watch.steps_without_lesson() as f64);
        if let Some(entropy) = health.entropy {
            record.set(names::WATCH_ENTROPY, entropy);
        }
        for symptom in Symptom::ALL {
            record.set(symptom.metric(), self.state.watch.streak(symptom) as f64);
        }
        Watched { alarms, shortfalls }
    }

    fn step_yield(&self, groups: &[RolloutGroup], recycled: &RecycleReport) -> StepYield {
        let (original, others): (Vec<&RolloutGroup>, Vec<&RolloutGroup>) =
            groups.iter().partition(|group| group.problem.kind == Kind::REASON);
        let count = |holds: &dyn Fn(&RolloutGroup, &Rollout) -> bool| {
            let of_group =
                |group: &&RolloutGroup| group.rollouts.iter().filter(|one| holds(group, one)).count();
            original.iter().map(of_group).sum()
        };
        let spread = |groups: &[&RolloutGroup]| groups.iter().filter(|group| group.has_spread()).count();
        let recycles =
            self.config.train.recycled_per_step > 0 && recycled.lines.iter().any(|line| line.is_on);
        StepYield {
            groups: original.len(),
            groups_with_spread: spread(&original),
            replies: count(&|_, _| true),
            right: count(&|_, rollout| rollout.verdict.is_correct()),
            unlabelled: count(&|group, _| group.problem.lacks_answer()),
            cut_off: count(&|_, rollout| rollout.completion.finish_reason == FinishReason::Length),
            unreadable: count(&|group, rollout| {
                rollout.verdict.extracted.is_none() && !self.verifier.asks_outside(&group.problem)
            }),
            recycled_with_spread: spread(&others),
            items: recycles.then(|| self.state.recycler.len()),
        }
    }

    /// Says the alarms of a step that is recorded, or ends the run where the recipe says so.
    ///
    /// # Errors
    /// The first alarm, with `watch.stop`; when the newest sound checkpoint cannot be marked.
    pub(super) fn heed(&self, step: &Step, Watched { alarms, shortfalls }: &Watched) -> Result<()> {
        // The step was sampled from the weights after the one before it: that checkpoint is known now.
        let sampled_from = step.number - 1;
        if self.peers.writes() && self.saved_step == Some(sampled_from) && self.state.watch.is_sound() {
            self.checkpoints.protect(sampled_from)?;
        }
        if let Some(Files { sinks, .. }) = &self.files {
            let warn = |told: &StepShortfall| sinks.say(&format!("warning: step {}: {told}", step.number));
            shortfalls.iter().for_each(warn);
        }
        match alarms.first().filter(|_| self.config.watch.stop) {
            Some(alarm) => {
                let message = format!("step {}: {alarm}. Stopped, as watch.stop says", step.number);
                Err(Error::msg(self.with_way_back(message)))
            }
            None => {
                if let Some(Files { sinks, .. }) = &self.files {
                    alarms
                        .iter()
                        .for_each(|alarm| sinks.say(&format!("warning: step {}: {alarm}", step.number)));
                }
                Ok(())
            }
        }
    }

    /// What to tell of a step that met values that are no numbers.
    pub(super) fn with_cause(&self, step: u64, error: Error) -> Error {
        if !error.is::<NotFinite>() {
            return error;
        }
        let remedy = "lower train.learning_rate, or compute in f32 (model.dtype)";
        let context = self.with_way_back(format!("step {step}: the run has diverged; {remedy}"));
        error.context(context)
    }

    /// A message, and how to go on from the newest checkpoint that sampled well, where there is one.
    fn with_way_back(&self, message: String) -> String {
        match self.checkpoints.protected() {
            Some(name) => format!(
                "{message}. The newest checkpoint that is known to be sound is {name}; to go on from it with other \
                 settings: echo {name} > {}, then {} --set KEY=VALUE",
                self.dir.checkpoints().join("latest").display(),
                self.resume_command()
            ),
            None => {
                format!("{message}. No checkpoint is known to be sound: start a new run with other settings")
            }
        }
    }
}

/// A step's health, from its metrics and its original groups.
fn health(record: &Record, groups: &[RolloutGroup]) -> StepHealth {
    let of_reason = |name: &str| record.get(&per_kind(Kind::REASON, name));
    StepHealth {
        grad_norm: record.get(names::GRAD_NORM).unwrap_or_default(),
        entropy: entropy(groups),
        reward: of_reason(names::REWARD),
        zero_spread: of_reason(names::FRAC_ZERO_STD),
        length: of_reason(names::RESPONSE_LENGTH),
        truncated: of_reason(names::TRUNCATED),
    }
}

/// The mean of −log p over the sampled tokens of original problems, which estimates the policy's entropy whether or
/// not anything was learnt from them.
fn entropy(groups: &[RolloutGroup]) -> Option<f64> {
    let original = groups.iter().filter(|group| group.problem.kind == Kind::REASON);
    let logprobs =
        original.flat_map(|group| &group.rollouts).flat_map(|rollout| &rollout.completion.logprobs);
    let (sum, count) =
        logprobs.fold((0.0, 0_usize), |(sum, count), logprob| (sum - f64::from(*logprob), count + 1));
    (count > 0).then(|| sum / count as f64)
}
