//! How a run is opened: its parts are loaded, of a new run or from its last checkpoint.

use std::{sync::Arc, time::Instant};

use anyhow::Result;
use burn::tensor::backend::Backend;

use super::{
    best::tell_other_best,
    checkpoints::{Saved, TrainerCheckpoints},
    directory::RunDirectory,
    extensions::Extensions,
    identity::{RunIdentity, with_absolute_paths},
    inputs::{asking_as, load_model_and_processor, template_arguments},
    judge_prompts::check_prompts,
    launch::Launch,
    own_offset::{lacks_offset, with_found_offset, with_known_offset},
    own_sampler::own_sampler,
    problems::{held_out_problems, training_problems},
    provenance::{check_identity, check_settings, say_changes, write_provenance},
    replay::Replay,
    self_rewards::self_reward_token,
    start::StartingModel,
    state::{RunState, check_same_step, check_sources},
    training::{Files, Run, RunClock},
};
use crate::{
    config::RunConfig,
    data::{Problem, ProblemSet},
    distributed::Peers,
    interrupt::Interrupt,
    kernels::{Kernels, TrainBackend},
    metrics::{JsonlWriter, Sinks},
    model::{Model, check_precision, computing_in},
    processor::Processor,
    rollout::{LocalEngine, RolloutPipeline},
    train::{Advantage, Objective, Parts, Trainer},
    verify::{Check, Verifier},
};

impl<B: TrainBackend> Run<B> {
    /// Loads all parts, of a new run or from its last checkpoint, and returns the run beside the model that it
    /// started from.
    ///
    /// # Errors
    /// Input errors that name the file or setting.
    pub fn open(launch: Launch, device: B::Device) -> Result<(Self, StartingModel<B::InnerBackend>)> {
        Self::open_with(launch, Extensions::default(), device)
    }

    /// Opens a run as [`Self::open`] does, with verifiers, recycled kinds, objectives or a sampler of the caller's own.
    ///
    /// # Errors
    /// Input errors that name the file or setting.
    pub fn open_with(
        launch: Launch,
        extensions: Extensions<B>,
        device: B::Device,
    ) -> Result<(Self, StartingModel<B::InnerBackend>)> {
        let Launch { config, dir, resume, quiet, peers } = launch;
        // What is saved of problems names their images: a resumed run may have another working directory.
        let config = with_absolute_paths(config)?;
        let config = if resume { with_known_offset(config, &dir)? } else { config };
        let Extensions { checks, recipes, advantages, objectives, sampler, interrupt } = extensions;
        let (opened, peers) = (Instant::now(), Arc::new(peers));
        if resume && peers.writes() {
            check_settings(&dir, &config)?;
        }
        check_precision::<B>(config.model.dtype, &device)?;
        check_precision::<B>(config.rollout.dtype.unwrap_or_default(), &device)?;
        let inputs = Inputs::<B::InnerBackend>::load(&config, checks, &device)?;
        let config = inputs.with_own_offset(config, (peers.as_ref(), &interrupt))?;
        let Inputs { start, processor, verifier, train, test, replay } = inputs;
        let checkpoints = TrainerCheckpoints::new(&dir, &config);
        let saved: Option<Saved<B, RunState>> =
            if resume { checkpoints.latest(&start, &config)? } else { None };
        let identity = identity(&dir, &config, resume, &peers, [&train.problems, &test])?;
        let saved_step = saved.as_ref().map(|saved| saved.state.step);
        let saved = match saved {
            Some(saved) => Saved { state: saved.state.resumed(&config, &train, &replay, recipes)?, ..saved },
            None => Saved::new(&start, &config, RunState::new(&config, &train, &replay, recipes)?)?,
        };
        check_same_step(&peers, saved.state.step)?;
        let kept = resume.then_some(&saved.state);
        let files = identity.map(|identity| open_files(&dir, &config, &identity, kept, quiet)).transpose()?;
        let (trainer, state) =
            trainer(saved, &start, &config, (&peers, &interrupt), (advantages, objectives))?;
        let sampler = match sampler {
            Some(sampler) => sampler,
            None => own_sampler(&config, (&processor, &peers), interrupt)?,
        };
        let run = Self {
            trainer,
            config,
            dir,
            processor,
            verifier,
            sampler,
            train: train.problems,
            test,
            replay,
            clock: RunClock { opened, before: state.seconds },
            state,
            checkpoints,
            peers,
            files,
            quiet,
            is_within_time: false,
            saved_step,
            pending: None,
            has_left_out: false,
        };
        Ok((run, StartingModel(start)))
    }
}

/// What a run reads before it computes anything.
struct Inputs<B: Backend> {
    start: Arc<Model<B>>,
    processor: Processor,
    verifier: Verifier,
    train: ProblemSet,
    test: Vec<Problem>,
    replay: Replay,
}

