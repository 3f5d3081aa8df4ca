//! A trainer's checkpoints: the policy as a model directory, the optimizer, and whatever else a command
//! needs to go on exactly where it stopped.

use std::{fmt::Display, fs, path::PathBuf};

use anyhow::{Context, Result};
use burn::tensor::backend::AutodiffBackend;
use serde::{Serialize, de::DeserializeOwned};

use super::directory::{RunDirectory, read_json, read_json_if_there, write_json};
use crate::{
    checkpoint::{CheckpointConfig, CheckpointStore, ChosenCheckpoint, save_model_dir},
    config::RunConfig,
    error::input_error,
    kernels::TrainBackend,
    metrics::WrittenFile,
    model::{Model, load_onto, lora::with_adapters, trainable},
    storage::{checksum, checksum_of_beginning, remove_if_there},
    train::{AdamW, Trainer},
};

const OPTIMIZER: &str = "trainer/optimizer.safetensors";
const REFERENCE: &str = "trainer/reference";
const AVERAGE: &str = "trainer/average";
const STATE: &str = "trainer/state.json";
const FILES: &str = "trainer/files.json";

/// Files of a run that are measured once, of its start, and that its summary rests on.
const MEASURED: [&str; 3] = ["before.json", "judge_set.json", "time_bound.json"];

/// What a checkpoint holds.
pub struct Saved<B: AutodiffBackend, S> {
    pub policy: Model<B>,
    pub optimizer: AdamW<B>,
    /// The reference, where it moves.
    pub reference: Option<Model<B::InnerBackend>>,
    /// The average of the policy over steps, where there is one.
    pub average: Option<Model<B::InnerBackend>>,
    pub state: S,
}

/// The checkpoints of a run.
pub struct TrainerCheckpoints {
    store: CheckpointStore,
    /// The model directory the run began with: tokenizer and configuration come from there.
    source: PathBuf,
    config: CheckpointConfig,
    /// The run's own directory.
    run: PathBuf,
    /// Whether this process tells which checkpoint a run goes on from; of several ranks one does.
    tells: bool,
}

impl TrainerCheckpoints {
    pub fn new(dir: &RunDirectory, config: &RunConfig) -> Self {
        Self {
            run: dir.path().to_owned(),
            tells: dir.is_claimed(),
            store: CheckpointStore::new(dir.checkpoints(), config.checkpoint.keep),
            source: config.model.path.clone(),
            config: config.checkpoint.clone(),
        }
    }

    /// Saves a checkpoint. `rows` is what the run's files of rows are: they belong to it, and are on the disk.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub(crate) fn save<B: TrainBackend>(
        &self,
        step: u64,
        trainer: &Trainer<B>,
        state: &impl Serialize,
        rows: Vec<WrittenFile>,
    ) -> Result<()> {
        let files = [rows, self.measured()?].concat();
        self.store.save(step, |dir| {
            save_model_dir(&trainer.policy, &self.source, dir, self.config.exact())?;
            fs::create_dir_all(dir.join("trainer"))?;
            trainer.optimizer.save(&trainer.policy, &dir.join(OPTIMIZER))?;
            for (model, place) in [(trainer.moving_reference(), REFERENCE), (trainer.average(), AVERAGE)] {
                if let Some(model) = model {
                    save_model_dir(model, &self.source, &dir.join(place), self.config.exact())?;
                }
            }
            write_json(&dir.join(FILES), &files)?;
            write_json(&dir.join(STATE), state)
        })?;
        Ok(())
    }

    /// Marks the checkpoint of a step as one that is kept, however many come after it, until another is marked.
    ///
    /// # Errors
    /// When a file cannot be written or an old checkpoint not be removed.
    pub fn protect(&self, step: u64) -> Result<()> {
        self.store.protect(step)
    }

    /// The name of the checkpoint that is marked, where there is one.
    pub fn protected(&self) -> Option<String> {
        self.store.protected()
    }

    /// Where a run goes on: at its newest checkpoint that is what was written, or `None` before the first. Says on
    /// stderr which ones were passed over, and why. `start` is the model that the run began with.
    ///
    /// # Errors
    /// When there are checkpoints, but none can be used.
    pub fn latest<B: TrainBackend, S: DeserializeOwned>(
        &self,
        start: &Model<B::InnerBackend>,
        config: &RunConfig,
    ) -> Result<Option<Saved<B, S>>> {
        let chosen = self.store.latest()?;
        if self.tells {
            tell(chosen.as_ref());
            chosen.iter().try_for_each(|chosen| self.tell_changed_files(chosen))?;
        }
        let Some(ChosenCheckpoint { path: dir, .. }) = chosen else { return Ok(None) };
        let state = read_json(&dir.join(STATE))?;
        let policy = load_onto(start.clone(), &dir)?;
        let asked = config.lora.is_on().then_some(&config.lora).or(start.lora.as_ref());
        if policy.lora.as_ref() != asked {
            return Err(input_error(
                "--resume: [lora] is not what the run began with; leave it as it was, or start a new run",
            ));
        }
        let policy = trainable::<B>(policy, &config.model.freeze)?;
        let optimizer = AdamW::load(config.train.adamw, &policy, &dir.join(OPTIMIZER), &start.device())?;
        let beside = |place: &str| {
            let place = dir.join(place);
            place.exists().then(|| load_onto(start.clone(), &place)).transpose()
        };
        let (reference, average) = (beside(REFERENCE)?, beside(AVERAGE)?);
        Ok(Some(Saved { policy, optimizer, reference, average, state }))
    }
}

