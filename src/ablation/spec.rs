//! The recipe of an ablation: tasks × variants × seeds.

use std::{
    collections::{BTreeMap, HashSet},
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
    /// The tasks that it runs on; left out: all.
    #[serde(default)]
    pub tasks: Option<Vec<String>>,
    /// Settings on single tasks, by their names.
    #[serde(default)]
    pub on: BTreeMap<String, OnTask>,
}

/// What a variant has on one task alone.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnTask {
    /// `key=value` settings, which win over the variant's.
    pub set: Vec<String>,
}

impl Variant {
    /// Whether it runs on this task.
    pub fn runs_on(&self, task: &AblationTask) -> bool {
        self.tasks.as_ref().is_none_or(|tasks| tasks.contains(&task.name))
    }

    /// Refuses names of tasks that there are not, and settings without effect.
    fn check(&self, tasks: &[AblationTask]) -> Result<()> {
        let is_known = |name: &String| tasks.iter().any(|task| task.name == *name);
        let refused = |message: String| Err(input_error(format!("variant {}: {message}", self.name)));
        let own = self.tasks.as_deref().unwrap_or_default();
        if let Some(name) = own.iter().chain(self.on.keys()).find(|name| !is_known(name)) {
            return refused(format!("{name:?}: there is no such [[task]]"));
        }
        if self.tasks.as_ref().is_some_and(Vec::is_empty) {
            return refused(
                "tasks = []: it would never run; name a task, or leave it out for all".to_owned(),
            );
        }
        if let Some(name) =
            own.iter().enumerate().find_map(|(n, name)| own[..n].contains(name).then_some(name))
        {
            return refused(format!("tasks: {name} occurs twice"));
        }
        match self.on.keys().find(|name| !own.is_empty() && !own.contains(name)) {
            Some(name) => refused(format!("on.{name} has no effect: its tasks are {}", own.join(", "))),
            None => Ok(()),
        }
    }
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
            for variant in ablation.variants_of(task) {
                RunConfig::load(&task.recipe, &settings(task, variant)).map_err(|error| {
                    error.context(format!("{}: variant {}", path.display(), variant.name))
                })?;
            }
        }
        Ok(ablation)
    }

    /// The variants that run on a task.
    pub fn variants_of<'a>(&'a self, task: &'a AblationTask) -> impl Iterator<Item = &'a Variant> {
        self.variants.iter().filter(move |variant| variant.runs_on(task))
    }

    /// The same ablation, which reports how far another variant is from all others.
    ///
    /// # Errors
    /// An input error where there is no such variant.
    pub fn comparing(self, compared: &str) -> Result<Self> {
        if !self.variants.iter().any(|variant| variant.name == compared) {
            let names: Vec<&str> = self.variants.iter().map(|variant| variant.name.as_str()).collect();
            return Err(input_error(format!(
                "--compared {compared}: there is no such [[variant]]; there are {}",
                names.join(", ")
            )));
        }
        Ok(Self { compared: compared.to_owned(), ..self })
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
        self.variants.iter().try_for_each(|variant| variant.check(&self.tasks))?;
        if self.seeds.iter().collect::<HashSet<_>>().len() < self.seeds.len() {
            return Err(input_error("seeds: one occurs twice"));
        }
        Ok(())
    }
}

/// All settings of a run; the variant's win, and of these the ones on this task.
pub(super) fn settings(task: &AblationTask, variant: &Variant) -> Vec<String> {
    let on_task = variant.on.get(&task.name).map_or(&[][..], |on| &on.set);
    [task.set.as_slice(), &variant.set, on_task].concat()
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
        for shipped in ["recipes/ablation.toml", "recipes/ablation-lean.toml", "recipes/ablation-long.toml"] {
            Ablation::load(shipped.as_ref(), None).unwrap();
        }
    }

    #[test]
    fn a_variants_settings_come_after_the_tasks() {
        let ablation = load(GOOD, Some("digits")).unwrap();
        let all = settings(&ablation.tasks[0], &ablation.variants[1]);
        assert_eq!(all, ["train.steps=3", "train.recycled_per_step=0"]);
    }

    /// Two tasks, and a variant that runs on the second alone, with a setting of its own there.
    fn restricted() -> String {
        let task = "[[task]]\nname = \"long\"\nrecipe = \"recipes/digits.toml\"\n[[variant]]";
        let two_tasks = GOOD.replacen("[[variant]]", task, 1);
        two_tasks
            + "tasks = [\"long\"]\n[variant.on.long]\nset = [\"train.recycled_per_step=0\", \"train.steps=5\"]\n"
    }

    #[test]
    fn a_variant_may_run_on_some_tasks_with_settings_of_its_own_there() {
        let ablation = load(&restricted(), None).unwrap();
        let names = |task: usize| -> Vec<&str> {
            ablation.variants_of(&ablation.tasks[task]).map(|variant| variant.name.as_str()).collect()
        };
        assert_eq!((names(0), names(1)), (vec!["spark"], vec!["spark", "grpo"]));
        let all = settings(&ablation.tasks[1], &ablation.variants[1]);
        assert_eq!(all, ["train.recycled_per_step=0", "train.recycled_per_step=0", "train.steps=5"]);
        assert_eq!(settings(&ablation.tasks[0], &ablation.variants[1]).len(), 2, "nothing of the other task");

        let message = |from: &str, to: &str| {
            let text = restricted();
            assert!(text.contains(from));
            format!("{:#}", load(&text.replace(from, to), None).unwrap_err())
        };
        assert!(message("tasks = [\"long\"]", "tasks = [\"chess\"]").contains("\"chess\": there is no such"));
        assert!(message("tasks = [\"long\"]", "tasks = []").contains("it would never run"));
        assert!(message("tasks = [\"long\"]", "tasks = [\"long\", \"long\"]").contains("long occurs twice"));
        let useless = message("tasks = [\"long\"]", "tasks = [\"digits\"]");
        assert!(useless.contains("variant grpo: on.long has no effect: its tasks are digits"), "{useless}");
        assert!(message("train.steps=5", "train.stepps=5").contains("variant grpo"));
    }

    #[test]
    fn another_variant_can_be_compared() {
        let ablation = load(GOOD, None).unwrap();
        assert_eq!(ablation.clone().comparing("grpo").unwrap().compared, "grpo");
        let message = ablation.comparing("x").unwrap_err().to_string();
        assert!(message.contains("--compared x") && message.contains("spark, grpo"), "{message}");
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
