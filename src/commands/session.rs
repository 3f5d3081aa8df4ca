//! The parts of a run that is going on, and what carries it over a restart.

use std::{sync::Arc, time::Instant};

use anyhow::Result;
use burn::tensor::backend::AutodiffBackend;
use serde::{Deserialize, Serialize};

use super::{
    inputs::{load_model_and_processor, usable_problems},
    report::{Summary, record_groups, record_update, rollout_rows},
    run_dir::{Launch, RunDir, read_json, write_json},
    saved::{Saved, TrainerCheckpoints, check_same_data},
};
use crate::{
    checkpoint::save_model_dir,
    config::RunConfig,
    data::{Kind, Problem, ShuffledCursor},
    eval::{EvalConfig, JudgeSet, Scores, Solver, evaluate},
    kernels::TrainBackend,
    metrics::{JsonlWriter, Record, Sinks, memory_bytes, names, peak_memory_bytes},
    model::Qwen,
    processor::Processor,
    random::Stream,
    recycle::{RecycleReport, Recycler},
    rollout::{RolloutGroup, Sampling, SamplingKey},
    train::{TrainConfig, Trainer, UpdateReport, advantage::mean},
    verify::Verifier,
};

/// Everything of a run that is neither configuration nor tensors; saved with each checkpoint.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct RunState {
    step: u64,
    cursor: ShuffledCursor,
    recycler: Recycler,
    /// Tokens sampled so far.
    tokens: u64,
    /// Time spent so far.
    seconds: f64,
    /// Where it adapts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kl_coefficient: Option<f64>,
}

impl RunState {
    fn new(config: &RunConfig, problems: usize) -> Self {
        Self {
            step: 0,
            cursor: ShuffledCursor::new(config.seed, problems),
            recycler: Recycler::new(config.recycle.clone(), config.seed),
            tokens: 0,
            seconds: 0.0,
            kl_coefficient: None,
        }
    }

    /// The saved state under today's recipe and data.
    fn resumed(self, config: &RunConfig, problems: usize) -> Result<Self> {
        check_same_data(&self.cursor, &config.data.train, problems)?;
        Ok(Self { recycler: self.recycler.with_config(config.recycle.clone()), ..self })
    }
}

/// When the phases of the current step ended.
#[derive(Debug, Clone, Copy)]
struct Clock {
    /// Start of this process's part of the run.
    opened: Instant,
    step: Instant,
    rollout_seconds: f64,
}

/// A run in progress.
pub struct Session<B: AutodiffBackend> {
    pub trainer: Trainer<B>,
    config: RunConfig,
    dir: RunDir,
    /// Recycled problems that this step had to leave out.
    unrenderable: usize,
    /// The starting model, until its scores are known.
    start: Option<Arc<Qwen<B::InnerBackend>>>,
    processor: Processor,
    verifier: Verifier,
    train: Vec<Problem>,
    test: Vec<Problem>,
    state: RunState,
    checkpoints: TrainerCheckpoints,
    sinks: Sinks,
    rollouts: JsonlWriter,
    clock: Clock,
    seconds_before: f64,
}

impl<B: TrainBackend> Session<B> {
    /// Loads all parts, of a new run or from its last checkpoint.
    ///
    /// # Errors
    /// Input errors that name the file or setting.
    pub fn open(launch: Launch, device: B::Device) -> Result<Self> {
        let Launch { config, dir, resume, quiet } = launch;
        let opened = Instant::now();
        let (start, processor) = load_model_and_processor::<B::InnerBackend>(&config.model.path, &device)?;
        let processor = processor.with_instruction(config.data.instruction.clone());
        let start = Arc::new(start);
        let verifier = Verifier::new(config.verify.clone())?;
        let train = usable_problems(&config.data.train, &config.data, &processor, &verifier)?;
        let mut test = usable_problems(&config.data.test, &config.data, &processor, &verifier)?;
        if config.eval.problems > 0 {
            test.truncate(config.eval.problems);
        }
        let checkpoints = TrainerCheckpoints::new(&dir, &config);
        let saved: Option<Saved<B, RunState>> =
            if resume { checkpoints.latest(&start, &config)? } else { None };
        let Saved { policy, optimizer, reference, state } = match saved {
            Some(saved) => {
                let state = saved.state.resumed(&config, train.len())?;
                Saved { state, ..saved }
            }
            None => Saved::new(&start, &config, RunState::new(&config, train.len()))?,
        };
        dir.write_recipe(&config)?;
        let kept = resume.then_some(state.step);
        let sinks = Sinks::open(dir.path(), kept, config.train.steps, quiet)?;
        let rollouts = JsonlWriter::open(&dir.rollouts(), kept)?;
        let seconds_before = state.seconds;
        let trainer = Trainer::new(policy, Some(start.clone()), optimizer, config.train.clone());
        Ok(Self {
            trainer: trainer.with_reference(reference).with_kl_coefficient(state.kl_coefficient),
            clock: Clock { opened, step: opened, rollout_seconds: 0.0 },
            config,
            dir,
            unrenderable: 0,
            start: Some(start),
            processor,
            verifier,
            train,
            test,
            state,
            checkpoints,
            sinks,
            rollouts,
            seconds_before,
        })
    }

