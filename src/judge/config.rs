//! The `[judge]` part of a recipe: how problems about answers are worded.

use std::{fmt, fs, path::PathBuf};

use anyhow::Result;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};

use super::prompts::{JudgePrompts, WORDINGS};
use crate::error::input_error;

/// How problems about answers are asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct JudgeConfig {
    /// The wordings: a file, or a table of what would stand in one. Left out, those that ship. A run keeps the
    /// contents, so that it does not depend on the file any longer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompts: Option<PromptSource>,
}

/// Where wordings come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum PromptSource {
    File(PathBuf),
    Here(JudgePrompts),
}

impl JudgeConfig {
    /// The same settings with the contents of the file that they name in place of its name.
    ///
    /// # Errors
    /// Input errors that name the file, and the line where one is wrong.
    pub fn with_contents(self) -> Result<Self> {
        let Some(PromptSource::File(path)) = &self.prompts else { return Ok(self) };
        let text = fs::read_to_string(path).map_err(|error| {
            input_error(format!("judge.prompts = {:?}: cannot read it ({error})", path.display().to_string()))
        })?;
        let prompts = toml::from_str(&text)
            .map_err(|error| input_error(format!("judge.prompts: {}: {error}", path.display())))?;
        Ok(Self { prompts: Some(PromptSource::Here(prompts)) })
    }

    /// The wordings: those that are set, or those that ship. A file that was not read yet counts as not set.
    pub fn prompts(&self) -> &JudgePrompts {
        match &self.prompts {
            Some(PromptSource::Here(prompts)) => prompts,
            Some(PromptSource::File(_)) | None => JudgePrompts::built_in(),
        }
    }

    /// # Errors
    /// Where more wordings are asked for than there are of any kind, or a reply is asked for in a form that nothing
    /// reads: `reads_boxes_only` says that answers are looked for in boxes and nowhere else.
    pub fn check(&self, wordings: usize, reads_boxes_only: bool) -> Result<()> {
        // Fewer than ship are no mistake: then all of a kind's are used.
        let most = self.prompts().most_trained().max(WORDINGS);
        if !(1..=most).contains(&wordings) {
            return Err(input_error(format!(
                "recycle.wordings = {wordings}: must be 1 to {most}, the wordings there are"
            )));
        }
        match self.prompts().without_box().filter(|_| reads_boxes_only) {
            None => Ok(()),
            Some(name) => Err(input_error(format!(
                "judge.prompts: {name}: its last line does not ask for \\boxed{{…}}, and verify.extract reads boxes alone: no reply could be read; ask for a box, or add \"phrase\" and \"plain\" to verify.extract"
            ))),
        }
    }

    /// Says which kinds have fewer trained wordings than `wordings`, or more than are used; `None` where there is
    /// nothing to say.
    pub fn bounds(&self, wordings: usize) -> Option<String> {
        self.prompts.as_ref()?;
        let counts = self.prompts().counts();
        let other: Vec<String> = counts
            .into_iter()
            .filter(|(_, trained)| *trained != wordings)
            .map(|(kind, trained)| format!("{kind} has {trained} and uses {}", trained.min(wordings)))
            .collect();
        (!other.is_empty()).then(|| {
            format!("judge.prompts, trained wordings: {} (recycle.wordings = {wordings})", other.join(", "))
        })
    }
}

impl<'de> Deserialize<'de> for PromptSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FileOrTable;

        impl<'de> Visitor<'de> for FileOrTable {
            type Value = PromptSource;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a file of judge prompts, or a table of them")
            }

            fn visit_str<E>(self, path: &str) -> Result<PromptSource, E> {
                Ok(PromptSource::File(path.into()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<PromptSource, A::Error> {
                JudgePrompts::deserialize(MapAccessDeserializer::new(map)).map(PromptSource::Here)
            }
        }

        deserializer.deserialize_any(FileOrTable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<JudgeConfig> {
        toml::from_str::<JudgeConfig>(text)?.with_contents()
    }

    #[test]
    fn a_file_and_a_table_mean_the_same_and_are_kept_as_a_table() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("prompts.toml");
        fs::write(&path, "pointwise.trained = ['{question} {answer}? \\boxed{}']").unwrap();
        let from_file = read(&format!("prompts = '{}'", path.display())).unwrap();
        let here = read("prompts.pointwise.trained = ['{question} {answer}? \\boxed{}']").unwrap();
        assert_eq!(from_file, here);
        assert_eq!(from_file.prompts().pointwise("1?", "2", true, 0).prompt, "1? 2? \\boxed{}");
        let written = toml::to_string(&from_file).unwrap();
        fs::remove_file(&path).unwrap();
        assert_eq!(read(&written).unwrap(), from_file);
        assert_eq!(read("").unwrap().prompts(), JudgePrompts::built_in());
    }

    #[test]
    fn a_file_that_is_missing_or_wrong_is_told_with_its_name_and_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("prompts.toml");
        let message = || read(&format!("prompts = '{}'", path.display())).unwrap_err().to_string();
        assert!(message().contains("prompts.toml") && message().contains("cannot read"), "{}", message());
        fs::write(&path, "[pointwise]\ntrained = [\n'{question} {answer}',\n'{question} {anser}']").unwrap();
        assert!(message().contains("prompts.toml") && message().contains("line 2"), "{}", message());
        assert!(read("prompts = 7").unwrap_err().to_string().contains("a file of judge prompts"));
    }

    #[test]
    fn wordings_that_nothing_reads_and_too_many_are_refused() {
        let config = read("prompts.pointwise.trained = ['{question} {answer}? Yes or No.']").unwrap();
        let message = config.check(8, true).unwrap_err().to_string();
        assert!(
            message.contains("pointwise.trained, wording 1") && message.contains("verify.extract"),
            "{message}"
        );
        config.check(8, false).unwrap();
        assert!(config.check(9, false).unwrap_err().to_string().contains("must be 1 to 8"));
        assert!(config.check(0, false).is_err());
        JudgeConfig::default().check(8, true).unwrap();
        let said = config.bounds(8).unwrap();
        assert!(said.contains("pointwise has 1 and uses 1") && !said.contains("pairwise"), "{said}");
        assert_eq!((config.bounds(1).is_some(), JudgeConfig::default().bounds(3)), (true, None));
    }
}
