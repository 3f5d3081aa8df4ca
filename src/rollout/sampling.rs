//! The sampling parameters: a value that every request carries.

use serde::{Deserialize, Serialize};

use crate::processor::GenerationDefaults;

/// The token limit of a model that states none.
const DEFAULT_MAX_NEW_TOKENS: usize = 512;

/// How tokens are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Sampling {
    /// Divides the scores; 0 takes the most likely token.
    pub temperature: f64,
    /// Keeps the fewest most likely tokens whose probabilities reach this sum; 1 keeps all.
    pub top_p: f64,
    /// Keeps this many most likely tokens; 0 keeps all.
    pub top_k: usize,
    /// Divides positive scores of tokens that the prompt or completion holds already, and multiplies
    /// negative ones (arXiv 1909.05858); 1 leaves them alone.
    pub repetition_penalty: f64,
    /// A completion is cut off after this many tokens.
    pub max_new_tokens: usize,
}

impl Sampling {
    /// The most likely token every time.
    pub fn greedy(max_new_tokens: usize) -> Self {
        Self { temperature: 0.0, top_p: 1.0, top_k: 0, repetition_penalty: 1.0, max_new_tokens }
    }

    /// How a model is meant to be sampled: its own settings, and plain sampling where it has no opinion.
    pub fn of_model(defaults: &GenerationDefaults) -> Self {
        Self {
            temperature: defaults.temperature(),
            top_p: defaults.top_p.unwrap_or(1.0),
            top_k: defaults.top_k.unwrap_or(0),
            repetition_penalty: defaults.repetition_penalty.unwrap_or(1.0),
            max_new_tokens: defaults.max_new_tokens.unwrap_or(DEFAULT_MAX_NEW_TOKENS),
        }
    }

    /// Whether tokens that have occurred are held back.
    pub(super) fn penalises(&self) -> bool {
        self.repetition_penalty != 1.0
    }
}
