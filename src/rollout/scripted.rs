//! A sampler without a model, whose replies are decided beforehand: with it, whole programs run deterministically
//! and in milliseconds.

use std::{borrow::Borrow, collections::HashMap};

use anyhow::{Context, Result};
use burn::tensor::backend::Backend;

use super::{
    completion::{Completion, FinishReason},
    generate::Generate,
    request::Request,
};
use crate::{error::input_error, model::Model, processor::Processor};

/// The completion of a request with this number, from 0.
type Reply<'a> = Box<dyn Fn(&Request<'_>, usize) -> Result<Completion> + 'a>;

/// Replies as a function or a table says, whatever the weights.
///
/// # Example
/// ```no_run
/// use spark::{processor::Processor, rollout::Scripted};
///
/// let processor = Processor::from_dir("models/tiny-text".as_ref())?;
/// let sampler = Scripted::texts(&processor, |prompt, number| match (prompt.contains("3 + 4"), number) {
///     (true, 0) => r"\boxed{7}".to_owned(),
///     _ => r"\boxed{8}".to_owned(),
/// });
/// # anyhow::Ok(())
/// ```
pub struct Scripted<'a> {
    reply: Reply<'a>,
}

impl<'a> Scripted<'a> {
    /// Replies to a request, and the number of the completion among those that it wants, with what `reply` returns.
    pub fn new(reply: impl Fn(&Request<'_>, usize) -> Result<Completion> + 'a) -> Self {
        Self { reply: Box::new(reply) }
    }

    /// Replies with texts. `reply` sees the prompt's text without special tokens, and the number of the completion.
    /// A reply ends in the request's first stop token, unless the token limit cuts it off.
    pub fn texts(processor: impl Borrow<Processor> + 'a, reply: impl Fn(&str, usize) -> String + 'a) -> Self {
        Self::new(move |request, number| {
            let processor = processor.borrow();
            let prompt = processor.decode(&request.prompt.ids, true)?;
            let text = reply(&prompt, number);
            let mut ids = processor.encode(&text).with_context(|| format!("scripted reply {text:?}"))?;
            ids.extend(request.stop_ids.first());
            Ok(cut_off(ids, request.sampling.max_new_tokens))
        })
    }

    /// Replies to the prompts of a table, by their token ids: completion `n` is entry `n` of the list, which begins
    /// anew after its last. A prompt that is not in the table is an error.
    pub fn table(replies: HashMap<Vec<u32>, Vec<Completion>>) -> Self {
        Self::new(move |request, number| {
            let ids = &request.prompt.ids;
            let listed = replies.get(ids).filter(|listed| !listed.is_empty());
            let listed = listed.ok_or_else(|| {
                input_error(format!("no scripted reply to the prompt {ids:?}; add it to the table"))
            })?;
            Ok(listed[number % listed.len()].clone())
        })
    }
}

impl<B: Backend> Generate<B> for Scripted<'_> {
    fn generate(&self, requests: &[Request<'_>], progress: &dyn Fn(usize)) -> Result<Vec<Vec<Completion>>> {
        let replies = |request: &Request<'_>| {
            let replies = (0..request.completions()).map(|number| (self.reply)(request, number)).collect();
            progress(1);
            replies
        };
        requests.iter().map(replies).collect()
    }

    fn update_weights(&mut self, _policy: &Model<B>) -> Result<()> {
        Ok(())
    }
}

/// A certain completion (every token has probability 1) of at most so many tokens.
fn cut_off(mut token_ids: Vec<u32>, max_new_tokens: usize) -> Completion {
    let finish_reason = match token_ids.len() > max_new_tokens {
        true => FinishReason::Length,
        false => FinishReason::Stop,
    };
    token_ids.truncate(max_new_tokens);
    Completion { logprobs: vec![0.0; token_ids.len()], token_ids, finish_reason }
}
