//! The bodies of requests as clients write them.

use serde::Deserialize;
use serde_json::{Map, Value};

/// `POST /v1/chat/completions`.
#[derive(Debug, Deserialize)]
pub(in crate::serve) struct ChatBody {
    pub messages: Vec<Value>,
    /// Whether log-probabilities are wanted.
    pub logprobs: Option<bool>,
    pub top_logprobs: Option<usize>,
    #[serde(flatten)]
    pub common: CommonFields,
}

/// `POST /v1/completions`.
#[derive(Debug, Deserialize)]
pub(in crate::serve) struct CompletionBody {
    pub prompt: TextOrTokens,
    /// How many of the likeliest tokens are wanted beside each; only 0 can be had, which is the token itself.
    pub logprobs: Option<usize>,
    pub echo: Option<bool>,
    /// Images that stand in the prompt's tokens, as data URLs.
    #[serde(default)]
    pub images: Vec<String>,
    #[serde(flatten)]
    pub common: CommonFields,
}

/// One prompt or several, as text or as token ids.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(in crate::serve) enum TextOrTokens {
    Text(String),
    Tokens(Vec<u32>),
    Texts(Vec<String>),
    ManyTokens(Vec<Vec<u32>>),
}

/// What both kinds of requests may say.
#[derive(Debug, Default, Deserialize)]
pub(in crate::serve) struct CommonFields {
    pub model: Option<String>,
    pub n: Option<usize>,
    pub temperature: Option<f64>,
    pub top_p: Option<f64>,
    /// -1 and 0 keep all tokens.
    pub top_k: Option<i64>,
    pub repetition_penalty: Option<f64>,
    pub max_tokens: Option<usize>,
    pub max_completion_tokens: Option<usize>,
    pub stop: Option<OneOrMany>,
    pub stop_token_ids: Option<Vec<u32>>,
    pub ignore_eos: Option<bool>,
    pub seed: Option<i64>,
    /// The state of each completion's random numbers, in hexadecimal, as another spark sends it.
    pub streams: Option<Vec<String>>,
    pub stream: Option<bool>,
    pub stream_options: Option<StreamOptions>,
    pub return_token_ids: Option<bool>,
    /// Whatever else there is.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

#[derive(Debug, Default, Deserialize)]
pub(in crate::serve) struct StreamOptions {
    pub include_usage: Option<bool>,
}

/// `"a"` or `["a", "b"]`.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(in crate::serve) enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    pub(super) fn into_vec(self) -> Vec<String> {
        match self {
            Self::One(text) => vec![text],
            Self::Many(texts) => texts,
        }
    }
}

/// Fields that change no answer.
const WITHOUT_EFFECT: [&str; 6] =
    ["user", "metadata", "store", "service_tier", "safety_identifier", "prompt_cache_key"];

/// Fields that ask for nothing where they have this value.
fn is_neutral(name: &str, value: &Value) -> bool {
    match name {
        "frequency_penalty" | "presence_penalty" | "min_p" | "min_tokens" => value.as_f64() == Some(0.0),
        "best_of" | "length_penalty" => value.as_f64() == Some(1.0),
        "logit_bias" => value.as_object().is_some_and(Map::is_empty),
        "tools" | "modalities" => value.as_array().is_some_and(Vec::is_empty),
        "tool_choice" => value == "none",
        "response_format" => value["type"] == "text",
        "use_beam_search" | "parallel_tool_calls" | "add_special_tokens" => value == false,
        "skip_special_tokens" | "add_generation_prompt" => value == true,
        "suffix" => value == "",
        _ => false,
    }
}

impl CommonFields {
    /// A field that is not understood and would change the answer.
    pub(super) fn unsupported(&self) -> Option<&str> {
        let asks = |(name, value): &(&String, &Value)| {
            !value.is_null() && !WITHOUT_EFFECT.contains(&name.as_str()) && !is_neutral(name, value)
        };
        self.rest.iter().find(asks).map(|(name, _)| name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn unsupported(more: &Value) -> Option<String> {
        let mut body = json!({"messages": [], "temperature": 0.5});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let body: ChatBody = serde_json::from_value(body).unwrap();
        body.common.unsupported().map(str::to_owned)
    }

    #[test]
    fn what_would_change_the_answer_and_is_not_understood_is_found() {
        for understood in [
            json!({}),
            json!({"user": "me", "tools": null, "frequency_penalty": 0, "n": 2}),
            json!({"response_format": {"type": "text"}, "presence_penalty": 0.0, "logit_bias": {}}),
        ] {
            assert_eq!(unsupported(&understood), None, "{understood}");
        }
        for (name, value) in [
            ("frequency_penalty", json!(0.5)),
            ("tools", json!([{}])),
            ("response_format", json!({"type": "json_object"})),
            ("temprature", json!(0)),
        ] {
            assert_eq!(unsupported(&json!({ name: value })).as_deref(), Some(name));
        }
    }

    #[test]
    fn prompts_are_texts_or_token_ids_one_or_several() {
        let read = |value: Value| {
            serde_json::from_value::<CompletionBody>(json!({"prompt": value})).map(|body| body.prompt)
        };
        assert!(matches!(read(json!("a")), Ok(TextOrTokens::Text(_))));
        assert!(matches!(read(json!([1, 2])), Ok(TextOrTokens::Tokens(_))));
        assert!(matches!(read(json!(["a"])), Ok(TextOrTokens::Texts(_))));
        assert!(matches!(read(json!([[1], [2]])), Ok(TextOrTokens::ManyTokens(_))));
        assert!(read(json!([-1])).is_err() && read(json!({})).is_err());
    }
}
