//! Answers as server-sent events: a piece each, then how many tokens there were, then `[DONE]`.

use std::{convert::Infallible, sync::Arc};

use axum::response::sse::Event;
use futures_util::{Stream, stream};
use serde_json::{Value, json};

use super::{
    answer::{AnswerKind, Choices, CompletionPiece, Heading},
    counters::InFlight,
};
use crate::processor::Processor;

/// What is left to send.
struct Sending {
    heading: Heading,
    choices: Choices,
    processor: Arc<Processor>,
    /// The request counts as under way until this is gone.
    _in_flight: InFlight,
    /// Completions that nothing has been sent of.
    unopened: Vec<bool>,
    tokens: usize,
    stage: Stage,
}

enum Stage {
    Pieces,
    Usage,
    Done,
    Over,
}

/// The events of an answer.
pub(super) fn events(
    heading: Heading,
    choices: Choices,
    processor: Arc<Processor>,
    in_flight: InFlight,
) -> impl Stream<Item = Result<Event, Infallible>> {
    let unopened = vec![true; heading.prompts.len() * heading.completions];
    let stage = Stage::Pieces;
    let sending = Sending { heading, choices, processor, _in_flight: in_flight, unopened, tokens: 0, stage };
    stream::unfold(sending, |mut sending| async move {
        let text = sending.next().await?;
        Some((Ok(Event::default().data(text)), sending))
    })
}

impl Sending {
    /// The next event's data.
    async fn next(&mut self) -> Option<String> {
        loop {
            match self.stage {
                Stage::Pieces => match self.choices.next().await {
                    Ok(Some(piece)) => {
                        self.tokens += piece.token_ids.len();
                        if let Some(event) = self.piece(&piece) {
                            return Some(event.to_string());
                        }
                    }
                    Ok(None) => self.stage = Stage::Usage,
                    Err(failure) => {
                        self.stage = Stage::Over;
                        return Some(failure.json().to_string());
                    }
                },
                Stage::Usage => {
                    self.stage = Stage::Done;
                    if self.heading.written.stream_usage {
                        let mut event = self.heading.around(self.object(), Vec::new());
                        event["usage"] = self.heading.usage(self.tokens);
                        return Some(event.to_string());
                    }
                }
                Stage::Done => {
                    self.stage = Stage::Over;
                    return Some("[DONE]".to_owned());
                }
                Stage::Over => return None,
            }
        }
    }

    fn object(&self) -> &'static str {
        match self.heading.kind {
            AnswerKind::Chat => "chat.completion.chunk",
            AnswerKind::Completion => "text_completion",
        }
    }

    /// The event of a piece; `None` where there is nothing to tell.
    fn piece(&mut self, piece: &CompletionPiece) -> Option<Value> {
        let heading = &self.heading;
        let tells_tokens = heading.written.token_ids || heading.written.logprobs;
        if piece.text.is_empty() && piece.finish_reason.is_none() && !tells_tokens {
            return None;
        }
        let mut choice = json!({"index": piece.choice});
        match heading.kind {
            AnswerKind::Chat => {
                let mut delta = json!({"content": piece.text});
                if std::mem::take(&mut self.unopened[piece.choice]) {
                    delta["role"] = json!("assistant");
                }
                choice["delta"] = delta;
            }
            AnswerKind::Completion => choice["text"] = json!(piece.text),
        }
        heading.finish(&mut choice, piece, &self.processor);
        Some(heading.around(self.object(), vec![choice]))
    }
}
