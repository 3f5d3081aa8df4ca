//! The completions of a request as they grow, and the answer once they are whole.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

use super::{
    api_error::ApiError,
    protocol::ResponseOptions,
    text::{GrowingText, Passed, StopTexts},
};
use crate::{
    processor::Processor,
    rollout::{CompletionNews, FinishReason, NewsListener},
};

/// Which of the two forms an answer has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AnswerKind {
    Chat,
    Completion,
}

/// A completion's news on its way from the engine.
#[derive(Debug, Default)]
pub(super) struct News {
    choice: usize,
    token_ids: Vec<u32>,
    logprobs: Vec<f32>,
    finish_reason: Option<FinishReason>,
}

/// When a listener tells what is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Telling {
    /// As they come.
    AtOnce,
    /// All of a completion's together, once it is over: nobody looks at them before.
    Whole,
}

/// A listener that sends news of a prompt's completions, whose numbers begin at `first`, until nobody receives them or the
/// completion is marked as ended.
pub(super) fn listening(
    first: usize,
    ended: Vec<Arc<AtomicBool>>,
    sender: UnboundedSender<News>,
    telling: Telling,
) -> NewsListener {
    let empty = move |sample| News { choice: first + sample, ..News::default() };
    let mut held: Vec<News> = (0..ended.len()).map(empty).collect();
    Box::new(move |news: CompletionNews<'_>| {
        let own = &mut held[news.sample];
        own.token_ids.extend_from_slice(news.token_ids);
        own.logprobs.extend_from_slice(news.logprobs);
        own.finish_reason = news.finish_reason;
        if telling == Telling::Whole && news.finish_reason.is_none() {
            return !sender.is_closed();
        }
        let sent = sender.send(std::mem::replace(own, empty(news.sample)));
        sent.is_ok() && !ended[news.sample].load(Ordering::Relaxed)
    })
}

/// What a completion has got: a piece of its text and the tokens that came with it.
#[derive(Debug)]
pub(super) struct CompletionPiece {
    pub choice: usize,
    pub text: String,
    pub token_ids: Vec<u32>,
    pub logprobs: Vec<f32>,
    pub finish_reason: Option<&'static str>,
    /// The text that ended it.
    pub stop_reason: Option<String>,
}

/// A completion in the making.
struct GrowingCompletion {
    text: GrowingText,
    stops: StopTexts,
    /// Tells the engine that no more of it is wanted.
    ended: Arc<AtomicBool>,
    is_over: bool,
}

/// The completions of a request.
pub(super) struct Choices {
    choices: Vec<GrowingCompletion>,
    received: UnboundedReceiver<News>,
    processor: Arc<Processor>,
    generated: Arc<AtomicU64>,
}

impl Choices {
    /// `count` completions whose news come from a channel; tokens are counted in `generated`.
    pub(super) fn new(
        count: usize,
        stops: &[String],
        received: UnboundedReceiver<News>,
        (processor, generated): (Arc<Processor>, Arc<AtomicU64>),
    ) -> Self {
        let choice = || GrowingCompletion {
            text: GrowingText::default(),
            stops: StopTexts::new(stops.to_vec()),
            ended: Arc::default(),
            is_over: false,
        };
        Self { choices: std::iter::repeat_with(choice).take(count).collect(), received, processor, generated }
    }

    /// The marks by which the engine is told that a completion has ended.
    pub(super) fn ended(&self, of: std::ops::Range<usize>) -> Vec<Arc<AtomicBool>> {
        self.choices[of].iter().map(|choice| choice.ended.clone()).collect()
    }

    /// The next piece of any completion; `None` once all are over.
    ///
    /// # Errors
    /// When the engine has lost the request, or its numbers are not finite.
    pub(super) async fn next(&mut self) -> Result<Option<CompletionPiece>, ApiError> {
        while self.choices.iter().any(|choice| !choice.is_over) {
            let Some(news) = self.received.recv().await else {
                return Err(ApiError::internal("the engine has failed amid this request; its log says why"));
            };
            if let Some(piece) = self.take(news)? {
                return Ok(Some(piece));
            }
        }
        Ok(None)
    }

    /// What news are of a completion that is not over.
    fn take(&mut self, news: News) -> Result<Option<CompletionPiece>, ApiError> {
        let News { choice, token_ids, logprobs, finish_reason } = news;
        let this = &mut self.choices[choice];
        if this.is_over || token_ids.is_empty() && finish_reason.is_none() {
            return Ok(None);
        }
        if logprobs.iter().any(|logprob| !logprob.is_finite()) {
            return Err(ApiError::internal("the model's scores are not finite: its weights are broken"));
        }
        self.generated.fetch_add(token_ids.len() as u64, Ordering::Relaxed);
        let is_end = finish_reason.is_some();
        let text = this.text.push(&token_ids, is_end, &self.processor);
        let text = text.map_err(|error| ApiError::internal(format!("{error:#}")))?;
        let Passed { text, stopped_by } = this.stops.pass(&text, is_end);
        this.is_over = is_end || stopped_by.is_some();
        this.ended.store(this.is_over, Ordering::Relaxed);
        let reason = match finish_reason {
            _ if stopped_by.is_some() => Some("stop"),
            Some(FinishReason::Stop) => Some("stop"),
            Some(FinishReason::Length) => Some("length"),
            None => None,
        };
        Ok(Some(CompletionPiece {
            choice,
            text,
            token_ids,
            logprobs,
            finish_reason: reason,
            stop_reason: stopped_by,
        }))
    }