    /// Whether the recipe asks for more steps: neither all are done nor the budget of tokens is spent.
    pub fn steps_left(&self) -> bool {
        let TrainConfig { steps, token_budget, .. } = self.config.train;
        self.state.step < steps && (token_budget == 0 || self.state.tokens < token_budget)
    }

    /// Begins a step and returns its number, from 1.
    pub fn next_step(&mut self) -> u64 {
        self.clock.step = Instant::now();
        self.state.step += 1;
        // What the backend draws, which is dropout, is keyed like everything else: a resumed run repeats it.
        B::seed(&self.trainer.policy.device(), Stream::new(&[self.config.seed, self.state.step]).next_u64());
        self.state.step
    }

    /// The next original problems, in shuffled order.
    pub fn draw_problems(&mut self) -> Vec<Problem> {
        let drawn = self.state.cursor.next(self.config.train.prompts_per_step);
        drawn.into_iter().map(|index| self.train[index].clone()).collect()
    }

    /// The recycled problems whose turn it is. One that shows a solution in which the model spelled out
    /// a special token cannot be rendered: it is left out and counted.
    pub fn take_recycled(&mut self) -> Vec<Problem> {
        let taken = self.state.recycler.take(self.config.train.recycled_per_step, self.state.step);
        let count = taken.len();
        let usable: Vec<Problem> =
            taken.into_iter().filter(|problem| self.processor.prompt(problem).is_ok()).collect();
        self.unrenderable = count - usable.len();
        usable
    }

    /// Samples a group per problem from the current policy and verifies it.
    ///
    /// # Errors
    /// When a problem cannot be rendered.
    pub fn sample_and_verify(&mut self, problems: Vec<Problem>) -> Result<Vec<RolloutGroup>> {
        let started = Instant::now();
        let policy = self.trainer.sampler();
        let key = SamplingKey { seed: self.config.seed, step: self.state.step };
        let TrainConfig { samples_per_prompt, .. } = self.config.train;
        let sampling = self.config.train.sampling();
        let groups = self.solver(&policy).answer(problems, samples_per_prompt, sampling, key, &|_| ())?;
        self.clock.rollout_seconds = started.elapsed().as_secs_f64();
        Ok(groups)
    }

    /// Turns the step's original groups into judge and reflection problems for later steps.
    pub fn recycle(&mut self, groups: &[RolloutGroup]) -> RecycleReport {
        for kind in Kind::ALL {
            let of_kind = groups.iter().filter(|group| group.problem.kind == kind);
            let rewards: Vec<f64> =
                of_kind.flat_map(|group| &group.rollouts).map(|rollout| rollout.verdict.reward).collect();
            if !rewards.is_empty() {
                self.state.recycler.observe(kind, mean(&rewards));
            }
        }
        self.state.recycler.push(groups, self.state.step)
    }

