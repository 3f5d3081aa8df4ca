//! What a run keeps beside its tensors, and what carries it over a restart: the step, the place in the data, the
//! recycled queue, counters. Saved with every checkpoint as `trainer/state.json`.

use std::{collections::BTreeSet, sync::Arc};

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::{ahead_batch::AheadBatch, checkpoints::check_same_data, replay::Replay};
use crate::{
    config::RunConfig,
    data::{Problem, ProblemDraw, ProblemSet, ShuffledCursor},
    distributed::Peers,
    error::input_error,
    eval::EvaluationHistory,
    metrics::{Record, watch::WatchHistory},
    recycle::{Recipe, Recycler},
};

/// Everything of a run that is neither configuration nor tensors.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RunState {
    /// Steps done.
    pub step: u64,
    /// The place in the original problems.
    pub problems: ProblemDraw,
    /// Recycled problems that wait for their turn.
    pub recycler: Recycler,
    /// The place in the supervised pairs that are replayed, if any are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay: Option<ShuffledCursor>,
    /// Tokens sampled so far.
    pub tokens: u64,
    /// Seconds spent so far, interruptions left out.
    pub seconds: f64,
    /// The KL coefficient, where it is adapted to a target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kl_coefficient: Option<f64>,
    /// The steps so far as the watch remembers them.
    #[serde(default)]
    pub watch: WatchHistory,
    /// The evaluations so far, as far as they decide anything.
    #[serde(default)]
    pub evaluations: EvaluationHistory,
    /// The metrics of the last step where an evaluation is still to be added to them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unevaluated: Option<Record>,
    /// What was sampled for the next step, ahead of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ahead: Option<AheadBatch>,
}

impl RunState {
    /// The last step whose metrics are complete.
    pub(super) fn recorded_step(&self) -> u64 {
        self.unevaluated.as_ref().map_or(self.step, |record| record.step - 1)
    }

    /// The state before the first step.
    ///
    /// # Errors
    /// An input error where `[recycle]` and the recipes from outside do not fit together.
    pub(super) fn new(
        config: &RunConfig,
        train: &ProblemSet,
        replay: &Replay,
        recipes: Vec<Arc<dyn Recipe>>,
    ) -> Result<Self> {
        let shares = train.shares(&config.data.source_weights);
        Ok(Self {
            step: 0,
            problems: ProblemDraw::new(config.seed, &train.problems, shares),
            replay: replay.cursor(config.seed),
            recycler: Recycler::new(config.recycle.clone(), config.seed, recipes)?
                .with_prompts(config.judge.prompts().clone()),
            tokens: 0,
            seconds: 0.0,
            kl_coefficient: None,
            watch: WatchHistory::default(),
            evaluations: EvaluationHistory::default(),
            unevaluated: None,
            ahead: None,
        })
    }

    /// The saved state under today's recipe and data.
    ///
    /// # Errors
    /// An input error where the data or the weights of its sources or files are not what the run drew by, or `[recycle]` and
    /// the recipes from outside do not fit together.
    pub(super) fn resumed(
        self,
        config: &RunConfig,
        train: &ProblemSet,
        replay: &Replay,
        recipes: Vec<Arc<dyn Recipe>>,
    ) -> Result<Self> {
        let problems = &train.problems;
        check_same_data(self.problems.problems(), config.data.train.display(), problems.len())?;
        if !self.problems.fits(problems, train.shares(&config.data.source_weights)) {
            return Err(input_error(
                "--resume: data.source_weights, or the files of data.train and their weights, are not what the run drew by; leave them as they were, or start a new run",
            ));
        }
        let fresh = replay.cursor(config.seed);
        let same = |cursor: &ShuffledCursor| fresh.as_ref().is_some_and(|fresh| fresh.len() == cursor.len());
        let replay = self.replay.filter(same).or(fresh);
        let recycler = self.recycler.with_config(config.recycle.clone(), recipes)?;
        let recycler = recycler.with_prompts(config.judge.prompts().clone());
        Ok(Self { recycler, replay, ..self })
    }
}

/// Refuses weights of sources that do not exist, and weights that leave nothing to draw.
///
/// # Errors
/// An input error that names the source and those that exist.
pub(super) fn check_sources(config: &RunConfig, train: &[Problem]) -> Result<()> {
    let weights = &config.data.source_weights;
    let sources: BTreeSet<&str> = train.iter().filter_map(|problem| problem.source.as_deref()).collect();
    let sources = Vec::from_iter(sources).join(", ");
    if let Some(name) = ProblemDraw::unknown_source(train, weights) {
        return Err(input_error(format!(
            "data.source_weights: no problem of {} is of {name:?}; its sources are {sources}",
            config.data.train.display()
        )));
    }
    let counts = |problem: &Problem| {
        weights.get(problem.source.as_deref().unwrap_or_default()).is_none_or(|weight| *weight > 0.0)
    };
    if !train.iter().any(counts) {
        return Err(input_error(format!(
            "data.source_weights: every source has weight 0; give one of {sources} more"
        )));
    }
    Ok(())
}

/// Refuses ranks that go on from different checkpoints.
///
/// # Errors
/// An input error that lists the ranks' steps, or a lost peer.
pub(super) fn check_same_step(peers: &Peers, step: u64) -> Result<()> {
    let steps = peers.gather(step)?;
    if steps.iter().all(|other| *other == step) {
        return Ok(());
    }
    Err(input_error(format!(
        "--resume: the ranks' last checkpoints are of steps {steps:?}; --out must be one directory that all of them see"
    )))
}
