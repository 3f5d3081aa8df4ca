//! What a client wishes for, checked: how tokens are drawn, and how the answer is written.

use super::fields::{CommonFields, OneOrMany};
use crate::{
    processor::Processor,
    random::{Stream, hash_text},
    rollout::Sampling,
    serve::{api_error::ApiError, options::ServeLimits},
};

/// Texts that end a completion: so many at most, each of so many bytes.
const MOST_STOPS: usize = 16;
const LONGEST_STOP: usize = 256;

/// How tokens are drawn for each prompt of a request.
#[derive(Debug, Clone)]
pub(in crate::serve) struct Wishes {
    /// Completions of each prompt.
    pub completions: usize,
    /// Its limit on tokens is what the client asks for, or `None`.
    pub sampling: Sampling,
    pub max_tokens: Option<usize>,
    pub stop_ids: Vec<u32>,
    /// Texts that end a completion before they are said.
    pub stops: Vec<String>,
    seed: u64,
    streams: Option<Vec<Stream>>,
}

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::serve) struct ResponseOptions {
    pub logprobs: bool,
    pub token_ids: bool,
    /// As server-sent events.
    pub stream: bool,
    /// Whether the last event counts tokens.
    pub stream_usage: bool,
}

impl ResponseOptions {
    pub(in crate::serve) fn of(common: &CommonFields, logprobs: bool) -> Self {
        let usage = common.stream_options.as_ref().and_then(|options| options.include_usage);
        Self {
            logprobs,
            token_ids: common.return_token_ids == Some(true),
            stream: common.stream == Some(true),
            stream_usage: usage == Some(true),
        }
    }
}

impl Wishes {
    /// What the fields ask for; what they leave out is as the model is meant to be sampled. `chance` is the seed of a
    /// client that gives none.
    ///
    /// # Errors
    /// Names the field that is out of range or not understood.
    pub(in crate::serve) fn read(
        common: &mut CommonFields,
        processor: &Processor,
        limits: &ServeLimits,
        chance: u64,
    ) -> Result<Self, ApiError> {
        if let Some(name) = common.unsupported() {
            return Err(ApiError::of(name, format!("{name:?} is not supported here; leave it out")));
        }
        let sampling = sampling(common, processor)?;
        let completions = common.n.unwrap_or(1);
        if !(1..=limits.completions).contains(&completions) {
            return Err(ApiError::of("n", format!("n = {completions}: from 1 to {}", limits.completions)));
        }
        let max_tokens = common.max_completion_tokens.or(common.max_tokens);
        if max_tokens == Some(0) {
            return Err(ApiError::of("max_tokens", "max_tokens = 0: must be at least 1"));
        }
        let mut stop_ids = common.stop_token_ids.take().unwrap_or_default();
        if common.ignore_eos != Some(true) {
            stop_ids.extend(processor.eos_token_ids());
        }
        let seed = common.seed.map_or(chance, |seed| hash_text("seed") ^ seed as u64);
        let streams = common.streams.take().map(read_streams).transpose()?;
        if streams.as_ref().is_some_and(|streams| streams.len() != completions) {
            return Err(ApiError::of(
                "streams",
                format!("there must be one for each of the {completions} completions"),
            ));
        }
        Ok(Self {
            completions,
            sampling,
            max_tokens,
            stop_ids,
            stops: stops(common.stop.take())?,
            seed,
            streams,
        })
    }

    /// Where the random numbers of a prompt's completions come from.
    pub(in crate::serve) fn streams(&self, prompt: usize) -> Vec<Stream> {
        let own = |sample| Stream::new(&[self.seed, prompt as u64, sample as u64]);
        self.streams.clone().unwrap_or_else(|| (0..self.completions).map(own).collect())
    }

    /// The sampling of a prompt of so many tokens.
    ///
    /// # Errors
    /// Where prompt and completion are longer together than is served; without a wish, the completion takes what is left.
    pub(in crate::serve) fn within(
        &self,
        prompt_tokens: usize,
        limits: &ServeLimits,
        unasked: usize,
    ) -> Result<Sampling, ApiError> {
        let left = limits.model_tokens.saturating_sub(prompt_tokens);
        let wanted = self.max_tokens.unwrap_or(unasked.min(left)).max(1);
        if wanted > left {
            return Err(ApiError::of(
                "max_tokens",
                format!(
                    "the prompt has {prompt_tokens} tokens and {wanted} are to follow; this server's maximum context \
                     length is {} tokens",
                    limits.model_tokens
                ),
            ));
        }
        Ok(Sampling { max_new_tokens: wanted, ..self.sampling })
    }
}

