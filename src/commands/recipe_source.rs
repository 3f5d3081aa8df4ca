//! Which recipe a command takes: the one that is named, or the one that suits what is set.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::{
    cli::{DEFAULT_RECIPE, RecipeArgs},
    config::{RecipeText, value_set},
    error::input_error,
};

/// Where a recipe comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RecipeSource {
    /// A file that is named, or the default run's.
    File(PathBuf),
    /// The built-in one, for a model and data from outside.
    Base,
}

impl RecipeSource {
    /// The recipe that is named. Without one: the built-in one where both model and data are set, else the default
    /// run's.
    pub(super) fn of(args: &RecipeArgs) -> Self {
        let is_set = |key: &str| value_set(&args.settings, key).is_some();
        match &args.recipe {
            Some(file) => Self::File(file.clone()),
            None if is_set("model.path") && is_set("data.train") => Self::Base,
            None => Self::File(DEFAULT_RECIPE.into()),
        }
    }

    /// What runs by it are called: the recipe's name, or the model's.
    pub(super) fn run_name(&self, args: &RecipeArgs) -> String {
        let stem = |path: &Path| path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        let name = match self {
            Self::File(file) => stem(file),
            Self::Base => value_set(&args.settings, "model.path").and_then(model_name),
        };
        name.unwrap_or_else(|| "run".to_owned())
    }

    pub(super) fn read(&self) -> Result<RecipeText> {
        match self {
            Self::File(file) => RecipeText::from_file(file),
            Self::Base => Ok(RecipeText::base()),
        }
    }

    /// Refuses a run that would be measured on problems that have nothing to do with it.
    ///
    /// # Errors
    /// An input error that names the setting.
    pub(super) fn check_measured(&self, args: &RecipeArgs) -> Result<()> {
        match self {
            Self::Base if value_set(&args.settings, "data.test").is_none() => Err(input_error(
                "data.test is not set: name held-out problems, too, with --set data.test=FILE; they are what the run \
                 is measured by",
            )),
            _ => Ok(()),
        }
    }

    /// What to tell of a recipe that nobody has named, where something is set that it may not suit.
    pub(super) fn note(&self, args: &RecipeArgs) -> Option<String> {
        let missing = |key: &str| value_set(&args.settings, key).is_none();
        match self {
            Self::Base => Some(format!(
                "no --recipe is named: taking {}, for a model and data from outside (docs/first-run.md)",
                RecipeText::base().name()
            )),
            Self::File(_) if args.recipe.is_some() || (missing("model.path") && missing("data.train")) => {
                None
            }
            Self::File(file) => Some(format!(
                "no --recipe is named, and {} is not set: taking {}, whose learning rate and lengths are for its own \
                 small model",
                if missing("model.path") { "model.path" } else { "data.train" },
                file.display()
            )),
        }
    }
}

/// The last part of a model's path or name.
fn model_name(path: &str) -> Option<String> {
    let path = Path::new(path.trim_matches(['"', '\'']));
    path.file_name().map(|name| name.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(recipe: Option<&str>, settings: &[&str]) -> RecipeArgs {
        let settings = settings.iter().map(|&setting| setting.to_owned()).collect();
        RecipeArgs { recipe: recipe.map(PathBuf::from), settings }
    }

    const OUTSIDE: [&str; 2] = ["model.path=\"some/SmolLM2-1.7B\"", "data.train=mine.jsonl"];

    #[test]
    fn a_model_and_data_from_outside_do_not_inherit_the_default_runs_settings() {
        let source = |args: &RecipeArgs| RecipeSource::of(args);
        let default = RecipeSource::File(DEFAULT_RECIPE.into());
        assert_eq!(source(&args(None, &OUTSIDE)), RecipeSource::Base);
        assert_eq!(source(&args(None, &["train.steps=3"])), default);
        assert_eq!(source(&args(None, &OUTSIDE[..1])), default);
        let named = args(Some("mine.toml"), &OUTSIDE);
        assert_eq!(
            (source(&named), source(&named).note(&named)),
            (RecipeSource::File("mine.toml".into()), None)
        );
    }

    #[test]
    fn what_is_taken_is_said_where_it_may_not_be_meant() {
        let note = |settings: &[&str]| {
            let args = args(None, settings);
            RecipeSource::of(&args).note(&args)
        };
        assert_eq!(note(&["train.steps=3"]), None);
        assert!(note(&OUTSIDE).unwrap().contains("recipes/base.toml"));
        assert!(note(&OUTSIDE[..1]).unwrap().contains("data.train is not set: taking recipes/digits.toml"));
        assert!(note(&OUTSIDE[1..]).unwrap().contains("model.path is not set"));
    }

    #[test]
    fn runs_are_called_by_their_recipe_or_model_and_need_held_out_problems() {
        let outside = args(None, &OUTSIDE);
        let base = RecipeSource::of(&outside);
        assert_eq!(base.run_name(&outside), "SmolLM2-1.7B");
        assert!(base.check_measured(&outside).unwrap_err().to_string().contains("data.test is not set"));
        let measured = args(None, &[OUTSIDE[0], OUTSIDE[1], "data.test=held-out.jsonl"]);
        assert!(base.check_measured(&measured).is_ok());
        let named = args(Some("recipes/calculations.toml"), &[]);
        assert_eq!(RecipeSource::of(&named).run_name(&named), "calculations");
    }
}
