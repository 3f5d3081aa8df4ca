//! A run's configuration: a TOML recipe plus `--set key=value`. Unknown keys are refused.
//! Nests each part's own configuration; knows nothing of what they do with it, but for what a recipe leaves to be
//! decided by the model and the data (`auto`).

mod auto;
mod data;
mod model;
mod preflight;
mod recipe;
mod setting;
mod sft;

use std::path::Path;

use anyhow::Result;
use serde::{Deserialize, Serialize};
use toml::Table;

use self::{
    auto::{AutoSettings, Basis, Decision, without_auto},
    setting::apply_setting,
};
pub use self::{
    data::DataConfig,
    model::ModelSource,
    preflight::PreflightConfig,
    recipe::{RecipeText, value_set},
    sft::SftConfig,
};
use crate::{
    checkpoint::CheckpointConfig,
    error::input_error,
    eval::EvalConfig,
    judge::JudgeConfig,
    metrics::watch::WatchConfig,
    model::lora::LoraConfig,
    recycle::RecycleConfig,
    rollout::RolloutConfig,
    train::{KnownNames, TrainConfig, objective::Importance},
    verify::{Extractor, VerifyConfig},
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
    pub rollout: RolloutConfig,
    pub train: TrainConfig,
    pub verify: VerifyConfig,
    pub recycle: RecycleConfig,
    pub judge: JudgeConfig,
    pub eval: EvalConfig,
    pub checkpoint: CheckpointConfig,
    pub preflight: PreflightConfig,
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

    /// Reads a recipe as [`Self::load`] does; it may also name what a program adds to a run. Says on stderr what it
    /// leaves to be decided, and how that was.
    ///
    /// # Errors
    /// Input errors that name the file and line, or the setting, and what was expected.
    pub fn load_with(recipe: &Path, settings: &[String], names: &KnownNames) -> Result<Self> {
        let recipe = RecipeText::from_file(recipe)?;
        let (config, decided) = Self::read_with_paths(&recipe, settings, names, &mut |_| Ok(()))?;
        decided.iter().for_each(|sentence| say!("{}: {sentence}", recipe.name()));
        Ok(config)
    }

    /// Reads a recipe's text, and returns a sentence for each setting that is `"auto"` in it: what was decided, and why.
    /// `find` may put other paths in the place of those that are written, before anything is decided by what they lead
    /// to.
    ///
    /// # Errors
    /// Input errors that name the recipe and line, or the setting, and what was expected; whatever `find` fails with.
    pub fn read_with_paths(
        recipe: &RecipeText,
        settings: &[String],
        names: &KnownNames,
        find: &mut dyn FnMut(&mut Self) -> Result<()>,
    ) -> Result<(Self, Vec<String>)> {
        let RecipeText { name, text } = recipe;
        // First as written, so that an error shows the line.
        let refused = |error: &dyn std::fmt::Display| input_error(format!("{name}: {error}"));
        toml::from_str::<Self>(&without_auto(text)).map_err(|error| refused(&error))?;
        let table = text.parse().map_err(|error: toml::de::Error| refused(&error))?;
        let (mut config, auto) = Self::with_settings(table, settings)?;
        find(&mut config)?;
        let decisions = auto.decided(&config.basis());
        let decided = decisions.into_iter().map(|decision| config.take(decision)).collect();
        config.check(names).map_err(|error| refused(&error))?;
        Ok((config, decided))
    }

    /// What it leaves to be decided goes by.
    fn basis(&self) -> Basis<'_> {
        Basis { model: &self.model.path, data: &self.data, lora: &self.lora, verify: &self.verify }
    }

    /// Takes over what was decided, and says it.
    fn take(&mut self, decision: Decision) -> String {
        match decision {
            Decision::LearningRate(rate, why) => {
                self.train.learning_rate.peak = rate;
                format!("train.learning_rate = {rate:e}: {why}")
            }
            Decision::MaxNewTokens(tokens, why) => {
                self.train.sampling.max_new_tokens = tokens;
                format!("train.max_new_tokens = {tokens}: {why}")
            }
            Decision::EvalMaxNewTokens => {
                self.eval.max_new_tokens = self.train.sampling.max_new_tokens;
                format!("eval.max_new_tokens = {}: as in training", self.eval.max_new_tokens)
            }
            Decision::Instruction(instruction, why) => {
                let shown = instruction.as_deref().map_or("none".to_owned(), |text| format!("'{text}'"));
                self.data.instruction = instruction;
                format!("data.instruction = {shown}: {why}")
            }
        }
    }

    /// The defaults with settings, for a bench: a small learning rate, no reference.
    ///
    /// # Errors
    /// Input errors that name the setting.
    pub fn of_settings(settings: &[String]) -> Result<Self> {
        let table: Table = "train = { learning_rate = 1e-6, kl_coefficient = 0.0, micro_batch_tokens = 3072 }
            rollout = { max_rows = 64 }"
            .parse()?;
        let (config, auto) = Self::with_settings(table, settings)?;
        if !auto.is_empty() {
            return Err(input_error("--set: \"auto\" needs the model and data of a recipe; give a value"));
        }
        config.check(&KnownNames::default()).map_err(|error| input_error(format!("--set: {error}")))?;
        Ok(config)
    }

    /// The configuration, and what it leaves to be decided.
    fn with_settings(mut table: Table, settings: &[String]) -> Result<(Self, AutoSettings)> {
        let typed = |table: &Table| -> Result<(Self, AutoSettings), toml::de::Error> {
            let mut table = table.clone();
            let auto = AutoSettings::taken_from(&mut table);
            Ok((table.try_into()?, auto))
        };
        for setting in settings {
            apply_setting(&mut table, setting)?;
            typed(&table).map_err(|error| input_error(format!("--set {setting}: {}", one_line(&error))))?;
        }
        let (config, auto) = typed(&table)?;
        Ok((Self { judge: config.judge.with_contents()?, ..config }, auto))
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
        self.judge.check(self.recycle.wordings, self.verify.extract == [Extractor::Box])?;
        self.rollout.check()?;
        self.lora.check()?;
        self.preflight.check()?;
        self.watch.check()?;
        self.sft.check()?;
        self.check_first_steps()?;
        self.check_places()?;
        self.check_ahead()?;
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

    /// Only one setting may decide what becomes of the places of original problems that teach nothing.
    fn check_places(&self) -> Result<()> {
        let RunConfig { train, recycle, .. } = self;
        if recycle.places_without_spread > 0.0 && (train.refill_rounds > 0 || recycle.same_step) {
            return Err(input_error(
                "recycle.places_without_spread hands over places of original problems: it goes neither with \
                 train.refill_rounds, which samples more of them in their place, nor with recycle.same_step, which \
                 draws recycled problems after them",
            ));
        }
        if recycle.same_step && train.recycled_per_step == 0 {
            return Err(input_error("recycle.same_step has no effect with train.recycled_per_step = 0"));
        }
        Ok(())
    }

    /// What is sampled ahead comes from weights of one update before, which must be corrected, and cannot be added to.
    fn check_ahead(&self) -> Result<()> {
        let RunConfig { train, recycle, rollout, .. } = self;
        if rollout.ahead == 0 {
            return Ok(());
        }
        let refused = |what: &str| Err(input_error(format!("rollout.ahead = 1: {what}")));
        if train.importance.correction == Importance::None {
            return refused(
                "the samples are of weights from before the last update: set train.importance = \"truncated\" or \
                 \"truncated_sequence\"",
            );
        }
        if train.refill_rounds > 0 || recycle.same_step {
            return refused(
                "train.refill_rounds and recycle.same_step sample within a step what its first samples ask for; set them to 0 \
                 and false",
            );
        }
        if train.auxiliary.self_reward_share > 0.0 {
            return refused(
                "train.auxiliary.self_reward_share reads own rewards under the weights that sampled; set it to 0",
            );
        }
        Ok(())
    }

    /// What begins in a later step must begin at all. A run without steps of training has no use for either.
    fn check_first_steps(&self) -> Result<()> {
        let RunConfig { train, recycle, .. } = self;
        let begins = [
            ("recycle.start_step", recycle.start_step, train.recycled_per_step > 0),
            (
                "train.auxiliary.verdict_start_step",
                train.auxiliary.verdict_start_step,
                train.auxiliary.verdict_likelihood > 0.0,
            ),
            (
                "train.auxiliary.self_reward_start_step",
                train.auxiliary.self_reward_start_step,
                train.auxiliary.self_reward > 0.0,
            ),
            (
                "train.auxiliary.self_reward_share_start_step",
                train.auxiliary.self_reward_share_start_step,
                train.auxiliary.self_reward_share > 0.0,
            ),
        ];
        match begins.into_iter().find(|&(_, step, is_on)| is_on && train.steps > 0 && step > train.steps) {
            Some((name, step, _)) => Err(input_error(format!(
                "{name} = {step}: the run ends with step {} (train.steps), so that it never begins",
                train.steps
            ))),
            None => Ok(()),
        }
    }
}

fn one_line(error: &toml::de::Error) -> String {
    error.message().replace('\n', " ")
}

#[cfg(test)]
mod tests;