impl TrainerCheckpoints {
    /// What the files are that are measured once per run, where they are there.
    fn measured(&self) -> Result<Vec<WrittenFile>> {
        let there = MEASURED.into_iter().filter(|name| self.run.join(name).exists());
        let known = there.map(|name| {
            let written = checksum(&self.run.join(name)).with_context(|| format!("reading {name}"))?;
            Ok(WrittenFile { name: name.to_owned(), written })
        });
        known.collect()
    }

    /// Says on stderr which of the run's files are no longer what they were at the checkpoint. Rows have no part in
    /// training: the run goes on, and they stay as they are. What was measured of the start goes, and is measured again.
    fn tell_changed_files(&self, ChosenCheckpoint { step, path, .. }: &ChosenCheckpoint) -> Result<()> {
        // Earlier versions did not write it.
        let files: Vec<WrittenFile> = read_json_if_there(&path.join(FILES))?.unwrap_or_default();
        for WrittenFile { name, written } in files {
            let file = self.run.join(&name);
            let grows = !MEASURED.contains(&name.as_str());
            let now = if grows { checksum_of_beginning(&file, written.bytes) } else { checksum(&file) };
            let change = match now {
                Ok(now) if now == written => continue,
                Ok(now) if now.bytes < written.bytes => "is shorter than",
                Ok(_) if grows => "no longer begins with what it held",
                Ok(_) => "is not what it was",
                Err(_) => "cannot be read, unlike",
            };
            let mut consequence = "rows in it were damaged or edited";
            if !grows {
                MEASURED.iter().try_for_each(|name| remove_if_there(&self.run.join(name)))?;
                consequence = "the start is measured again";
            }
            let file = file.display();
            say!("--resume: {file} {change} when step {step} was saved: {consequence}");
        }
        Ok(())
    }
}

/// Says on stderr what is remarkable about where a run goes on.
fn tell(chosen: Option<&ChosenCheckpoint>) {
    match chosen {
        None => {
            say!("--resume: no checkpoint was saved before; the run begins again with its first step")
        }
        Some(ChosenCheckpoint { remarks, .. }) if remarks.is_empty() => {}
        Some(ChosenCheckpoint { step, remarks, .. }) => {
            say!("--resume: {}; going on from step {step}", remarks.join("; "));
        }
    }
}

impl<B: TrainBackend, S> Saved<B, S> {
    /// The beginning of a run.
    ///
    /// # Errors
    /// When the recipe's `lora` or `model.freeze` does not fit the model.
    pub fn new(start: &Model<B::InnerBackend>, config: &RunConfig, state: S) -> Result<Self> {
        let policy = starting_policy(start, config)?;
        let optimizer = AdamW::new(config.train.adamw);
        Ok(Self { policy, optimizer, reference: None, average: None, state })
    }
}

/// What learns: the starting model, with adapters where the recipe asks for some. Until the first update both share
/// their weights.
///
/// # Errors
/// When the recipe's `lora` or `model.freeze` does not fit the model.
pub fn starting_policy<B: TrainBackend>(
    start: &Model<B::InnerBackend>,
    config: &RunConfig,
) -> Result<Model<B>> {
    let policy = match config.lora.is_on() {
        true => with_adapters(start.clone(), &config.lora, config.seed)?,
        false => start.clone(),
    };
    trainable(policy, &config.model.freeze)
}

/// Refuses to draw from data of another size than the interrupted run did: the order would be another.
///
/// # Errors
/// An input error that names the file and both sizes.
pub fn check_same_data(drawn_from: usize, data: impl Display, rows: usize) -> Result<()> {
    if drawn_from == rows {
        return Ok(());
    }
    Err(input_error(format!(
        "--resume: the run drew from {drawn_from} rows, but {data} now gives {rows}; restore the file or start a new run"
    )))
}
