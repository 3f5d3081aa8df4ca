//! What a sampler returns for one prompt and one random stream: tokens only, no text and no verdict.

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::error::NotFinite;

/// Why a completion ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FinishReason {
    /// The model emitted a stop token.
    Stop,
    /// The token limit cut it off.
    Length,
}

/// The tokens that were sampled after a prompt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Completion {
    /// The sampled tokens; a final stop token is included.
    pub token_ids: Vec<u32>,
    /// Natural log-probability of each token at the sampling temperature, before penalties, top-k and top-p; as many
    /// as there are tokens.
    pub logprobs: Vec<f32>,
    pub finish_reason: FinishReason,
}

impl Completion {
    /// Refuses what was drawn from scores that are no numbers.
    ///
    /// # Errors
    /// A [`NotFinite`] that names the token.
    pub fn check_finite(&self) -> Result<()> {
        match self.logprobs.iter().position(|logprob| !logprob.is_finite()) {
            None => Ok(()),
            Some(place) => Err(NotFinite(format!(
                "the log-probability of sampled token {} is {}: the model's scores are not finite, so its weights are \
                 broken or too large for what it computes in",
                place + 1,
                self.logprobs[place]
            ))
            .into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_without_a_probability_is_refused_by_its_place() {
        let of = |logprobs: &[f32]| Completion {
            token_ids: vec![1; logprobs.len()],
            logprobs: logprobs.to_vec(),
            finish_reason: FinishReason::Stop,
        };
        assert!(of(&[0.0, -80.0]).check_finite().is_ok());
        for broken in [f32::NAN, f32::NEG_INFINITY, f32::INFINITY] {
            let error = of(&[-1.0, broken]).check_finite().unwrap_err();
            assert!(error.is::<NotFinite>() && error.to_string().contains("token 2 is"), "{error}");
        }
    }
}