fn sampling(common: &CommonFields, processor: &Processor) -> Result<Sampling, ApiError> {
    let own = Sampling::of_model(&processor.generation());
    let top_k = match common.top_k {
        None => own.top_k,
        Some(-1 | 0) => 0,
        Some(k) => {
            usize::try_from(k).map_err(|_| ApiError::of("top_k", format!("top_k = {k}: at least -1")))?
        }
    };
    let sampling = Sampling {
        temperature: common.temperature.unwrap_or(own.temperature),
        top_p: common.top_p.unwrap_or(own.top_p),
        top_k,
        repetition_penalty: common.repetition_penalty.unwrap_or(own.repetition_penalty),
        max_new_tokens: own.max_new_tokens,
    };
    let out_of_range = [
        ("temperature", sampling.temperature, (0.0..=100.0).contains(&sampling.temperature), "from 0 to 100"),
        ("top_p", sampling.top_p, sampling.top_p > 0.0 && sampling.top_p <= 1.0, "above 0 and at most 1"),
        (
            "repetition_penalty",
            sampling.repetition_penalty,
            sampling.repetition_penalty > 0.0 && sampling.repetition_penalty <= 100.0,
            "above 0 and at most 100",
        ),
    ];
    match out_of_range.into_iter().find(|(_, _, is_in_range, _)| !is_in_range) {
        Some((name, value, _, range)) => Err(ApiError::of(name, format!("{name} = {value}: {range}"))),
        None => Ok(sampling),
    }
}

fn stops(given: Option<OneOrMany>) -> Result<Vec<String>, ApiError> {
    let mut stops = given.map(OneOrMany::into_vec).unwrap_or_default();
    stops.retain(|stop| !stop.is_empty());
    if stops.len() > MOST_STOPS || stops.iter().any(|stop| stop.len() > LONGEST_STOP) {
        return Err(ApiError::of(
            "stop",
            format!("at most {MOST_STOPS} texts of {LONGEST_STOP} bytes end a completion"),
        ));
    }
    Ok(stops)
}

fn read_streams(given: Vec<String>) -> Result<Vec<Stream>, ApiError> {
    let read = |text: String| {
        u64::from_str_radix(&text, 16)
            .map(Stream::from_state)
            .map_err(|_| ApiError::of("streams", format!("{text:?} is no number in hexadecimal")))
    };
    given.into_iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::{Value, json};

    use super::*;

    fn read(fields: Value) -> Result<Wishes, ApiError> {
        let processor = Processor::from_dir(Path::new("models/tiny-text")).unwrap();
        let mut common: CommonFields = serde_json::from_value(fields).unwrap();
        Wishes::read(&mut common, &processor, &ServeLimits::default(), 7)
    }

    #[test]
    fn wishes_out_of_range_are_named() {
        for (fields, named) in [
            (json!({"temperature": -0.1}), "temperature"),
            (json!({"top_p": 0}), "top_p"),
            (json!({"top_k": -2}), "top_k"),
            (json!({"repetition_penalty": 0}), "repetition_penalty"),
            (json!({"n": 0}), "n"),
            (json!({"n": 129}), "n"),
            (json!({"max_tokens": 0}), "max_tokens"),
            (json!({"stop": ["x".repeat(257)]}), "stop"),
            (json!({"streams": ["0g"]}), "streams"),
            (json!({"streams": ["01", "02"]}), "streams"),
            (json!({"temprature": 1}), "temprature"),
        ] {
            assert_eq!(read(fields.clone()).unwrap_err().param.as_deref(), Some(named), "{fields}");
        }
    }

    #[test]
    fn completions_take_what_is_left_of_the_context_unless_they_are_limited() {
        let limits = ServeLimits { model_tokens: 100, ..ServeLimits::default() };
        let within = |fields, prompt| read(fields).unwrap().within(prompt, &limits, 512);
        assert_eq!(within(json!({}), 40).unwrap().max_new_tokens, 60);
        assert_eq!(within(json!({"max_tokens": 60}), 40).unwrap().max_new_tokens, 60);
        assert_eq!(within(json!({"max_completion_tokens": 5}), 40).unwrap().max_new_tokens, 5);
        assert!(within(json!({"max_tokens": 61}), 40).unwrap_err().message.contains("100 tokens"));
        assert!(within(json!({}), 100).is_err());
    }

    #[test]
    fn one_seed_is_one_chance_and_none_is_another_each_time() {
        let first = |fields, prompt| read(fields).unwrap().streams(prompt)[0].clone().next_u64();
        assert_eq!(first(json!({"seed": 5}), 0), first(json!({"seed": 5}), 0));
        assert_ne!(first(json!({"seed": 5}), 0), first(json!({"seed": 5}), 1));
        assert_ne!(first(json!({"seed": 5}), 0), first(json!({"seed": -5}), 0));
        assert_eq!(first(json!({"streams": ["1f"]}), 0), Stream::from_state(31).next_u64());
    }
}
