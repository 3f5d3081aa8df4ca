//! Which modules carry adapters, in PEFT's three ways of saying so. Knows names only.

use std::fmt;

use anyhow::Result;
use fancy_regex::Regex;
use serde::{Deserialize, Serialize};

use crate::error::input_error;

const ALL_LINEAR: &str = "all-linear";
const HEAD: &str = "lm_head";

/// Tells whether the module of a path is meant.
pub(super) type Matcher<'a> = Box<dyn Fn(&str) -> bool + 'a>;

/// PEFT's `target_modules`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Targets {
    /// "all-linear", every projection but the head; any other text is a regular expression that a
    /// module's whole path matches.
    Pattern(String),
    /// Names that a module's path ends in.
    Names(Vec<String>),
}

impl Default for Targets {
    fn default() -> Self {
        Self::Pattern(ALL_LINEAR.to_owned())
    }
}

impl fmt::Display for Targets {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pattern(pattern) => write!(formatter, "{pattern:?}"),
            Self::Names(names) => write!(formatter, "{names:?}"),
        }
    }
}

impl Targets {
    /// The test that a module's path has to pass.
    ///
    /// # Errors
    /// When the regular expression is malformed.
    pub fn matcher(&self) -> Result<Matcher<'_>> {
        Ok(match self {
            Self::Pattern(pattern) if pattern == ALL_LINEAR => Box::new(|path| path != HEAD),
            Self::Pattern(pattern) => {
                let whole = Regex::new(&format!("^(?:{pattern})$")).map_err(|error| {
                    input_error(format!("lora.targets: not a regular expression: {error}"))
                })?;
                // A pattern that takes too long to decide matches nothing, which is refused in turn.
                Box::new(move |path| whole.is_match(path).unwrap_or(false))
            }
            Self::Names(names) => Box::new(|path| names.iter().any(|name| ends_in(path, name))),
        })
    }
}

/// Whether `name` is the path or its last parts.
fn ends_in(path: &str, name: &str) -> bool {
    path.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATHS: [&str; 4] = [
        "model.layers.0.self_attn.q_proj",
        "model.layers.1.mlp.up_proj",
        "model.visual.blocks.0.attn.qkv",
        "lm_head",
    ];

    fn matched(targets: &Targets) -> Vec<&'static str> {
        let is_target = targets.matcher().unwrap();
        PATHS.into_iter().filter(|path| is_target(path)).collect()
    }

    #[test]
    fn all_linear_leaves_the_head_out() {
        assert_eq!(matched(&Targets::default()), PATHS[..3]);
    }

    #[test]
    fn names_are_whole_parts_at_the_end() {
        let names = |names: &[&str]| Targets::Names(names.iter().map(|&name| name.to_owned()).collect());
        assert_eq!(matched(&names(&["q_proj", "lm_head"])), [PATHS[0], PATHS[3]]);
        assert_eq!(matched(&names(&["mlp.up_proj", "proj"])), [PATHS[1]]);
    }

    #[test]
    fn a_pattern_matches_the_whole_path() {
        assert_eq!(matched(&Targets::Pattern(r".*layers\.\d+\.(self_attn|mlp)\..*".into())), PATHS[..2]);
        assert_eq!(matched(&Targets::Pattern("q_proj".into())), [""; 0]);
        let error = Targets::Pattern("(".into()).matcher().err().unwrap();
        assert!(error.to_string().contains("lora.targets"), "{error}");
    }
}
