//! The `[verify]` part of a recipe.

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::{
    composition,
    extract::Extractor,
    math::{Limits, Settings},
    remote::RemoteConfig,
    shaping::ShapingConfig,
};
use crate::error::input_error;

/// How responses are checked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct VerifyConfig {
    /// Where answers may stand, tried in this order: "box", "phrase", "latex", "plain". In training a box
    /// alone teaches to give one.
    pub extract: Vec<Extractor>,
    /// The verifier of problems that name none; without one it follows from the answer's shape.
    pub verifier: Option<String>,
    /// A decimal with at least this many places may stand for an exact value that it rounds.
    pub rounding_places: u32,
    /// Whether some of several constraints earn their share of the reward; otherwise it takes all.
    pub partial_credit: bool,
    /// Milliseconds after which a comparison gives up, should its steps not have run out before.
    pub timeout_milliseconds: u64,
    /// Penalties on the form of responses.
    pub shaping: ShapingConfig,
    /// Where rewards from outside of the process come from.
    pub remote: RemoteConfig,
}

impl Default for VerifyConfig {
    fn default() -> Self {
        Self {
            extract: vec![Extractor::Box],
            verifier: None,
            rounding_places: Settings::default().rounding_places,
            partial_credit: false,
            timeout_milliseconds: Limits::default().milliseconds,
            shaping: ShapingConfig::default(),
            remote: RemoteConfig::default(),
        }
    }
}

impl VerifyConfig {
    /// Checks the ranges. Whether the verifiers that it names exist is known only to a
    /// [`Verifier`](super::Verifier), which may have more than those that ship.
    ///
    /// # Errors
    /// Names the first setting that is out of range.
    pub fn check(&self) -> Result<()> {
        if self.extract.is_empty() {
            return Err(input_error("verify.extract = []: name at least one of box, phrase, latex, plain"));
        }
        if self.timeout_milliseconds == 0 {
            return Err(input_error("verify.timeout_milliseconds = 0: must be at least 1"));
        }
        if let Some(names) = &self.verifier {
            composition::parse(names).map_err(|error| input_error(format!("verify.verifier: {error:#}")))?;
        }
        self.shaping.check()?;
        self.remote.check()
    }

    /// What counts as equal mathematics.
    pub(super) fn math(&self) -> Settings {
        let limits = Limits { milliseconds: self.timeout_milliseconds, ..Limits::default() };
        Settings { rounding_places: self.rounding_places, limits }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_is_refused_by_name() {
        let refusal = |text: &str| {
            let config: VerifyConfig = toml::from_str(text).unwrap();
            format!("{:#}", config.check().unwrap_err())
        };
        assert!(refusal("extract = []").contains("verify.extract"));
        assert!(refusal("verifier = 'math=0'").contains("verify.verifier"));
        assert!(refusal("timeout_milliseconds = 0").contains("verify.timeout_milliseconds"));
        assert!(refusal("shaping.format_penalty = -1.0").contains("verify.shaping.format_penalty"));
        assert!(toml::from_str::<VerifyConfig>("extract = ['boxes']").is_err());
        assert!(VerifyConfig::default().check().is_ok());
    }
}
