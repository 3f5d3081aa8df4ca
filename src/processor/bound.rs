//! How long prompts may be, and what is wrong with a text that no prompt can hold.

use std::fmt;

use anyhow::Result;

use crate::{error::input_error, model::ModelConfig};

/// The most tokens of a prompt, images included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromptBound {
    pub tokens: usize,
    /// What says so, and what is to be done about a longer one.
    pub because: String,
}

impl PromptBound {
    /// All of a model's positions; `None` for a model that does not say how many it has.
    pub(super) fn of_positions(config: &ModelConfig) -> Option<Self> {
        let tokens = config.text.max_position_embeddings?;
        let because =
            format!("the model reads {tokens} tokens (max_position_embeddings); shorten the prompt");
        Some(Self { tokens, because })
    }

    /// What a model's positions leave for a prompt beside `new_tokens` of a completion; `None` for a model that does
    /// not say how many it has. `setting` is what asks for so many.
    ///
    /// # Errors
    /// When nothing is left; the message names the setting.
    pub fn of_model(config: &ModelConfig, new_tokens: usize, setting: &str) -> Result<Option<Self>> {
        let Some(most) = config.text.max_position_embeddings else { return Ok(None) };
        let tokens = most.checked_sub(new_tokens).filter(|&tokens| tokens > 0).ok_or_else(|| {
            input_error(format!(
                "{setting} = {new_tokens}: the model reads at most {most} tokens (max_position_embeddings of its config.json), prompt included; lower it"
            ))
        })?;
        let because = format!(
            "the model reads {most} tokens (max_position_embeddings), of which {setting} takes {new_tokens}; shorten the prompt"
        );
        Ok(Some(Self { tokens, because }))
    }

    /// # Errors
    /// An [`UnfitText`] and an input error with the remedy, for a prompt of more tokens.
    pub(super) fn check(&self, tokens: usize) -> Result<()> {
        match tokens > self.tokens {
            true => {
                Err(input_error(self.because.clone()).context(UnfitText::Long { tokens, most: self.tokens }))
            }
            false => Ok(()),
        }
    }
}

/// Why no prompt holds a text. An error that has this in its chain is about the text alone, so that a text that a model
/// has written, as recycled problems show, may be left out and counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnfitText {
    /// It spells out a special token.
    SpecialToken(String),
    /// Its prompt is too long.
    Long {
        /// Tokens that it has.
        tokens: usize,
        /// Tokens that it may have.
        most: usize,
    },
}

impl fmt::Display for UnfitText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SpecialToken(token) => {
                write!(formatter, r#"its text contains the special token "{token}""#)
            }
            Self::Long { tokens, most } => {
                write!(formatter, "its prompt has {tokens} tokens, and at most {most} are read")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::error::is_input_error;

    fn model(positions: Option<usize>) -> ModelConfig {
        ModelConfig::from_json(&json!({"model_type": "qwen2", "vocab_size": 10, "hidden_size": 8,
            "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 1,
            "rms_norm_eps": 1e-6, "max_position_embeddings": positions}))
        .unwrap()
    }

    #[test]
    fn what_completions_take_of_the_positions_is_not_left_for_prompts() {
        let bound = |positions, new| PromptBound::of_model(&model(positions), new, "train.max_new_tokens");
        let found = bound(Some(100), 40).unwrap().unwrap();
        assert_eq!(found.tokens, 60);
        assert!(found.check(60).is_ok());
        let error = found.check(61).unwrap_err();
        assert!(is_input_error(&error));
        assert_eq!(error.downcast_ref(), Some(&UnfitText::Long { tokens: 61, most: 60 }));
        let message = format!("{error:#}");
        assert!(message.contains("61 tokens") && message.contains("max_position_embeddings"), "{message}");
        assert!(bound(None, 40).unwrap().is_none());
        assert_eq!(PromptBound::of_positions(&model(Some(100))).unwrap().tokens, 100);
        let message = bound(Some(40), 40).unwrap_err().to_string();
        assert!(message.contains("train.max_new_tokens = 40"), "{message}");
    }
}