    /// Writes the step's metrics and completions.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn record(
        &mut self,
        groups: &[RolloutGroup],
        recycled: &RecycleReport,
        update: &UpdateReport,
    ) -> Result<()> {
        let sampled: usize = groups
            .iter()
            .flat_map(|group| &group.rollouts)
            .map(|rollout| rollout.completion.token_ids.len())
            .sum();
        self.state.tokens += sampled as u64;
        let seconds = self.clock.step.elapsed().as_secs_f64();
        let mut record = Record::new(self.state.step);
        record.set(names::TIME, self.seconds());
        record.set(names::TOKENS, self.state.tokens as f64);
        if let Some(bytes) = memory_bytes() {
            record.set(names::MEMORY, bytes as f64);
        }
        record_update(&mut record, update);
        if let Some(coefficient) = self.trainer.adapted_kl_coefficient() {
            record.set(names::KL_COEFFICIENT, coefficient);
        }
        record.set(names::RECYCLED_QUEUE, self.state.recycler.len() as f64);
        recycled.record(&mut record);
        record.set(names::RECYCLED_UNRENDERABLE, self.unrenderable as f64);
        record.set(names::TOKENS_PER_SECOND_ROLLOUT, sampled as f64 / self.clock.rollout_seconds);
        let training_seconds = seconds - self.clock.rollout_seconds;
        record.set(names::TOKENS_PER_SECOND_TRAIN, update.tokens as f64 / training_seconds);
        record_groups(&mut record, groups);
        let rows = rollout_rows(groups, self.state.step, &update.advantages);
        self.rollouts.append(&rows)?;
        self.sinks.record(&record)
    }

    /// Saves a checkpoint when the recipe asks for one at this step.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save_if_due(&mut self) -> Result<()> {
        if self.config.checkpoint.is_due(self.state.step) { self.save() } else { Ok(()) }
    }

    /// Saves where the run stops, unless [`Self::save_if_due`] has just done so.
    fn save_last(&mut self) -> Result<()> {
        if self.config.checkpoint.is_due(self.state.step) { Ok(()) } else { self.save() }
    }

    fn save(&mut self) -> Result<()> {
        self.state.seconds = self.seconds();
        self.state.kl_coefficient = self.trainer.adapted_kl_coefficient();
        self.checkpoints.save(self.state.step, &self.trainer, &self.state)
    }

    /// Saves an unfinished run and says how to go on.
    ///
    /// # Errors
    /// When the checkpoint cannot be written.
    pub fn suspend(mut self) -> Result<()> {
        self.save_last()?;
        self.sinks.finish();
        let (step, dir) = (self.state.step, self.dir.path().display());
        eprintln!("stopped after step {step}; go on with: spark train --out {dir} --resume");
        Ok(())
    }

    /// The starting model's scores and its judge items, measured once per run.
    ///
    /// # Errors
    /// When a problem cannot be rendered or a file cannot be written.
    pub fn scores_before(&mut self) -> Result<Scores> {
        let start = self.start.take().expect("scored once, at the beginning");
        if self.dir.before().exists() {
            return read_json(&self.dir.before());
        }
        let judge_set = self.make_judge_set(&start)?;
        write_json(&self.dir.judge_set(), &judge_set)?;
        let before = self.score(&start, &judge_set, "before")?;
        write_json(&self.dir.before(), &before)?;
        Ok(before)
    }

    /// Judge items over the starting model's own sampled answers to held-out problems.
    fn make_judge_set(&self, start: &Qwen<B::InnerBackend>) -> Result<JudgeSet> {
        let EvalConfig { judge_items, judge_samples, max_new_tokens, .. } = self.config.eval;
        // A step that no update has: the loop never draws these samples again.
        let key = SamplingKey { seed: self.config.seed, step: u64::MAX };
        let sampling = Sampling { max_new_tokens, ..self.config.train.sampling() };
        let progress = self.sinks.phase("sampling answers to judge", self.test.len());
        let solver = self.solver(start);
        let groups =
            solver.answer(self.test.clone(), judge_samples, sampling, key, &|n| progress.advance(n))?;
        Ok(JudgeSet::new(&groups, judge_items, self.config.recycle.wordings, self.config.seed))
    }

    fn score(&self, model: &Qwen<B::InnerBackend>, judge_set: &JudgeSet, when: &str) -> Result<Scores> {
        let count = self.test.len() + judge_set.items.len() + judge_set.held_out.len();
        let progress = self.sinks.phase(&format!("held-out set, {when}"), count);
        let RunConfig { eval, seed, .. } = &self.config;
        evaluate(&self.solver(model), &self.test, judge_set, eval, *seed, &|n| progress.advance(n))
    }

    /// Measures the final model and writes `final/` and `summary.json`.
    ///
    /// # Errors
    /// When something cannot be written.
    pub fn finish(mut self, before: Scores) -> Result<Summary> {
        self.save_last()?;
        let policy = self.trainer.sampler();
        let format = self.config.checkpoint.final_format();
        save_model_dir(&policy, &self.config.model.path, &self.dir.final_model(), format)?;
        let judge_set: JudgeSet = read_json(&self.dir.judge_set())?;
        let after = self.score(&policy, &judge_set, "after")?;
        let summary = Summary {
            steps: self.state.step,
            tokens: self.state.tokens,
            before,
            after,
            seconds: self.seconds(),
            peak_memory_bytes: peak_memory_bytes(),
        };
        write_json(&self.dir.summary(), &summary)?;
        self.sinks.finish();
        Ok(summary)
    }

    fn solver<'a>(&'a self, model: &'a Qwen<B::InnerBackend>) -> Solver<'a, B::InnerBackend> {
        Solver { model, processor: &self.processor, verifier: &self.verifier, engine: self.config.rollout }
    }

    /// Time spent on the run, over all its restarts.
    fn seconds(&self) -> f64 {
        self.seconds_before + self.clock.opened.elapsed().as_secs_f64()
    }
}
