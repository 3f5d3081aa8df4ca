//! `Recycler`: groups in, problems out when their turn has come. Pure but for its own state; seeded, bounded,
//! counted.

use std::{collections::HashMap, sync::Arc};

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::{
    answers::Answers,
    batch::{ItemBatch, Source},
    config::{RecycleConfig, Shares},
    lines::{Line, kinds},
    pace::is_due,
    recipe::{Draw, Recipe},
    report::RecycleReport,
    shares::quotas,
    state::RecyclerState,
};
use crate::{
    data::{Kind, Problem},
    error::input_error,
    judge::JudgePrompts,
    random::Stream,
    rollout::RolloutGroup,
    verify::Verifier,
};

/// Makes items and keeps them until their turn. Its state is part of a run: restored, it goes on
/// exactly as if it had never stopped.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Recycler {
    /// Not part of the saved state: a resumed run may change it.
    #[serde(skip)]
    config: RecycleConfig,
    /// Recipes from outside, beside the built-in ones.
    #[serde(skip)]
    extra: Vec<Arc<dyn Recipe>>,
    /// How items are worded. Not part of the saved state, either.
    #[serde(skip)]
    prompts: Arc<JudgePrompts>,
    state: RecyclerState,
}

impl Recycler {
    /// A recycler with an empty queue, which makes items of the built-in kinds and by the recipes `extra`.
    ///
    /// # Errors
    /// When a setting is out of range or names a kind that no recipe makes, or two recipes make the same kind.
    pub fn new(config: RecycleConfig, seed: u64, extra: Vec<Arc<dyn Recipe>>) -> Result<Self> {
        check(&config, &extra)?;
        let state = RecyclerState { seed, ..RecyclerState::default() };
        Ok(Self { config, extra, prompts: Arc::default(), state })
    }

    /// The same recycler, which words its items like this instead of as it ships. One that was saved and read back
    /// words them as it ships.
    #[must_use]
    pub fn with_prompts(self, prompts: JudgePrompts) -> Self {
        Self { prompts: Arc::new(prompts), ..self }
    }

    /// The same state under other settings and recipes. One that was saved and read back has the default
    /// settings, and no recipes from outside.
    ///
    /// # Errors
    /// As [`Recycler::new`].
    pub fn with_config(self, config: RecycleConfig, extra: Vec<Arc<dyn Recipe>>) -> Result<Self> {
        check(&config, &extra)?;
        Ok(Self { config, extra, ..self })
    }

    /// Problems waiting.
    pub fn len(&self) -> usize {
        self.state.queue.len()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Makes items of the groups of original problems and queues them. Called once per step. `verifier` says
    /// which answers are equal in value.
    pub fn push(&mut self, groups: &[RolloutGroup], step: u64, verifier: &Verifier) -> RecycleReport {
        let mut stream = Stream::new(&[self.state.seed, step]);
        let mut sources = self.sources(groups, verifier);
        stream.shuffle(&mut sources);
        let mut report = RecycleReport::of(sources.iter().map(|source| &source.answers));
        report.aged = std::mem::take(&mut self.state.aged);
        let RecycleConfig { wordings, solution_share, queue_capacity, .. } = self.config;
        let prompts = self.prompts.as_ref();
        let mut draw = Draw { stream: &mut stream, verifier, prompts, wordings, solution_share };
        let mut batch = ItemBatch { step, sources, known: self.state.queue.keys(), items: Vec::new() };
        for line in Line::all(&self.config, &self.extra) {
            report.lines.push(batch.make(&line, &mut self.state.tallies, &mut draw));
        }
        for item in batch.items {
            self.state.queue.push(item, step);
        }
        report.pushed_out = self.state.queue.shrink(queue_capacity);
        report
    }

    /// Problems, `count` at most, the oldest of each kind first and shared out as the settings say; what is too
    /// old is dropped before. Nothing in a step that recycles nothing, or before `min_queue` of them wait.
    pub fn take(&mut self, count: usize, step: u64) -> Vec<Problem> {
        let RecycleConfig { min_queue, start_step, every, token_share, .. } = self.config;
        let oldest = if self.config.same_step { 0 } else { self.config.max_age_steps };
        self.state.aged += self.state.queue.drop_aged(step, oldest);
        if self.len() < min_queue || !is_due(step, start_step, every) {
            return Vec::new();
        }
        let count = count.min(self.len()).min(self.state.sampled.affordable(token_share));
        let kinds = kinds(&Line::all(&self.config, &self.extra));
        let quotas = match &self.config.shares {
            Shares::Turns => Vec::new(),
            Shares::Fixed(shares) => {
                quotas(count, &kinds.iter().map(|&kind| shares.of(kind)).collect::<Vec<_>>())
            }
            Shares::Adaptive => quotas(count, &self.state.trends.weights(&kinds)),
        };
        self.state.queue.take(count, &kinds, &quotas)
    }

    /// How many of so many places of original problems items may take over in the next step.
    pub fn places_of(&self, original: usize) -> usize {
        self.state.spreadless.places(original, self.config.places_without_spread)
    }

    /// Notes the tokens of a step, for a share of them, and the mean reward that each recycled kind had, for shares that
    /// adapt.
    pub fn observe(&mut self, groups: &[RolloutGroup]) {
        self.state.sampled.add(groups);
        self.state.spreadless.add(groups);
        let mut rewards: HashMap<Kind, Vec<f64>> = HashMap::new();
        for group in groups.iter().filter(|group| group.problem.kind != Kind::REASON) {
            let of_group = group.rollouts.iter().map(|rollout| rollout.verdict.reward);
            rewards.entry(group.problem.kind).or_default().extend(of_group);
        }
        for (kind, rewards) in rewards.into_iter().filter(|(_, rewards)| !rewards.is_empty()) {
            let mean = rewards.iter().sum::<f64>() / rewards.len() as f64;
            self.state.trends.observe(kind, mean);
        }
    }

    /// The answers of every group of an original problem, in the groups' order.
    fn sources<'a>(&self, groups: &'a [RolloutGroup], verifier: &Verifier) -> Vec<Source<'a>> {
        let mut seen: HashMap<&str, usize> = HashMap::new();
        let original = groups.iter().filter(|group| group.problem.kind == Kind::REASON);
        original
            .map(|group| {
                let occurrences = seen.entry(&group.problem.id).or_default();
                *occurrences += 1;
                let answers = Answers::of(group, self.config.admission(), verifier);
                Source { answers, occurrence: *occurrences - 1 }
            })
            .collect()
    }
}

/// Refuses settings that cannot be meant, and recipes that could not be told apart.
fn check(config: &RecycleConfig, extra: &[Arc<dyn Recipe>]) -> Result<()> {
    config.check()?;
    let mut known = Kind::ALL.to_vec();
    for recipe in extra {
        let kind = recipe.kind();
        if known.contains(&kind) {
            return Err(input_error(format!(
                "recycle: two recipes make items of kind {kind:?}; give one of them another name",
                kind = kind.name()
            )));
        }
        known.push(kind);
    }
    let Shares::Fixed(shares) = &config.shares else { return Ok(()) };
    match shares.kinds().find(|kind| *kind == Kind::REASON || !known.contains(kind)) {
        None => Ok(()),
        Some(unknown) => {
            let known: Vec<&str> = known[1..].iter().map(|kind| kind.name()).collect();
            Err(input_error(format!(
                "recycle.shares.{unknown}: no recipe makes items of this kind; there are {}",
                known.join(", ")
            )))
        }
    }
}
