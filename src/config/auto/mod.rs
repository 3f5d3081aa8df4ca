//! Settings that a recipe leaves to the model and the data: `"auto"`. They are decided when the recipe is read, so that
//! a configuration holds values only, and what a run saves of it is complete.
//!
//! | setting | is decided by |
//! |---|---|
//! | `train.learning_rate` | what learns, and the model's size |
//! | `train.max_new_tokens` | the reference solutions' lengths, and the model's positions |
//! | `eval.max_new_tokens` | `train.max_new_tokens` |
//! | `data.instruction` | whether the questions ask for a form of answer already, and what checks the answers |

mod instruction;
mod learning_rate;
mod lengths;

use std::path::Path;

use toml::{Table, Value};

use self::{instruction::Asking, lengths::ReferenceLengths};
use super::data::DataConfig;
use crate::{
    data::{BadRows, Problem, ReadOptions, sampled_problems},
    model::{ModelConfig, base_dir, lora::LoraConfig},
    verify::VerifyConfig,
};

/// The word in a recipe.
const AUTO: &str = "auto";

/// Problems that are looked at, at most.
const SAMPLE: usize = 512;

/// A setting that may be left to be decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AutoSetting {
    LearningRate,
    MaxNewTokens,
    EvalMaxNewTokens,
    Instruction,
}

/// All of them, by section and key, in the order in which they are decided.
const SETTINGS: [(AutoSetting, &str, &str); 4] = [
    (AutoSetting::Instruction, "data", "instruction"),
    (AutoSetting::MaxNewTokens, "train", "max_new_tokens"),
    (AutoSetting::EvalMaxNewTokens, "eval", "max_new_tokens"),
    (AutoSetting::LearningRate, "train", "learning_rate"),
];

/// What a recipe leaves to be decided.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct AutoSettings(Vec<AutoSetting>);

impl AutoSettings {
    /// Takes what is to be decided out of a recipe.
    pub(super) fn taken_from(table: &mut Table) -> Self {
        let mut found = Vec::new();
        for (setting, section, key) in SETTINGS {
            let section = table.get_mut(section).and_then(Value::as_table_mut);
            if let Some(section) = section.filter(|section| is_auto(section.get(key))) {
                section.remove(key);
                found.push(setting);
            }
        }
        Self(found)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Decides all of it.
    pub(super) fn decided(self, basis: &Basis<'_>) -> Vec<Decision> {
        if self.is_empty() {
            return Vec::new();
        }
        let surroundings = Surroundings::look(basis);
        self.0.into_iter().map(|setting| surroundings.decision(setting, basis)).collect()
    }
}

/// What decisions go by: where model and data are, and settings that somebody has made.
pub(super) struct Basis<'a> {
    pub model: &'a Path,
    pub data: &'a DataConfig,
    pub lora: &'a LoraConfig,
    pub verify: &'a VerifyConfig,
}

/// A value that was decided, and why.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Decision {
    LearningRate(f64, String),
    MaxNewTokens(usize, String),
    /// As many as in training.
    EvalMaxNewTokens,
    Instruction(Option<String>, String),
}

/// A recipe's text with the lines that have `"auto"` blanked out, so that an error in the others shows its line.
pub(super) fn without_auto(text: &str) -> String {
    let mut section = String::new();
    let lines = text.lines().map(|line| {
        let bare = line.split('#').next().unwrap_or_default().trim();
        if let Some(name) = bare.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name.trim().to_owned();
        }
        let is_left = SETTINGS.iter().any(|&(_, of, key)| {
            let value = bare
                .split_once('=')
                .filter(|(name, _)| name.trim() == key || name.trim() == format!("{of}.{key}"));
            value.is_some_and(|(_, value)| {
                value.trim().trim_matches(['"', '\'']) == AUTO && (section == of || section.is_empty())
            })
        });
        if is_left { "" } else { line }
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn is_auto(value: Option<&Value>) -> bool {
    value.and_then(Value::as_str) == Some(AUTO)
}

/// Model and data, as far as they can be read. What cannot is refused later, by whoever needs it.
struct Surroundings {
    model: Option<ModelConfig>,
    /// A sample of the problems to learn from.
    problems: Vec<Problem>,
}

impl Surroundings {
    fn look(basis: &Basis<'_>) -> Self {
        let model = base_dir(basis.model).and_then(|dir| ModelConfig::from_dir(&dir)).ok();
        let reading = |path: &Path| ReadOptions {
            bad_rows: BadRows::Skip,
            must_occur: false,
            without_answer: basis.verify.without_answer.admits(),
            ..basis.data.reading(path)
        };
        let DataConfig { train, max_problems, .. } = basis.data;
        let all = sampled_problems(train, *max_problems, reading).unwrap_or_default();
        let every = all.len().div_ceil(SAMPLE).max(1);
        Self { model, problems: all.into_iter().step_by(every).collect() }
    }

    fn decision(&self, setting: AutoSetting, basis: &Basis<'_>) -> Decision {
        match setting {
            AutoSetting::LearningRate => {
                let (rate, why) = learning_rate::decided(self.model.as_ref(), basis.lora);
                Decision::LearningRate(rate, why)
            }
            AutoSetting::MaxNewTokens => {
                let lengths = ReferenceLengths::of(&self.problems, basis.model);
                let (tokens, why) = lengths.limit(self.model.as_ref());
                Decision::MaxNewTokens(tokens, why)
            }
            AutoSetting::EvalMaxNewTokens => Decision::EvalMaxNewTokens,
            AutoSetting::Instruction => {
                let (instruction, why) = Asking::of(&self.problems).decided(basis.verify);
                Decision::Instruction(instruction, why)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(text: &str) -> (Table, AutoSettings) {
        let mut table: Table = text.parse().unwrap();
        let auto = AutoSettings::taken_from(&mut table);
        (table, auto)
    }

    #[test]
    fn only_settings_that_can_be_decided_are_taken_out() {
        let (table, auto) = taken("[train]\nlearning_rate = \"auto\"\nsteps = 3\nschedule = \"auto\"\n");
        assert_eq!(auto, AutoSettings(vec![AutoSetting::LearningRate]));
        let train = table["train"].as_table().unwrap();
        assert_eq!((train.len(), train["schedule"].as_str()), (2, Some("auto")));
        assert_eq!(taken("[train]\nlearning_rate = 1e-5\n").1, AutoSettings::default());
    }

    #[test]
    fn lines_keep_their_numbers_where_a_value_is_left_out() {
        let text = "seed = 1 # \"auto\"\n[train]\nlearning_rate = \"auto\" # by size\nschedule = \"auto\"\n[data]\ninstruction = 'auto'";
        assert_eq!(without_auto(text), "seed = 1 # \"auto\"\n[train]\n\nschedule = \"auto\"\n[data]\n");
        assert_eq!(without_auto("train.max_new_tokens = \"auto\"\nseed = 2"), "\nseed = 2");
    }
}
