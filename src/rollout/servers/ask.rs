//! What one prompt's completions are asked by, and how an answer is checked: a server that reads another prompt or says
//! other than it was asked for must not go unnoticed.

use serde_json::Value;

use super::http::CallFailure;
use crate::rollout::{
    completion::{Completion, FinishReason},
    sampling::Sampling,
};

/// A prompt and the completions that are wanted of it, by values that outlive the batch.
#[derive(Debug, Clone)]
pub(super) struct Ask {
    pub prompt: Vec<u32>,
    /// Its pictures, as data URLs.
    pub images: Vec<String>,
    pub sampling: Sampling,
    pub stop_ids: Vec<u32>,
    /// The state of each completion's random numbers.
    pub streams: Vec<u64>,
    /// What the weights are called that it is to be sampled from; `None` where any will do.
    pub version: Option<String>,
}

impl Ask {
    /// How many completions are wanted.
    pub(super) fn completions(&self) -> usize {
        self.streams.len()
    }

    /// A seed for a server that has random numbers of its own.
    pub(super) fn seed(&self) -> u64 {
        // What JSON numbers hold everywhere.
        self.streams.first().copied().unwrap_or(0) >> 11
    }
}

/// A completion as a server tells it.
#[derive(Debug, Clone, Default)]
pub(super) struct ToldCompletion {
    /// The prompt that it read, where it tells.
    pub prompt: Option<Vec<u32>>,
    pub token_ids: Vec<u32>,
    pub logprobs: Vec<f32>,
    /// `stop`, `length`, or why else it ended.
    pub finish_reason: String,
    /// What the server calls the weights that sampled it, where it tells.
    pub version: Option<String>,
}

/// The completions of an answer, once they are found to be what was asked for.
pub(super) fn checked(
    ask: &Ask,
    told: Vec<ToldCompletion>,
    url: &str,
) -> Result<Vec<Completion>, CallFailure> {
    let lasting = |message: String| Err(CallFailure::Lasting(format!("{url} {message}")));
    if told.len() != ask.completions() {
        return lasting(format!("tells {} completions where {} are wanted", told.len(), ask.completions()));
    }
    let mut completions = Vec::with_capacity(told.len());
    for ToldCompletion { prompt, token_ids, logprobs, finish_reason, version } in told {
        if let (Some(wanted), Some(other)) = (&ask.version, version)
            && *wanted != other
        {
            return Err(CallFailure::Passing(format!(
                "{url} sampled from the weights {other:?} where {wanted:?} are wanted: the completion is dropped"
            )));
        }
        if prompt.is_some_and(|prompt| prompt != ask.prompt) {
            return lasting(
                "reads the prompt as other tokens: it serves another model or tokenizer".to_owned(),
            );
        }
        let ends = token_ids.last().is_some_and(|id| ask.stop_ids.contains(id));
        let finish_reason = match finish_reason.as_str() {
            "length" => FinishReason::Length,
            "stop" if ends => FinishReason::Stop,
            "stop" => {
                return lasting(
                    "ends a completion with a token that ends none here: start it on the run's own model"
                        .to_owned(),
                );
            }
            other => return Err(CallFailure::Passing(format!("{url} gave a completion up ({other})"))),
        };
        if token_ids.is_empty() || token_ids.len() != logprobs.len() {
            let (tokens, logprobs) = (token_ids.len(), logprobs.len());
            return lasting(format!(
                "tells {tokens} tokens and {logprobs} log-probabilities of a completion"
            ));
        }
        completions.push(Completion { token_ids, logprobs, finish_reason });
    }
    Ok(completions)
}

/// A list of token ids.
pub(super) fn ids(value: &Value) -> Option<Vec<u32>> {
    value.as_array()?.iter().map(|id| u32::try_from(id.as_u64()?).ok()).collect()
}

/// A list of log-probabilities.
pub(super) fn numbers(value: &Value) -> Option<Vec<f32>> {
    value.as_array()?.iter().map(|number| Some(number.as_f64()? as f32)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask() -> Ask {
        Ask {
            prompt: vec![1, 2],
            images: vec![],
            sampling: Sampling::greedy(3),
            stop_ids: vec![9],
            streams: vec![5],
            version: Some("2".to_owned()),
        }
    }

    fn told(token_ids: &[u32], finish_reason: &str) -> ToldCompletion {
        ToldCompletion {
            prompt: Some(vec![1, 2]),
            token_ids: token_ids.to_vec(),
            logprobs: vec![-0.5; token_ids.len()],
            finish_reason: finish_reason.to_owned(),
            version: None,
        }
    }

    #[test]
    fn an_answer_is_what_was_asked_for() {
        let whole = checked(&ask(), vec![told(&[4, 9], "stop")], "u").unwrap();
        assert_eq!(
            (whole[0].token_ids.as_slice(), whole[0].finish_reason),
            (&[4, 9][..], FinishReason::Stop)
        );
        let cut = checked(&ask(), vec![told(&[4, 5, 6], "length")], "u").unwrap();
        assert_eq!(cut[0].finish_reason, FinishReason::Length);
    }

    #[test]
    fn any_other_answer_is_refused_and_one_that_was_given_up_is_asked_for_again() {
        let lasting = |told: Vec<ToldCompletion>| match checked(&ask(), told, "u") {
            Err(CallFailure::Lasting(message)) => message,
            other => panic!("{other:?}"),
        };
        assert!(lasting(vec![]).contains("0 completions"));
        let other_prompt = ToldCompletion { prompt: Some(vec![1, 3]), ..told(&[9], "stop") };
        assert!(lasting(vec![other_prompt]).contains("another model"));
        assert!(lasting(vec![told(&[4], "stop")]).contains("ends none here"));
        assert!(
            lasting(vec![ToldCompletion { logprobs: vec![], ..told(&[9], "stop") }])
                .contains("0 log-probabilities")
        );
        let of_version = |version: &str| {
            checked(
                &ask(),
                vec![ToldCompletion { version: Some(version.to_owned()), ..told(&[9], "stop") }],
                "u",
            )
        };
        assert!(of_version("2").is_ok());
        assert!(matches!(of_version("1..2"), Err(CallFailure::Passing(message)) if message.contains("1..2")));
        let aborted = checked(&ask(), vec![told(&[4], "abort")], "u");
        assert!(matches!(aborted, Err(CallFailure::Passing(_))));
    }
}