    /// All completions, whole.
    ///
    /// # Errors
    /// As [`Self::next`].
    pub(super) async fn whole(mut self) -> Result<Vec<CompletionPiece>, ApiError> {
        let empty = |choice| CompletionPiece {
            choice,
            text: String::new(),
            token_ids: Vec::new(),
            logprobs: Vec::new(),
            finish_reason: None,
            stop_reason: None,
        };
        let mut whole: Vec<CompletionPiece> = (0..self.choices.len()).map(empty).collect();
        while let Some(piece) = self.next().await? {
            let all = &mut whole[piece.choice];
            all.text.push_str(&piece.text);
            all.token_ids.extend(piece.token_ids);
            all.logprobs.extend(piece.logprobs);
            (all.finish_reason, all.stop_reason) = (piece.finish_reason, piece.stop_reason);
        }
        Ok(whole)
    }
}

/// What all parts of an answer say of it.
#[derive(Debug, Clone)]
pub(super) struct Heading {
    pub kind: AnswerKind,
    pub id: String,
    pub created: u64,
    pub model: String,
    pub written: ResponseOptions,
    /// The tokens of each prompt.
    pub prompts: Vec<Vec<u32>>,
    /// Completions of each prompt.
    pub completions: usize,
}

impl Heading {
    pub(super) fn prompt_tokens(&self) -> usize {
        self.prompts.iter().map(Vec::len).sum()
    }

    /// Tokens of prompts and completions.
    pub(super) fn usage(&self, completion_tokens: usize) -> Value {
        let prompt_tokens = self.prompt_tokens();
        json!({
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "total_tokens": prompt_tokens + completion_tokens,
        })
    }

    /// The whole answer.
    pub(super) fn answer(&self, pieces: &[CompletionPiece], processor: &Processor) -> Value {
        let tokens = pieces.iter().map(|piece| piece.token_ids.len()).sum();
        let object = match self.kind {
            AnswerKind::Chat => "chat.completion",
            AnswerKind::Completion => "text_completion",
        };
        let mut answer =
            self.around(object, pieces.iter().map(|piece| self.choice(piece, processor)).collect());
        answer["usage"] = self.usage(tokens);
        if self.written.token_ids && self.kind == AnswerKind::Chat {
            answer["prompt_token_ids"] = json!(self.prompts[0]);
        }
        answer
    }

    /// What is written around choices.
    pub(super) fn around(&self, object: &str, choices: Vec<Value>) -> Value {
        let Self { id, created, model, .. } = self;
        json!({"id": id, "object": object, "created": created, "model": model, "choices": choices})
    }

    fn choice(&self, piece: &CompletionPiece, processor: &Processor) -> Value {
        let mut choice = json!({"index": piece.choice});
        match self.kind {
            AnswerKind::Chat => {
                choice["message"] = json!({"role": "assistant", "content": piece.text});
            }
            AnswerKind::Completion => choice["text"] = json!(piece.text),
        }
        self.finish(&mut choice, piece, processor);
        if self.written.token_ids && self.kind == AnswerKind::Completion {
            choice["prompt_token_ids"] = json!(self.prompts[piece.choice / self.completions]);
        }
        choice
    }

    /// Adds what whole answers and their pieces say alike.
    pub(super) fn finish(&self, choice: &mut Value, piece: &CompletionPiece, processor: &Processor) {
        choice["logprobs"] = match (self.written.logprobs, self.kind) {
            (false, _) => Value::Null,
            (true, AnswerKind::Chat) => chat_logprobs(piece, processor),
            (true, AnswerKind::Completion) => completion_logprobs(piece, processor),
        };
        choice["finish_reason"] = json!(piece.finish_reason);
        choice["stop_reason"] = json!(piece.stop_reason);
        if self.written.token_ids {
            choice["token_ids"] = json!(piece.token_ids);
        }
    }
}

/// Each token as text, special or not; one that is only a part of a character shows as such.
fn token_texts(piece: &CompletionPiece, processor: &Processor) -> Vec<String> {
    piece.token_ids.iter().map(|&id| processor.decode(&[id], false).unwrap_or_default()).collect()
}

fn chat_logprobs(piece: &CompletionPiece, processor: &Processor) -> Value {
    let tokens = token_texts(piece, processor).into_iter().zip(&piece.logprobs);
    let content: Vec<Value> = tokens
        .map(|(token, logprob)| {
            json!({"token": token, "logprob": logprob, "bytes": token.as_bytes(), "top_logprobs": []})
        })
        .collect();
    json!({"content": content})
}

fn completion_logprobs(piece: &CompletionPiece, processor: &Processor) -> Value {
    let tokens = token_texts(piece, processor);
    let offsets = tokens.iter().scan(0, |end, token| {
        let start = *end;
        *end += token.chars().count();
        Some(start)
    });
    json!({
        "text_offset": offsets.collect::<Vec<usize>>(),
        "token_logprobs": piece.logprobs,
        "top_logprobs": Value::Null,
        "tokens": tokens,
    })
}
