//! A run's configuration: a TOML recipe plus `--set key=value`. Unknown keys are refused.
//! Nests each part's own configuration; knows nothing of what they do with it.

mod data;
mod model;
mod setting;
mod sft;

use std::path::Path;

use anyhow::Result;
use serde::{Deserialize, Serialize};
use toml::Table;

use self::setting::apply_setting;
pub use self::{data::DataConfig, model::ModelSource, sft::SftConfig};
use crate::{
    checkpoint::CheckpointConfig,
    error::input_error,
    eval::EvalConfig,
    metrics::watch::WatchConfig,
    model::lora::LoraConfig,
    recycle::RecycleConfig,
    rollout::EngineConfig,
    train::{KnownNames, TrainConfig},
    verify::VerifyConfig,
};

/// Everything a run depends on. Saved with the run as `recipe.toml`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RunConfig {
    pub seed: u64,
    pub model: ModelSource,
    pub lora: LoraConfig,
    pub data: DataConfig,
    pub sft: SftConfig,
    pub rollout: EngineConfig,
    pub train: TrainConfig,
    pub verify: VerifyConfig,
    pub recycle: RecycleConfig,
    pub eval: EvalConfig,
    pub checkpoint: CheckpointConfig,
    pub watch: WatchConfig,
}

impl RunConfig {
    /// Reads a recipe and applies `key=value` settings to it.
    ///
    /// # Errors
    /// Input errors that name the file and line, or the setting, and what was expected.
    pub fn load(recipe: &Path, settings: &[String]) -> Result<Self> {
        Self::load_with(recipe, settings, &KnownNames::default())
    }

    /// Reads a recipe as [`Self::load`] does; it may also name what a program adds to a run.
    ///
    /// # Errors
    /// Input errors that name the file and line, or the setting, and what was expected.
    pub fn load_with(recipe: &Path, settings: &[String], names: &KnownNames) -> Result<Self> {
        let text = std::fs::read_to_string(recipe).map_err(|error| {
            input_error(format!("{}: cannot read the recipe ({error})", recipe.display()))
        })?;
        // First as written, so that an error shows the line.
        toml::from_str::<Self>(&text)
            .map_err(|error| input_error(format!("{}: {error}", recipe.display())))?;
        let config = Self::with_settings(text.parse()?, settings)?;
        config.check(names).map_err(|error| input_error(format!("{}: {error}", recipe.display())))?;
        Ok(config)
    }

    /// The defaults with settings, for a bench: a small learning rate, no reference.
    ///
    /// # Errors
    /// Input errors that name the setting.
    pub fn of_settings(settings: &[String]) -> Result<Self> {
        let table: Table = "train = { learning_rate = 1e-6, kl_coefficient = 0.0, micro_batch_tokens = 3072 }
            rollout = { max_rows = 64 }"
            .parse()?;
        let config = Self::with_settings(table, settings)?;
        config.check(&KnownNames::default()).map_err(|error| input_error(format!("--set: {error}")))?;
        Ok(config)
    }

    fn with_settings(mut table: Table, settings: &[String]) -> Result<Self> {
        for setting in settings {
            apply_setting(&mut table, setting)?;
            table
                .clone()
                .try_into::<Self>()
                .map_err(|error| input_error(format!("--set {setting}: {}", one_line(&error))))?;
        }
        Ok(table.try_into()?)
    }

    /// The full effective configuration as TOML.
    pub fn to_toml(&self) -> String {
        toml::to_string_pretty(self).expect("a configuration is plain data")
    }

    fn check(&self, names: &KnownNames) -> Result<()> {
        self.data.check()?;
        self.train.check(names)?;
        self.eval.check()?;
        self.verify.check()?;
        self.recycle.check()?;
        self.rollout.check()?;
        self.lora.check()?;
        self.watch.check()?;
        self.sft.check()?;
        if self.sft.from_scratch && self.lora.is_on() {
            return Err(input_error(
                "sft.from_scratch = true: adapters need the base model they are saved with; set lora.rank=0",
            ));
        }
        if self.train.activation_checkpointing && self.lora.dropout > 0.0 {
            return Err(input_error(
                "train.activation_checkpointing computes layers twice, and lora.dropout would draw anew: set lora.dropout=0",
            ));
        }
        Ok(())
    }
}

fn one_line(error: &toml::de::Error) -> String {
    error.message().replace('\n', " ")
}

#[cfg(test)]
mod tests;
