//! Reward functions in Python, for the commands that judge without a recipe.

use clap::Args;

use crate::verify::VerifyConfig;

#[derive(Debug, Clone, Args)]
pub struct PythonArgs {
    /// A reward function by TRL's convention, which judges what names no verifier; may be repeated, then with weights
    /// as in reward.py:correct=0.8
    #[arg(long = "python", value_name = "FILE:FUNCTION")]
    pub functions: Vec<String>,
    /// The interpreter that runs it [default: python3]
    #[arg(long = "python-executable", requires = "functions", value_name = "PROGRAM")]
    pub executable: Option<String>,
    /// The functions take lists of chat messages instead of texts
    #[arg(long = "python-messages", requires = "functions")]
    pub messages: bool,
}

impl PythonArgs {
    /// The settings with these functions.
    pub fn applied_to(&self, config: VerifyConfig) -> VerifyConfig {
        VerifyConfig {
            python: self.functions.clone(),
            python_executable: self.executable.clone().unwrap_or(config.python_executable),
            python_messages: self.messages,
            ..config
        }
    }
}
