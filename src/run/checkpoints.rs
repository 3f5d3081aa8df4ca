//! A trainer's checkpoints: the policy as a model directory, the optimizer, and whatever else a command
//! needs to go on exactly where it stopped.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Result;
use burn::tensor::backend::AutodiffBackend;
use serde::{Serialize, de::DeserializeOwned};

use super::directory::{RunDirectory, read_json, write_json};
use crate::{
    checkpoint::{CheckpointConfig, CheckpointStore, ChosenCheckpoint, save_model_dir},
    config::RunConfig,
    error::input_error,
    kernels::TrainBackend,
    metrics::WrittenFile,
    model::{Model, load_onto, lora::with_adapters, trainable},
    storage::checksum_of_beginning,
    train::{AdamW, Trainer},
};

const OPTIMIZER: &str = "trainer/optimizer.safetensors";
const REFERENCE: &str = "trainer/reference";
const AVERAGE: &str = "trainer/average";
const STATE: &str = "trainer/state.json";
const ROWS: &str = "trainer/rows.json";

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
        self.store.save(step, |dir| {
            save_model_dir(&trainer.policy, &self.source, dir, self.config.exact())?;
            fs::create_dir_all(dir.join("trainer"))?;
            trainer.optimizer.save(&trainer.policy, &dir.join(OPTIMIZER))?;
            for (model, place) in [(trainer.moving_reference(), REFERENCE), (trainer.average(), AVERAGE)] {
                if let Some(model) = model {
                    save_model_dir(model, &self.source, &dir.join(place), self.config.exact())?;
                }
            }
            write_json(&dir.join(ROWS), &rows)?;
            write_json(&dir.join(STATE), state)
        })?;
        Ok(())
    }

    /// Keeps the checkpoint of a step from being pruned, until another is named.
    ///
    /// # Errors
    /// When the file that says so cannot be written.
    pub fn protect(&self, step: u64) -> Result<()> {
        self.store.protect(step)
    }

    /// The name of the checkpoint that is kept from being pruned, where there is one.
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
            chosen.iter().try_for_each(|chosen| self.tell_changed_rows(chosen))?;
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
    /// Says on stderr which of the run's files of rows no longer begin with what was in them at the checkpoint. They
    /// have no part in training: the run goes on, and the rows stay as they are.
    fn tell_changed_rows(&self, ChosenCheckpoint { step, path, .. }: &ChosenCheckpoint) -> Result<()> {
        let place = path.join(ROWS);
        // Earlier versions did not write it.
        let rows: Vec<WrittenFile> = if place.exists() { read_json(&place)? } else { Vec::new() };
        for WrittenFile { name, written } in rows {
            let file = self.run.join(&name);
            let complaint = match checksum_of_beginning(&file, written.bytes) {
                Ok(now) if now == written => continue,
                Ok(now) if now.bytes < written.bytes => "is shorter than",
                Ok(_) => "no longer begins with what it held",
                Err(_) => "cannot be read, unlike",
            };
            let file = file.display();
            say!(
                "--resume: {file} {complaint} when step {step} was saved: rows in it were damaged or edited"
            );
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
pub fn check_same_data(drawn_from: usize, data: &Path, rows: usize) -> Result<()> {
    if drawn_from == rows {
        return Ok(());
    }
    Err(input_error(format!(
        "--resume: the run drew from {drawn_from} rows, but {} now gives {rows}; restore the file or start a new run",
        data.display()
    )))
}
