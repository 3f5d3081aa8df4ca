//! A trainer's checkpoints: the policy as a model directory, the optimizer, and whatever else a command
//! needs to go on exactly where it stopped.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Result;
use burn::tensor::backend::AutodiffBackend;
use serde::{Serialize, de::DeserializeOwned};

use super::run_dir::{RunDir, read_json, write_json};
use crate::{
    checkpoint::{CheckpointStore, save_model_dir},
    config::RunConfig,
    data::ShuffledCursor,
    error::input_error,
    kernels::TrainBackend,
    model::{Qwen, weights::load_model},
    train::{AdamW, AdamWConfig, Trainer},
};

const OPTIMIZER: &str = "trainer/optimizer.safetensors";
const STATE: &str = "trainer/state.json";

/// What a checkpoint holds.
pub struct Saved<B: AutodiffBackend, S> {
    pub policy: Qwen<B>,
    pub optimizer: AdamW<B>,
    pub state: S,
}

/// The checkpoints of a run.
pub struct TrainerCheckpoints {
    store: CheckpointStore,
    /// The model directory the run began with: tokenizer and configuration come from there.
    source: PathBuf,
}

impl TrainerCheckpoints {
    pub fn new(dir: &RunDir, config: &RunConfig) -> Self {
        Self {
            store: CheckpointStore::new(dir.checkpoints(), config.checkpoint.keep),
            source: config.model.path.clone(),
        }
    }

    /// # Errors
    /// When a file cannot be written.
    pub fn save<B: TrainBackend>(
        &self,
        step: u64,
        trainer: &Trainer<B>,
        state: &impl Serialize,
    ) -> Result<()> {
        self.store.save(step, |dir| {
            save_model_dir(&trainer.policy, &self.source, dir)?;
            fs::create_dir_all(dir.join("trainer"))?;
            trainer.optimizer.save(&trainer.policy, &dir.join(OPTIMIZER))?;
            write_json(&dir.join(STATE), state)
        })?;
        Ok(())
    }

    /// The newest checkpoint, or `None` before the first.
    ///
    /// # Errors
    /// When a file is missing or malformed.
    pub fn latest<B: TrainBackend, S: DeserializeOwned>(
        &self,
        adamw: AdamWConfig,
        device: &B::Device,
    ) -> Result<Option<Saved<B, S>>> {
        let Some((_, dir)) = self.store.latest()? else { return Ok(None) };
        let state = read_json(&dir.join(STATE))?;
        let policy = load_model(&dir, device)?;
        let optimizer = AdamW::load(adamw, &policy, &dir.join(OPTIMIZER), device)?;
        Ok(Some(Saved { policy, optimizer, state }))
    }
}

/// Refuses to draw from data of another size than the interrupted run did: the order would be another.
///
/// # Errors
/// An input error that names the file and both sizes.
pub fn check_same_data(cursor: &ShuffledCursor, data: &Path, rows: usize) -> Result<()> {
    if cursor.len() == rows {
        return Ok(());
    }
    Err(input_error(format!(
        "--resume: the run drew from {} rows, but {} now gives {rows}; restore the file or start a new run",
        cursor.len(),
        data.display()
    )))
}
