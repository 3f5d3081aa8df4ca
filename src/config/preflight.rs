//! The `[preflight]` part of a recipe: what is tried before the first step.

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::error::input_error;

/// The `[preflight]` part of a recipe.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PreflightConfig {
    /// Whether a new run samples a few problems before its first step, and says what will not work.
    pub on: bool,
    /// Whether a run that cannot learn anything, and would take minutes or longer, is refused.
    pub refuse: bool,
    /// Problems that are tried, at most; never more than a step has.
    pub problems: usize,
    /// The second half of the problems is left out where the first half takes more than a third of this, in seconds.
    pub seconds: f64,
}

impl Default for PreflightConfig {
    fn default() -> Self {
        Self { on: true, refuse: true, problems: 8, seconds: 30.0 }
    }
}

impl PreflightConfig {
    /// Refuses settings that cannot be meant.
    ///
    /// # Errors
    /// An input error that names the setting.
    pub fn check(&self) -> Result<()> {
        if self.problems == 0 {
            return Err(input_error(
                "preflight.problems = 0: must be at least 1; preflight.on=false tries none",
            ));
        }
        if !(self.seconds.is_finite() && self.seconds >= 0.0) {
            return Err(input_error(format!(
                "preflight.seconds = {}: must be a number of at least 0",
                self.seconds
            )));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_meant_is_refused_by_name() {
        let refusal = |text: &str| {
            let config: PreflightConfig = toml::from_str(text).unwrap();
            config.check().unwrap_err().to_string()
        };
        assert!(refusal("problems = 0").starts_with("preflight.problems = 0"));
        assert!(refusal("seconds = -1.0").starts_with("preflight.seconds = -1"));
        assert!(refusal("seconds = nan").starts_with("preflight.seconds = NaN"));
        assert!(PreflightConfig::default().check().is_ok());
    }
}
