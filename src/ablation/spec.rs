//! The recipe of an ablation: tasks × variants × seeds.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

use anyhow::Result;
use serde::Deserialize;

use crate::{config::RunConfig, error::input_error};

/// What `recipes/ablation.toml` says.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ablation {
    pub seeds: Vec<u64>,
    /// The variant whose differences from all others are reported.
    pub compared: String,
    #[serde(rename = "task")]
    pub tasks: Vec<AblationTask>,
    #[serde(rename = "variant")]
    pub variants: Vec<Variant>,
}

/// A recipe to run the variants on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AblationTask {
    /// A folder's name.
    pub name: String,
    pub recipe: PathBuf,
    /// `key=value` settings of all variants.
    #[serde(default)]
    pub set: Vec<String>,
}

/// What is different in a run.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// A folder's name.
    pub name: String,
    /// `key=value` settings.
    #[serde(default)]
    pub set: Vec<String>,
}

impl Ablation {
    /// Reads a recipe, with all tasks or the one named.
    ///
    /// # Errors
    /// Input errors that name the file and what is wrong with it; every run's configuration is checked.
    pub fn load(path: &Path, task: Option<&str>) -> Result<Self> {
        let refused = |message: String| input_error(format!("{}: {message}", path.display()));
        let text = std::fs::read_to_string(path)
            .map_err(|error| refused(format!("cannot read the ablation's recipe ({error})")))?;
        let mut ablation: Self = toml::from_str(&text).map_err(|error| refused(error.to_string()))?;
        ablation.check().map_err(|error| refused(error.to_string()))?;
        if let Some(name) = task {
            ablation.tasks.retain(|task| task.name == name);
            if ablation.tasks.is_empty() {
                return Err(refused(format!("--task {name}: there is no such [[task]]")));
            }
        }
        for task in &ablation.tasks {
            for variant in &ablation.variants {
                RunConfig::load(&task.recipe, &settings(task, variant)).map_err(|error| {
                    error.context(format!("{}: variant {}", path.display(), variant.name))
                })?;
            }
        }
        Ok(ablation)
    }

    fn check(&self) -> Result<()> {
        if self.seeds.is_empty() || self.tasks.is_empty() || self.variants.is_empty() {
            return Err(input_error("needs at least one seed, one [[task]] and one [[variant]]"));
        }
        let names = |names: Vec<&String>| -> Result<()> {
            let mut seen = HashSet::new();
            for name in names {
                let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
                if name.is_empty() || !name.chars().all(plain) {
                    return Err(input_error(format!("{name:?}: a name may hold letters, digits, - _ and .")));
                }
                if !seen.insert(name) {
                    return Err(input_error(format!("the name {name} occurs twice")));
                }
            }
            Ok(())
        };
        names(self.tasks.iter().map(|task| &task.name).collect())?;
        names(self.variants.iter().map(|variant| &variant.name).collect())?;
        if !self.variants.iter().any(|variant| variant.name == self.compared) {
            return Err(input_error(format!("compared = {:?}: there is no such [[variant]]", self.compared)));
        }
        if self.seeds.iter().collect::<HashSet<_>>().len() < self.seeds.len() {
            return Err(input_error("seeds: one occurs twice"));
        }
        Ok(())
    }
}

/// All settings of a run; the variant's win.
pub(super) fn settings(task: &AblationTask, variant: &Variant) -> Vec<String> {
    [task.set.as_slice(), &variant.set].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "seeds = [1, 2]\ncompared = \"spark\"\n\
        [[task]]\nname = \"digits\"\nrecipe = \"recipes/digits.toml\"\nset = [\"train.steps=3\"]\n\
        [[variant]]\nname = \"spark\"\n\
        [[variant]]\nname = \"grpo\"\nset = [\"train.recycled_per_step=0\"]\n";

    fn load(text: &str, task: Option<&str>) -> Result<Ablation> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ablation.toml");
        std::fs::write(&path, text).unwrap();
        Ablation::load(&path, task)
    }

    #[test]
    fn the_shipped_recipe_is_valid() {
        assert!(Ablation::load("recipes/ablation.toml".as_ref(), None).is_ok());
    }

    #[test]
    fn a_variants_settings_come_after_the_tasks() {
        let ablation = load(GOOD, Some("digits")).unwrap();
        let all = settings(&ablation.tasks[0], &ablation.variants[1]);
        assert_eq!(all, ["train.steps=3", "train.recycled_per_step=0"]);
    }

    #[test]
    fn mistakes_are_named() {
        let message = |text: &str, task| format!("{:#}", load(text, task).unwrap_err());
        assert!(message(GOOD, Some("chess")).contains("--task chess"));
        assert!(
            message(&GOOD.replace("compared = \"spark\"", "compared = \"x\""), None).contains("compared")
        );
        assert!(message(&GOOD.replace("\"grpo\"", "\"spark\""), None).contains("spark occurs twice"));
        assert!(message(&GOOD.replace("\"grpo\"", "\"a/b\""), None).contains("a/b"));
        assert!(message(&GOOD.replace("recycled_per_step", "recycled"), None).contains("variant grpo"));
        assert!(message(&GOOD.replace("[1, 2]", "[1, 1]"), None).contains("seeds"));
    }
}