impl<B: Kernels> Inputs<B> {
    fn load(config: &RunConfig, checks: Vec<Arc<dyn Check>>, device: &B::Device) -> Result<Self> {
        let arguments = template_arguments(&config.data)?;
        let (start, processor) = load_model_and_processor::<B>(&config.model.path, &arguments, device)?;
        if processor.shows_todays_date() {
            say!(
                "{}: the chat template shows today's date; set data.template_arguments.strftime_now to one, so that a run that is resumed on another day has the same prompts",
                config.model.path.display()
            );
        }
        self_reward_token(&config.train.auxiliary, &processor)?;
        if let Some(sentence) = check_prompts(&config.judge, config.recycle.wordings, &processor)? {
            say!("{sentence}");
        }
        let processor = asking_as::<B>(config, processor, &start.config, device)?;
        // Under adapters the base never learns: it is kept in the type it computes in.
        let start = if config.lora.is_on() { computing_in(start, config.model.dtype) } else { start };
        let verifier = Verifier::with_checks(config.verify.clone(), checks)?;
        let train = training_problems(&config.data, &processor, &verifier)?;
        check_sources(config, &train.problems)?;
        let test = held_out_problems(config, &processor, &verifier)?;
        let replay = Replay::load(config)?;
        Ok(Self { start: start.into(), processor, verifier, train, test, replay })
    }

    /// The recipe with what the start's own answers say of it, where it leaves that to be found.
    fn with_own_offset(
        &self,
        config: RunConfig,
        (peers, interrupt): (&Peers, &Interrupt),
    ) -> Result<RunConfig> {
        if !lacks_offset(&config) {
            return Ok(config);
        }
        let model = computing_in((*self.start).clone(), config.model.dtype);
        let engine = LocalEngine::with_model(model, config.rollout.local()).stopped_by(interrupt.clone());
        let prompts = config.judge.prompts().clone();
        let pipeline = RolloutPipeline {
            sampler: &engine,
            processor: &self.processor,
            verifier: &self.verifier,
            prompts: &prompts,
            peers,
        };
        with_found_offset(config, &pipeline, &self.train.problems)
    }
}

/// Advantage estimators and objectives of the caller's own.
type OwnObjectives<B> = (Vec<Arc<dyn Advantage>>, Vec<Arc<dyn Objective<B>>>);

/// The trainer of a run, and the state that goes with it. Says on stderr which saved parts the recipe no longer asks
/// for.
fn trainer<B: TrainBackend>(
    saved: Saved<B, RunState>,
    start: &Arc<Model<B::InnerBackend>>,
    config: &RunConfig,
    (peers, interrupt): (&Arc<Peers>, &Interrupt),
    (advantages, objectives): OwnObjectives<B>,
) -> Result<(Trainer<B>, RunState)> {
    let Saved { policy, optimizer, reference, average, state } = saved;
    let parts = Parts {
        start: Some(start.clone()),
        moved_reference: reference,
        average,
        kl_coefficient: state.kl_coefficient,
        peers: peers.clone(),
        precision: config.model.dtype,
        advantages,
        objectives,
        interrupt: interrupt.clone(),
        ..Parts::new(policy, optimizer)
    };
    let (parts, dropped) = parts.without_unused(&config.train);
    if peers.writes() {
        dropped.into_iter().for_each(|sentence| say!("--resume: {sentence}"));
    }
    Ok((Trainer::new(parts, &config.train)?, state))
}

/// What the run is, on the rank that writes. A run that is resumed must be what it was.
fn identity(
    dir: &RunDirectory,
    config: &RunConfig,
    resume: bool,
    peers: &Peers,
    [train, test]: [&[Problem]; 2],
) -> Result<Option<RunIdentity>> {
    if !peers.writes() {
        return Ok(None);
    }
    let identity = RunIdentity::of_training(config, train, test)?;
    if resume {
        check_identity(dir, &identity, config)?;
    }
    Ok(Some(identity))
}

/// Writes what the run is and opens the files that grow with it. Metrics and completions of steps after those of the
/// state that a resumed run goes on from are removed: it takes these steps again.
fn open_files(
    dir: &RunDirectory,
    config: &RunConfig,
    identity: &RunIdentity,
    kept: Option<&RunState>,
    quiet: bool,
) -> Result<Files> {
    if let Some(state) = kept {
        tell_other_best(dir, state);
    }
    let recorded = kept.map(RunState::recorded_step);
    let kept = kept.map(|state| state.step);
    say_changes(&write_provenance(dir, config, identity, kept)?);
    let sinks = Sinks::open(dir.path(), recorded, config.train.steps, quiet)?;
    Ok(Files { sinks, rollouts: JsonlWriter::open(&dir.rollouts(), kept)? })
}
